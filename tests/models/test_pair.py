import numpy as np
import polars as pl
import pytest

from tfrs_lab.data import Interactions
from tfrs_lab.models.backend import tf
from tfrs_lab.models.training.data import TrainingData, shuffled_batches
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import build_pair
from tfrs_lab.models.two_tower.tower_parts import QUERY_PARTS

ROWS = [("a", "x"), ("a", "y"), ("a", "z"), ("b", "x"), ("b", "y"), ("c", "x"), ("c", "w"), ("d", "z")]


@pytest.fixture(scope="module")
def rows() -> Interactions:
    return Interactions.from_ratings(pl.DataFrame(ROWS, schema=["user_id", "movie_id"], orient="row"))


def pair_of(rows, seed=0, **fields):
    return build_pair(PairConfig(dimension=4, **fields), TrainingData.without_features(rows), seed)


def in_batch_loss(queries, candidates, movies, probability):
    """Mean of −log softmax over the batch's movies, by the book: Yi et al. (2019), eq. 3–5."""
    logits = queries @ candidates.T - np.log(probability)[None, :]
    same = movies[:, None] == movies[None, :]
    logits[same & ~np.eye(len(movies), dtype=bool)] = -np.inf
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - np.diag(logits))


def test_in_batch_loss_is_the_softmax_with_logq_and_without_accidental_hits(rows):
    pair = pair_of(rows, temperature=0.2)
    batch = pair.objective.example(tf.range(5))
    queries, candidates = pair.vectors()
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1 / 0.2, rtol=1e-5)
    probability = rows.movie_counts / len(rows)
    expected = in_batch_loss(
        queries[rows.user[:5]], candidates[rows.movie[:5]], rows.movie[:5], probability[rows.movie[:5]]
    )
    assert float(pair.compute_loss(batch)) == pytest.approx(expected, rel=1e-5)


def test_catalogue_softmax_counts_all_movies_of_a_user(rows):
    pair = pair_of(rows, objective="softmax", bias=True, batch_size=4)
    queries, candidates = pair.vectors()
    assert candidates.shape[1] == 5  # the bias is a column of the vectors
    np.testing.assert_allclose(candidates[:, 4], np.log(rows.movie_counts), rtol=1e-6)
    logits = queries @ candidates.T
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    known = rows.matrix.toarray()
    expected = np.mean(-(log_softmax * known).sum(axis=1) / np.sqrt(known.sum(axis=1)))
    assert float(pair.compute_loss(pair.objective.example(tf.range(4)))) == pytest.approx(expected, rel=1e-5)


def test_reconstruction_needs_no_score_matrix_but_equals_it(rows):
    pair = pair_of(
        rows, query=("history",), objective="reconstruction", tied=False, normalize=False, positive_weight=3.0
    )
    batch = pair.objective.example(tf.range(4))
    seed = tf.constant([0, 0])
    kept = pair.objective.kept(batch, seed).numpy()
    queries = pair.objective.queries(pair, batch, tf.constant(kept), seed).numpy()
    scores = queries @ pair.vectors()[1].T
    user, movie = batch["history"].value_rowids().numpy(), batch["history"].flat_values.numpy()
    cost = scores**2
    cost[user[kept], movie[kept]] = 0.0
    cost[user[~kept], movie[~kept]] += 3.0 * (scores[user[~kept], movie[~kept]] - 1.0) ** 2
    assert 0 < kept.sum() < len(kept)
    assert float(pair.compute_loss(batch)) == pytest.approx(cost.sum() / 4, rel=1e-5)


def test_sampled_softmax_stands_for_the_whole_catalogue():
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"user_id": rng.integers(40, size=900), "movie_id": rng.integers(300, size=900)}).unique()
    rows = Interactions.from_ratings(table.with_columns(pl.all().cast(pl.String)))
    whole = pair_of(rows, objective="softmax")
    sampled = pair_of(rows, objective="softmax", max_catalogue=150)
    batch = whole.objective.example(tf.range(40))
    assert float(sampled.compute_loss(batch)) == pytest.approx(float(whole.compute_loss(batch)), rel=0.02)


