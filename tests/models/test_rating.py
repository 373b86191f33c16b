"""The rating model: what it predicts, hides and refuses."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import DataError, Interactions, generate, split
from tfrs_lab.data.storage import write_arrays
from tfrs_lab.evaluation import mae, rmse
from tfrs_lab.experiments.runs.fit_on_split import check_time
from tfrs_lab.models.backend import tf
from tfrs_lab.models.config_fields import with_values
from tfrs_lab.models.ranking.fit import fit_ranking
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.head import shrunken_biases
from tfrs_lab.models.rating.known_ratings import KnownRatings
from tfrs_lab.models.rating.losses import OrdinalLoss
from tfrs_lab.models.rating.recommender import RatingScale
from tfrs_lab.models.rating.time_neighbours import time_neighbours
from tfrs_lab.models.registry import specification
from tfrs_lab.models.specification import FitContext

SMALL = RatingConfig(dimension=16, epochs=6, learning_rate=0.01)


def rows_of(user, movie, rating, time=None):
    table = {"user_id": user, "movie_id": movie, "user_rating": np.array(rating, np.float32)}
    return pl.DataFrame(table | ({} if time is None else {"timestamp": np.array(time, np.int64)}))


@pytest.fixture(scope="module")
def dataset():
    return generate(150, 120, 6000, tastes=3, noise=0.1, seed=2)


@pytest.fixture(scope="module")
def parts(dataset):
    return split(dataset, "random", seed=0)


def fit(config, train, directory, dataset=None):
    context = FitContext(seed=0, checkpoints=directory / "c", tensorboard=directory / "t", dataset=dataset)
    return fit_ranking(config, Interactions.from_ratings(train), context).recommender


@pytest.fixture(scope="module")
def model(parts, dataset, tmp_path_factory):
    return fit(SMALL, parts.train, tmp_path_factory.mktemp("rating"), dataset)


def asked(table):
    return table["user_id"], table["movie_id"], table["timestamp"].to_numpy()


def errors(model, table):
    predicted = model.predict(*asked(table))
    truth = table["user_rating"].to_numpy()
    return rmse(truth, predicted), mae(truth, predicted)


def test_it_finds_planted_tastes_that_biases_cannot_see(model, parts):
    """Users rate their own group's movies higher: biases of users and movies alone are blind to that."""
    train, test = parts.train, parts.test
    known = KnownRatings(Interactions.from_ratings(train))
    mean, user_bias, movie_bias = shrunken_biases(SMALL, known, tf.ones(len(known)))
    user, movie = model.users.encode(test["user_id"]), Interactions.from_ratings(train).movies.encode(test["movie_id"])
    both = (user >= 0) & (movie >= 0)
    baseline = mean.numpy() + user_bias.numpy()[user[both]] + movie_bias.numpy()[movie[both]]
    truth = test["user_rating"].to_numpy()[both]
    assert errors(model, test.filter(pl.Series(both)))[0] < 0.9 * rmse(truth, baseline)


def test_biases_are_shrunk_means_of_what_is_kept():
    known = KnownRatings(Interactions.from_ratings(rows_of(["a", "a", "b"], ["x", "y", "x"], [5, 4, 1])))
    mean, user_bias, movie_bias = shrunken_biases(
        RatingConfig(user_shrink=1e9, movie_shrink=1.0), known, tf.constant([1.0, 0.0, 1.0])
    )
    assert mean.numpy() == 3.0
    np.testing.assert_allclose(user_bias, 0, atol=1e-6)
    np.testing.assert_allclose(movie_bias, [0.0, 0.0], atol=1e-6)
    _, _, alone = shrunken_biases(RatingConfig(user_shrink=1e9, movie_shrink=1.0), known, tf.ones(3))
    mean = 10 / 3
    np.testing.assert_allclose(alone, [(6 - 2 * mean) / 3, (4 - mean) / 2], atol=1e-5)


