import numpy as np
import pytest

from tfrs_lab.data import Interactions, Vocabulary
from tfrs_lab.models.backend import tf
from tfrs_lab.models.sequential.config import SequenceConfig
from tfrs_lab.models.sequential.losses import NEVER, catalogue_softmax
from tfrs_lab.models.sequential.model import SequenceModel, build_sequence

TINY = SequenceConfig(dimension=16, max_length=8, dropout=0.0, positions=128)


def vocabulary(size: int) -> Vocabulary:
    return Vocabulary([f"{number:04}" for number in range(size)])


def interactions(histories: list[list[int]], movies: int, timestamps: list[list[int]] | None = None) -> Interactions:
    user = np.repeat(np.arange(len(histories), dtype=np.int32), [len(history) for history in histories])
    return Interactions(
        users=vocabulary(len(histories)),
        movies=vocabulary(movies),
        user=user,
        movie=np.concatenate(histories).astype(np.int32),
        timestamp=None if timestamps is None else np.concatenate(timestamps).astype(np.int64),
    )


def in_order(movies: int = 40, users: int = 80) -> Interactions:
    """Each user begins somewhere on a ring of movies and watches one after the other."""
    random = np.random.default_rng(0)
    histories = [[(begin + step) % movies for step in range(12)] for begin in random.integers(0, movies, users)]
    return interactions(histories, movies)


def fit(config: SequenceConfig, rows: Interactions, seed: int = 0) -> SequenceModel:
    tf.keras.utils.set_random_seed(seed)
    model = build_sequence(config, rows, seed)
    model.compile(optimizer=model.new_optimizer())
    model.fit(
        model.batches(seed, 0, config.epochs),
        epochs=config.epochs,
        steps_per_epoch=model.steps_per_epoch,
        verbose=0,
    )
    return model


def scores_of(model: SequenceModel, histories: list[np.ndarray]) -> np.ndarray:
    """Scores of all movies, those in the history ruled out."""
    scores = model.encode_histories(histories) @ model.vectors()[1].T
    for row, history in zip(scores, histories, strict=True):
        row[history] = -np.inf
    return scores


def untrained(encoder: str, **options: object) -> SequenceModel:
    config = SequenceConfig(**{**TINY.__dict__, "encoder": encoder, **options})
    return build_sequence(config, in_order(), seed=1)


@pytest.mark.parametrize("encoder", ["attention", "gru"])
def test_learns_which_movie_follows_which(encoder):
    config = SequenceConfig(
        **{**TINY.__dict__, "encoder": encoder, "horizon": 1.0, "learning_rate": 0.05, "epochs": 12}
    )
    model = fit(config, in_order())
    histories = [np.arange(begin, begin + length) % 40 for begin in range(40) for length in (1, 3, 6)]
    best = scores_of(model, histories).argmax(axis=1)
    expected = np.array([(history[-1] + 1) % 40 for history in histories])
    assert np.mean(best == expected) > 0.95


def test_learns_with_a_sample_of_the_catalogue():
    config = SequenceConfig(
        **{**TINY.__dict__, "full_softmax": 0, "negatives": 10, "horizon": 0.0, "learning_rate": 0.05, "epochs": 12}
    )
    histories = [np.arange(begin, begin + 4) % 40 for begin in range(40)]
    best = scores_of(fit(config, in_order()), histories).argmax(axis=1)
    assert np.mean(best == (np.arange(40) + 4) % 40) > 0.95


@pytest.mark.parametrize("encoder", ["attention", "gru"])
def test_a_later_movie_does_not_change_an_earlier_state(encoder):
    model = untrained(encoder)
    movies = np.array([[3, 1, 4, 1, 5, 9]], np.int32)
    changed = movies.copy()
    changed[0, 4] = 20
    valid = np.ones_like(movies, bool)
    before, after = (model.encode(x, valid).numpy() for x in (movies, changed))
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert np.abs(before[:, 4:] - after[:, 4:]).max() > 1e-3