def test_sampled_softmax_leaves_kept_movies_out_and_counts_a_drawn_target_once():
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"user_id": rng.integers(6, size=60), "movie_id": rng.integers(20, size=60)}).unique()
    rows = Interactions.from_ratings(table.with_columns(pl.all().cast(pl.String)))
    fields = {"query": ("history",), "objective": "softmax", "tied": False, "temperature": 0.3, "bias": True}
    pair = pair_of(rows, **fields, history_dropout=0.5, max_catalogue=15)
    objective, batch, seed = pair.objective, pair.objective.example(tf.range(6)), tf.constant([0, 0])
    kept = objective.kept(batch, seed)
    queries = objective.queries(pair, batch, kept, seed)
    own, total = (part.numpy() for part in objective._sampled(pair, queries, batch["history"], kept, seed))

    drawn = tf.random.stateless_uniform([15], seed + 3, 0, len(rows.movies), tf.int32).numpy()
    logits = queries.numpy() @ pair.vectors()[1].T
    user, movie = batch["history"].value_rowids().numpy(), batch["history"].flat_values.numpy()
    known = {(u, m) for u, m, k in zip(user, movie, kept.numpy(), strict=True) if k}
    targets = [place for place in range(len(movie)) if not kept[place]]
    twice = [place for place in targets if movie[place] in drawn]
    assert 0 < len(twice) < len(targets)
    assert any((u, m) in known for u in range(6) for m in set(drawn))
    for place in targets:
        u, m = user[place], movie[place]
        others = [np.exp(logits[u, one]) for one in drawn if one != m and (u, one) not in known]
        expected = np.log(np.exp(logits[u, m]) + len(rows.movies) / 15 * sum(others))
        assert total[place] == pytest.approx(expected, rel=1e-4)
        assert own[place] == pytest.approx(logits[u, m], rel=1e-4, abs=1e-5)


def test_sampled_softmax_with_histories_is_the_whole_one_on_average():
    rng = np.random.default_rng(1)
    table = pl.DataFrame({"user_id": rng.integers(40, size=900), "movie_id": rng.integers(60, size=900)}).unique()
    rows = Interactions.from_ratings(table.with_columns(pl.all().cast(pl.String)))
    fields = {"query": ("history",), "objective": "softmax", "temperature": 0.3}
    whole, sampled = (pair_of(rows, **fields, max_catalogue=size) for size in (100, 40))
    batch = whole.objective.example(tf.range(40))
    draws = []
    for step in range(20):
        sampled.steps.assign(step)
        whole.steps.assign(step)
        draws.append((float(sampled.compute_loss(batch)), float(whole.compute_loss(batch))))
    mean_sampled, mean_whole = np.mean(draws, axis=0)
    assert mean_sampled == pytest.approx(mean_whole, rel=0.01)


def test_rare_movies_are_corrected_in_full(rows):
    log = pair_of(rows).objective._log_probability(tf.range(4), tf.constant(4.0))
    np.testing.assert_allclose(log, np.log(rows.movie_counts / len(rows)), rtol=1e-6)
    objective = pair_of(rows, logq_epsilon=0.2).objective
    bounded = objective._log_probability(tf.range(4), tf.constant(4.0))
    np.testing.assert_allclose(bounded, np.log(np.maximum(rows.movie_counts / len(rows), 0.2)), rtol=1e-6)


@pytest.mark.parametrize("hard_negatives", [None, 3_999])
def test_a_movie_of_one_rating_among_millions_is_corrected_in_full(rows, hard_negatives):
    pair = pair_of(rows, normalize=False, temperature=1.0, uniform_negatives=0, hard_negatives=hard_negatives)
    chance = np.array([0.5, 0.5 - 2e-8, 1e-8, 1e-8])
    pair.objective.probability, pair.objective.epsilon = tf.constant(chance, tf.float32), 1e-9
    batch = pair.objective.example(tf.range(8))
    queries, candidates = pair.vectors()
    expected = in_batch_loss(queries[rows.user], candidates[rows.movie], rows.movie, chance[rows.movie])
    assert float(pair.compute_loss(batch)) == pytest.approx(expected, rel=1e-4)


def test_context_is_the_time_of_the_row_in_training_and_now_afterwards():
    stamped = pl.DataFrame(ROWS, schema=["user_id", "movie_id"], orient="row").with_columns(
        timestamp=pl.Series([50, 10, 20, 30, 40, 60, 70, 80])
    )
    rows = Interactions.from_ratings(stamped)
    pair = pair_of(rows, query=("id", "context"), periods=4, normalize=False, temperature=1.0)
    ids, context = (part.embedding.embeddings.numpy() for part in pair.query_tower.parts)
    batch = pair.objective.example(tf.constant([1, 5]))  # the first and the sixth of eight rows by time
    np.testing.assert_allclose(batch["time"], [1 / 8, 6 / 8])
    expected = [ids[0] + (context[0] + context[1]) / 2, ids[2] + context[3]]
    np.testing.assert_allclose(pair.query_tower(batch), expected, rtol=1e-5)
    np.testing.assert_allclose(pair.vectors()[0], ids + context[4], rtol=1e-5)