def test_a_hidden_rating_does_not_tell_on_itself(parts):
    """Representations are a function of the kept ratings alone: another value of a hidden one changes nothing."""
    from tfrs_lab.models.rating.head import OwnTables, RatingHead

    train = parts.train.head(500)
    changed = train.with_columns(user_rating=pl.when(pl.int_range(pl.len()) == 7).then(1.0).otherwise("user_rating"))
    found = []
    for table in (train, changed):
        rows = Interactions.from_ratings(table)
        known = KnownRatings(rows)
        tables = OwnTables(len(rows.movies), 0, SMALL, 0)
        nothing = np.zeros((len(rows.users), 0), np.float32), np.zeros((len(rows.movies), 0), np.float32)
        head = RatingHead(SMALL, known, *nothing, tables, 0)
        place = (known.user.numpy() == rows.user[7]) & (known.movie.numpy() == rows.movie[7])
        found.append(head.representations(tf.constant(1.0 - place.astype(np.float32))))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_users_and_movies_that_it_does_not_know_get_finite_ratings_on_the_scale(model, dataset):
    predicted = model.predict(["new", "new", model.users.ids[0]], ["unknown", model.movies.ids[0], "unknown"])
    assert np.isfinite(predicted).all()
    assert ((predicted >= 1) & (predicted <= 5)).all()
    history = np.zeros((1, len(model.movies)), np.float32)
    history[0, :3] = 1
    from scipy.sparse import csr_matrix

    scores = model.score_history(csr_matrix(history), ["new"])
    assert scores.shape == (1, len(model.movies))
    assert np.isfinite(scores).all()


def test_a_fresh_process_without_tensorflow_predicts_the_same(model, parts, tmp_path):
    write_arrays(tmp_path / "model.npz", model.state())
    code = (
        "import sys, numpy as np\nfrom tfrs_lab.data.storage import read_arrays\n"
        "from tfrs_lab.models.rating.recommender import RatingRecommender\n"
        "model = RatingRecommender.from_state(read_arrays(sys.argv[1]))\n"
        "assert 'tensorflow' not in sys.modules\n"
        "np.save(sys.argv[2], model.predict(model.users.ids[:9], model.movies.ids[:9]))"
    )
    files = [tmp_path / "model.npz", tmp_path / "predicted.npy"]
    subprocess.run([sys.executable, "-c", code, *files], check=True, timeout=120)
    np.testing.assert_array_equal(np.load(files[1]), model.predict(model.users.ids[:9], model.movies.ids[:9]))


@pytest.mark.parametrize("option", [{"head": "ordinal"}, {"cross_layers": 1}, {"title_words": 50}])
def test_options_predict_about_as_well_and_survive_storage(option, parts, model, dataset, tmp_path):
    variant = fit(with_values(SMALL, option), parts.train, tmp_path, dataset)
    assert errors(variant, parts.test)[0] < errors(model, parts.test)[0] + 0.02
    again = type(variant).from_state(variant.state())
    few = parts.test.head(20)
    np.testing.assert_array_equal(again.predict(*asked(few)), variant.predict(*asked(few)))
    everything = variant.score(np.arange(3, dtype=np.int32))
    pairs = variant.predict(np.repeat(variant.users.ids[:3], len(variant.movies)), variant.movies.ids * 3)
    np.testing.assert_allclose(variant.scale.rating(everything.ravel()), pairs, atol=1e-4)


def test_probabilities_are_those_of_the_loss_and_their_mean_is_the_rating():
    levels = np.array([1, 2, 3, 4, 5], np.float32)
    loss = OrdinalLoss(levels)
    scale, scores = loss.scale(), np.array([0.5, 2.4, 4.9], np.float32)
    chances = scale.probabilities(scores)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(chances @ levels, scale.rating(scores), atol=1e-5)
    truth = np.array([1, 3, 5], np.float32)
    expected = -np.log(chances[[0, 1, 2], [0, 2, 4]]).mean()
    assert float(loss(tf.constant(truth), tf.constant(scores))) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ValueError, match="ordinal"):
        RatingScale(levels, np.zeros(0)).probabilities(scores)