@pytest.mark.parametrize("encoder", ["attention", "gru"])
def test_padding_does_not_matter(encoder):
    model = untrained(encoder)
    movies = np.array([[0, 0, 0, 7, 8, 9]], np.int32)
    other = np.array([[11, 30, 2, 7, 8, 9]], np.int32)
    valid = np.array([[False] * 3 + [True] * 3])
    padded = model.encode(movies, valid).numpy()[:, 3:]
    np.testing.assert_array_equal(padded, model.encode(other, valid).numpy()[:, 3:])
    alone = model.encode(movies[:, 3:], valid[:, 3:]).numpy()
    np.testing.assert_allclose(padded, alone, atol=1e-5)
    together = model.encode_histories([np.array([7, 8, 9]), np.arange(30)])
    np.testing.assert_allclose(together[0], model.encode_histories([np.array([7, 8, 9])])[0], atol=1e-5)


def test_only_the_most_recent_movies_count():
    model = untrained("attention")
    recent = np.arange(8)
    longer = model.encode_histories([np.concatenate([[30, 31, 32], recent])])
    np.testing.assert_array_equal(longer, model.encode_histories([recent]))


def test_without_a_history_the_bias_decides():
    model = untrained("attention")
    np.testing.assert_array_equal(model.encode_histories([np.array([], np.int32)]), [[0.0] * 16 + [1.0]])


def test_movies_outside_the_vocabulary_are_refused():
    with pytest.raises(ValueError, match=r"movies: expected indices from 0 to 39, got \[3, -1\]"):
        untrained("attention").encode_histories([np.array([3, -1])])


def test_training_users_are_encoded_as_anyone_with_their_history():
    times = [[1, 2, 3], [5], [9, 7, 8, 6]]
    rows = interactions([[0, 1, 2], [3], [4, 3, 1, 0]], movies=5, timestamps=times)
    model = build_sequence(TINY, rows, seed=0)
    queries, candidates = model.vectors()
    assert queries.shape == (3, 17)
    assert candidates.shape == (5, 17)
    assert queries.dtype == candidates.dtype == np.float32
    histories = [np.array([0, 1, 2]), np.array([3]), np.array([0, 3, 1, 4])]
    again = model.encode_histories(histories)
    np.testing.assert_allclose(queries, again, atol=1e-6)
    np.testing.assert_array_equal(queries[:, -1], 1.0)
    np.testing.assert_allclose(candidates[:, -1], model.bias.numpy())


def test_movies_start_with_log_popularity():
    rows = interactions([[0, 1], [0], [0, 2]], movies=4)
    bias = build_sequence(TINY, rows, seed=0).bias.numpy()
    np.testing.assert_allclose(bias - bias[3], np.log([4, 2, 2, 1]), rtol=1e-5)


def test_batches_are_a_function_of_seed_and_epoch():
    model = untrained("attention", positions=56)
    run = [batch["user"].numpy().tolist() for batch in model.batches(3, 0, 2)]
    assert len(run) == 2 * model.steps_per_epoch
    assert run[model.steps_per_epoch :] == [batch["user"].numpy().tolist() for batch in model.batches(3, 1, 2)]
    assert run[: model.steps_per_epoch] != run[model.steps_per_epoch :]
    assert run != [batch["user"].numpy().tolist() for batch in model.batches(4, 0, 2)]