def test_context_needs_timestamps(rows):
    with pytest.raises(ValueError, match="expected timestamps"):
        pair_of(rows, query=("id", "context"))
    with pytest.raises(ValueError, match="context only with the in-batch objective"):
        PairConfig(query=("id", "context"), objective="softmax")


def test_a_row_does_not_see_its_own_movie_in_the_history(rows):
    pair = pair_of(rows, query=("history",), history_dropout=0.0)
    seen = []
    tower = pair.query_tower
    pair.query_tower = lambda features, *rest: seen.append(features["history"].to_list()) or tower(features, *rest)
    pair.compute_loss(pair.objective.example(tf.range(3)))  # user a with each of their three movies
    ids = [[rows.movies.ids[movie] for movie in history] for history in seen[0]]
    assert ids == [["y", "z"], ["x", "z"], ["x", "y"]]


@pytest.mark.parametrize("combine", ["sum", "concatenate", "mlp"])
def test_towers_combine_and_every_weight_learns(rows, combine):
    features = TrainingData(rows, np.eye(4, 3, dtype=np.float32), np.eye(4, 2, dtype=np.float32))
    config = PairConfig(
        query=("id", "history", "demographics"),
        candidate=("id", "features"),
        combine=combine,
        dimension=4,
        batch_size=8,
    )
    pair = build_pair(config, features, seed=0)
    batch = pair.objective.example(tf.range(8))
    with tf.GradientTape() as tape:
        loss = pair.compute_loss(batch)
    gradients = tape.gradient(loss, pair.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
    assert pair.vectors()[0].shape == (4, 4)


def test_a_tower_over_features_that_are_not_there_says_so(rows):
    with pytest.raises(ValueError, match="features of each user"):
        pair_of(rows, query=("id", "demographics"))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"hard_negatives": 2, "uniform_negatives": 3},
        {"optimizer": "adagrad"},
        {"objective": "softmax", "bias": True, "dropout": 0.2},
        {"query": ("history",), "objective": "softmax"},
        {"query": ("history",), "objective": "reconstruction", "tied": False, "normalize": False},
    ],
)
def test_training_lowers_the_loss_and_repeats_itself(rows, fields):
    curves = []
    for _ in range(2):
        pair = pair_of(rows, batch_size=4, learning_rate=0.05, **fields)
        pair.compile(optimizer=pair.new_optimizer())
        done = pair.fit(pair.batches(0, 0, 12), epochs=12, steps_per_epoch=pair.steps_per_epoch, verbose=0)
        curves.append(done.history["loss"])
    assert curves[0] == curves[1]
    assert min(curves[0][6:]) < curves[0][0]


def test_same_seed_same_start(rows):
    first, again, other = (pair_of(rows, seed=seed).vectors()[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_each_epoch_visits_each_example_once_and_a_late_start_sees_the_same():
    epochs = [batch.numpy() for batch in shuffled_batches(10, 4, seed=1, first_epoch=0, epochs=3)]
    assert [len(batch) for batch in epochs] == [4, 4, 2] * 3
    assert sorted(np.concatenate(epochs[:3])) == list(range(10))
    assert (np.concatenate(epochs[:3]) != np.concatenate(epochs[3:6])).any()
    late = [batch.numpy() for batch in shuffled_batches(10, 4, seed=1, first_epoch=2, epochs=3)]
    for batch, expected in zip(late, epochs[6:], strict=True):
        np.testing.assert_array_equal(batch, expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dimension", 0),
        ("temperature", 0.0),
        ("batch_size", -1),
        ("dropout", 1.0),
        ("hard_negatives", -2),
        ("logq_epsilon", 0.0),
    ],
)
def test_config_refuses_what_makes_no_sense(field, value):
    with pytest.raises(ValueError, match=rf"{field}: expected .* got {value}"):
        PairConfig(**{field: value})


def test_lazy_keras_layers_and_sequentials_have_their_weights_from_the_start(rows, monkeypatch):
    class Late(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.embedding, self.dense = tf.keras.layers.Embedding(4, 5), tf.keras.layers.Dense(4)

        def call(self, features):
            return self.dense(self.embedding(features["user"]))

    def sequential(context):
        take = tf.keras.layers.Lambda(lambda features: features["user"][:, None] / 2)
        return tf.keras.Sequential([take, tf.keras.layers.Dense(4)])

    monkeypatch.setitem(QUERY_PARTS, "late", lambda context: Late())
    monkeypatch.setitem(QUERY_PARTS, "sequential", sequential)
    for combine, late in (("sum", 5), ("concatenate", 6)):
        one = pair_of(rows, query=("late", "sequential"), combine=combine)
        assert len(one.query_tower.trainable_variables) == late
        before = [weight.name for weight in one.weights]
        one.vectors()
        assert [weight.name for weight in one.weights] == before