def test_neighbours_in_time_are_the_right_ones():
    user, time = np.array([0, 0, 0, 1, 1], np.int32), np.array([10.0, 20, 30, 20, 21])
    both = time_neighbours((user, time), (user, time), 4, past=False, own=np.arange(5))
    found = [sorted(both.index[row][np.isfinite(both.seconds_apart[row])].tolist()) for row in range(5)]
    assert found == [[1], [0, 2], [0, 1], [4], [3]]  # two before and two after, less the row itself
    past = time_neighbours((user, time), (user, time), 4, past=True, own=np.arange(5))
    found = [sorted(past.index[row][np.isfinite(past.seconds_apart[row])].tolist()) for row in range(5)]
    assert found == [[], [0], [0, 1], [], [3]]
    stranger = time_neighbours((user, time), (np.array([-1], np.int32), np.array([20.0])), 4, past=False)
    assert not np.isfinite(stranger.seconds_apart).any()


def moody(seed):
    """Users whose ratings are all high or all low within a sitting, whatever the movie."""
    rng = np.random.default_rng(seed)
    user, sitting = np.repeat(np.arange(40), 60), np.tile(np.repeat(np.arange(12), 5), 40)
    mood = rng.choice([-1.2, 1.2], size=(40, 12))[user, sitting]
    movie = np.concatenate([rng.permutation(100)[:60] for _ in range(40)])
    time = 1_000_000 + sitting * 500_000 + rng.integers(0, 300, len(user))
    rating = np.clip(np.round(3 + mood + rng.normal(0, 0.3, len(user))), 1, 5)
    table = rows_of([f"u{u}" for u in user], [f"m{m}" for m in movie], rating, time)
    order = rng.permutation(len(user))
    return table[order[:1900]], table[order[1900:]]


def test_moods_are_seen_around_the_time_and_in_training_as_in_prediction(tmp_path):
    train, test = moody(0)
    plain = fit(SMALL, train, tmp_path / "plain")
    both = fit(with_values(SMALL, {"time_neighbours": "both"}), train, tmp_path / "both")
    past = fit(with_values(SMALL, {"time_neighbours": "past"}), train, tmp_path / "past")
    assert errors(both, test)[0] < errors(past, test)[0] < errors(plain, test)[0]
    assert errors(both, test)[0] < 0.7 * errors(plain, test)[0]
    again = type(both).from_state(both.state())
    np.testing.assert_array_equal(again.predict(*asked(test)), both.predict(*asked(test)))


def test_the_past_alone_is_used_if_that_is_asked_for(tmp_path):
    train, _ = moody(1)
    past = fit(with_values(SMALL, {"time_neighbours": "past", "epochs": 1}), train, tmp_path)
    one = train.head(1)
    early = np.array([0], np.int64)  # before everything
    user, movie = past.users.encode(one["user_id"]), past.movies.encode(one["movie_id"])
    assert past.times(user, movie, early.astype(np.float64))[0] == 0.0


def test_looking_ahead_is_refused_on_splits_in_time():
    ranking = specification("ranking")
    ahead = RatingConfig(time_neighbours="both")
    check_time(ranking, ahead, "k-fold")
    check_time(ranking, RatingConfig(time_neighbours="past"), "temporal-user")
    with pytest.raises(DataError, match=r"--ranking.time-neighbours: expected none or past on temporal-global"):
        check_time(ranking, ahead, "temporal-global")


@pytest.mark.parametrize(
    ("table", "config", "message"),
    [
        (pl.DataFrame({"user_id": ["a"], "movie_id": ["x"]}), SMALL, "expected ratings to learn from"),
        (rows_of(["a", "b"], ["x", "x"], [3, 3]), SMALL, r"expected ratings that differ.* got \[3.0\] alone"),
        (
            rows_of(["a", "b"], ["x", "x"], [3, 4]),
            RatingConfig(time_neighbours="past"),
            "expected none for ratings without timestamps, got past",
        ),
    ],
)
def test_data_that_does_not_suffice_is_refused(table, config, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        fit(config, table, tmp_path)


@pytest.mark.parametrize("field", ["dimension", "hidden", "deviation", "epochs", "learning_rate", "user_shrink"])
def test_nonsense_is_refused(field):
    with pytest.raises(ValueError, match=f"{field}: expected .* got -1"):
        with_values(RatingConfig(), {field: -1})