def test_same_seed_same_model():
    config = SequenceConfig(**{**TINY.__dict__, "dropout": 0.2, "epochs": 2})
    first, again = (fit(config, in_order(), seed=1).vectors() for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    start, other = (build_sequence(config, in_order(), seed).vectors()[0] for seed in (1, 2))
    assert np.abs(start - other).max() > 1e-3
    assert np.abs(start - first[0]).max() > 1e-3


def test_a_checkpoint_brings_back_the_model_and_its_training(tmp_path):
    config = SequenceConfig(**{**TINY.__dict__, "epochs": 4})

    def compiled() -> SequenceModel:
        model = build_sequence(config, in_order(), seed=0)
        model.compile(optimizer=model.new_optimizer())
        return model

    def train(model: SequenceModel, first: int, last: int) -> None:
        steps = model.steps_per_epoch
        model.fit(model.batches(0, first, last), initial_epoch=first, epochs=last, steps_per_epoch=steps, verbose=0)

    whole, half, resumed = compiled(), compiled(), compiled()
    train(whole, 0, 4)
    train(half, 0, 2)
    path = tf.train.Checkpoint(model=half, optimizer=half.optimizer).write(str(tmp_path / "half"))
    tf.train.Checkpoint(model=resumed, optimizer=resumed.optimizer).read(path)
    for there, back in zip(half.vectors(), resumed.vectors(), strict=True):
        np.testing.assert_array_equal(there, back)
    train(resumed, 2, 4)
    for straight, interrupted in zip(whole.vectors(), resumed.vectors(), strict=True):
        np.testing.assert_allclose(straight, interrupted, atol=1e-5)


def book_loss(states, candidates, bias, place, log_inclusion, window, now, horizon):
    """The docstring's formula, a position at a time."""
    total = 0.0
    for state, row, latest in zip(states, place[window], now, strict=True):
        open_ = row > latest
        scores = candidates @ state + bias - np.where(row < NEVER, 0, log_inclusion)
        probability = np.where(open_, np.exp(scores), 0)
        probability /= probability.sum()
        ahead = open_ & (row < NEVER)
        weight = np.where(ahead, np.exp(-(row - latest) / horizon) if horizon else row == latest + 1, 0)
        total -= (weight / weight.sum())[ahead] @ np.log(probability[ahead])
    return total / len(states)


@pytest.mark.parametrize("horizon", [0.0, 2.0])
@pytest.mark.parametrize("block_size", [1, 12, 1000])
def test_softmax_is_by_the_book_and_so_is_its_gradient(horizon, block_size):
    random = np.random.default_rng(0)
    states, candidates, bias = random.normal(size=(5, 3)), random.normal(size=(6, 3)), random.normal(size=6)
    fixed = {
        "place": np.array([[0, 1, 2, NEVER, NEVER, 3], [NEVER, 2, 0, 1, NEVER, NEVER]], np.int32),
        "log_inclusion": np.log(np.array([0.5, 0.9, 0.2, 0.3, 0.1, 1.0])),
        "window": np.array([0, 0, 0, 1, 1], np.int32),
        "now": np.array([0, 1, 2, 0, 1], np.int32),
    }
    learned = [tf.constant(array, tf.float32) for array in (states, candidates, bias)]
    constants = {
        name: tf.constant(array.astype(np.float32) if array.dtype == float else array) for name, array in fixed.items()
    }
    with tf.GradientTape() as tape:
        tape.watch(learned)
        loss = catalogue_softmax(*learned, **constants, horizon=horizon, block_size=block_size)
    assert float(loss) == pytest.approx(book_loss(states, candidates, bias, **fixed, horizon=horizon), rel=1e-5)
    arrays = [states, candidates, bias]
    for array, gradient in zip(arrays, tape.gradient(loss, learned), strict=True):
        for index in np.ndindex(array.shape):
            moved = []
            for change in (1e-5, -1e-5):
                array[index] += change
                moved.append(book_loss(*arrays, **fixed, horizon=horizon))
                array[index] -= change
            assert gradient.numpy()[index] == pytest.approx((moved[0] - moved[1]) / 2e-5, abs=1e-4)


@pytest.mark.parametrize(
    ("field", "value"),
    [("dimension", 0), ("encoder", "lstm"), ("dropout", 1.0), ("horizon", -1.0), ("learning_rate", 0.0), ("heads", 5)],
)
def test_config_refuses_what_makes_no_sense(field, value):
    with pytest.raises(ValueError, match=rf"{field}: expected .* got {value!r}"):
        SequenceConfig(**{field: value})
