"""The cascade: a ranker that enters where it knows what the retriever cannot, and nowhere else."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tests.models.timed_rows import in_time, ring, watched
from tfrs_lab.data import Dataset, Interactions, Vocabulary, generate, split
from tfrs_lab.data.holdout import Holdout
from tfrs_lab.data.storage import write_arrays
from tfrs_lab.data.tables import movies_table
from tfrs_lab.evaluation import evaluate
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.experiments.tuning.folds import with_ratings
from tfrs_lab.models.cascade.candidates import CandidateLists
from tfrs_lab.models.cascade.config import CascadeConfig, RankerConfig
from tfrs_lab.models.cascade.ranker import Examples, Ranker
from tfrs_lab.models.cascade.recommender import CascadeRecommender
from tfrs_lab.models.cascade.signals import FOLLOWING, MovieFacts, RankingSignals
from tfrs_lab.models.cascade.timeline import DAY, Timeline
from tfrs_lab.models.closed_form.transitions import fit_transitions
from tfrs_lab.models.registry import specification
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.training.loop import adam

CONFIG = CascadeConfig(
    depths=(20, 60),
    retrieval=RetrievalConfig(parts=("linear",)),
    ranker=RankerConfig(half_lives_days=(3.0,), hidden=(8,), epochs=15, learning_rate=0.03),
)
START = date(1990, 1, 1)


@pytest.fixture(scope="module")
def releases():
    """Users who come on different days and rate twelve movies at random, then eight released in the last ten days."""
    random = np.random.default_rng(0)
    movies, days = 100, 200
    released = np.sort(random.integers(-30, days, movies))
    rows = []
    for user in range(120):
        day = int(random.integers(20, days))
        new = np.argsort(np.where(released <= day, day - released, 999))[:8]
        old = random.choice(np.setdiff1d(np.arange(movies), new), 12, replace=False)
        for place, movie in enumerate([*old, *random.permutation(new)]):
            rows.append((f"u{user:03}", f"m{movie:03}", float(random.integers(1, 6)), (7305 + day) * 86_400 + place))
    schema = {"user_id": pl.String, "movie_id": pl.String, "user_rating": pl.Float32, "timestamp": pl.Int64}
    ratings = pl.DataFrame(rows, schema=schema, orient="row")
    table = pl.DataFrame(
        {
            "movie_id": [f"m{movie:03}" for movie in range(movies)],
            "release_date": [START + timedelta(days=int(day)) for day in released],
        }
    )
    users = pl.DataFrame({"user_id": ratings["user_id"].unique().sort()})
    return Dataset("releases", ratings, movies_table(table), users, "a test")


def fit(config, dataset, kind, directory):
    """Both fits; of the dataset's ratings they get train and validation only."""
    parts = split(dataset, kind, seed=0)
    return parts, fit_on_split(
        specification("cascade"),
        config,
        parts,
        FitSetup(directory, dataset=with_ratings(dataset, parts.train_and_validation)),
    )


@pytest.fixture(scope="module")
def fitted(releases, tmp_path_factory):
    return fit(CONFIG, releases, "temporal-user", tmp_path_factory.mktemp("cascade"))


@pytest.fixture(scope="module")
def model(fitted):
    return fitted[1].final.recommender


def toy(depth=3, weight=1.0):
    """One user; the retriever's order is m0 ... m5, and the user knows m1."""
    retrieval = FactorRecommender(
        Vocabulary(["u"]),
        Vocabulary([f"m{movie}" for movie in range(6)]),
        np.ones((1, 1), np.float32),
        np.arange(6, 0, -1, dtype=np.float32)[:, None],
        np.arange(6, dtype=np.float32),
        QueryTower.mean_of(np.arange(6, 0, -1, dtype=np.float32)[:, None]),
    )
    return CascadeRecommender(
        retrieval, np.array([[0, 2, 3, 4]]), np.array([[-9.0, 1.0, 5.0, 9.0]], np.float32), depth, weight
    )


def order(model, seen=(1,)):
    scores = model.score(np.array([0], dtype=np.int32))[0]
    return [int(movie) for movie in np.argsort(-scores, kind="stable") if movie not in seen]


def test_the_first_movies_are_put_in_the_rankers_order_and_stay_first():
    assert order(toy(depth=3, weight=10.0)) == [3, 2, 0, 4, 5]
    assert order(toy(depth=2, weight=10.0)) == [2, 0, 3, 4, 5]
    assert order(toy(depth=4, weight=10.0)) == [4, 3, 2, 0, 5]
    assert order(toy(depth=4, weight=1e-6)) == [0, 2, 3, 4, 5]


def test_without_weight_the_scores_are_the_retrievers():
    users = np.array([0, -1], dtype=np.int32)
    np.testing.assert_array_equal(toy(weight=0.0).score(users), toy().retrieval.score(users))


def test_unknown_users_get_what_the_retriever_gives():
    nobody = np.array([-1, -1], dtype=np.int32)
    np.testing.assert_array_equal(toy().score(nobody), toy().retrieval.score(nobody))
    history = csr_matrix(np.array([[0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0]], np.float32))
    np.testing.assert_array_equal(toy().score_history(history), toy().retrieval.score_history(history))


def test_padding_is_ranked_nowhere():
    short = replace(toy(), candidates=np.array([[0, 2, -1, -1]]), ranks=np.array([[0.0, 9.0, 99.0, 99.0]]), depth=4)
    assert order(short) == [2, 0, 3, 4, 5]
    empty = replace(toy(), candidates=np.array([[-1, -1]]), ranks=np.zeros((1, 2)), depth=2)
    assert order(empty) == [0, 2, 3, 4, 5]


def test_a_ranker_that_knows_the_release_dates_wins_where_they_decide(fitted):
    parts, fits = fitted
    plan = fits.chosen.plan
    assert plan["holdout"]["kind"] == "latest"
    assert plan["weight"] > 0
    known = {"seen": parts.train_and_validation, "ks": (10,), "bootstrap": 0}
    alone = evaluate(fits.final.recommender.retrieval, parts.test, **known).metrics["ndcg@10"]
    assert evaluate(fits.final.recommender, parts.test, **known).metrics["ndcg@10"] > alone + 0.2


def test_the_plan_reports_every_stage(fitted):
    stages = fitted[1].chosen.plan["stages"]
    assert stages["ranker mixed in"]["ndcg@10"] > stages["retrieval"]["ndcg@10"]
    # ratings are random here: their order knows nothing
    assert stages["by predicted rating"]["ndcg@10"] < stages["ranker alone"]["ndcg@10"]
    assert stages["candidates"]["recall@20"] < stages["candidates"]["recall@60"] <= 1
    assert len(stages["mixtures"]) == len(CONFIG.depths) * len(CONFIG.weights)


def test_where_it_knows_nothing_more_it_stays_out_and_the_retriever_is_all(tmp_path):
    noise = generate(120, 80, 3000, tastes=3, noise=0.1, seed=3)
    fits = fit(CONFIG, noise, "random", tmp_path)[1]
    assert fits.chosen.plan["weight"] == 0
    assert "ranker mixed in" in fits.chosen.plan["stages"]
    model = fits.final.recommender
    users = np.arange(len(model.users), dtype=np.int32)
    np.testing.assert_array_equal(model.score(users), model.retrieval.score(users))


def test_a_fresh_process_gives_the_same_scores(model, tmp_path):
    write_arrays(tmp_path / "model.npz", model.state())
    assert all(array.dtype != object for array in model.state().values())
    code = (
        "import sys, numpy as np\nfrom tfrs_lab.data.storage import read_arrays\n"
        "from tfrs_lab.models.registry import specification\n"
        "model = specification('cascade').load(read_arrays(sys.argv[1]))\n"
        "assert 'tensorflow' not in sys.modules\n"
        "np.save(sys.argv[2], model.score(np.array([3, -1], dtype=np.int32)))"
    )
    files = [tmp_path / "model.npz", tmp_path / "scores.npy"]
    subprocess.run([sys.executable, "-c", code, *files], check=True, timeout=120)
    np.testing.assert_array_equal(np.load(files[1]), model.score(np.array([3, -1], dtype=np.int32)))


def test_counts_are_as_of_the_users_moment():
    rows = Interactions(
        Vocabulary(["a", "b"]),
        Vocabulary(["x", "y"]),
        user=np.array([0, 1, 0]),
        movie=np.array([0, 0, 1]),
        timestamp=np.array([0, 2, 4]) * int(DAY),
    )
    moments = np.array([4, 1, 2]) * DAY
    counts = Timeline.of(rows).counts(moments, np.array([[0, 1]] * 3), (np.inf, 1.0))
    np.testing.assert_allclose(counts.decayed[0], [[2, 2**-4 + 2**-2], [1, 1]])
    np.testing.assert_allclose(counts.decayed[1], [[1, 2**-1], [0, 0]])
    np.testing.assert_allclose(counts.decayed[2], [[2, 2**-2 + 1], [0, 0]])
    np.testing.assert_allclose(counts.totals[:, 0], [3, 1, 2])
    np.testing.assert_allclose(counts.age, [[4, 0], [1, -1], [2, -1]])


def test_what_others_rate_later_does_not_change_how_popular_a_movie_is(releases):
    ratings = releases.ratings.sort("timestamp")
    early = ratings["user_id"][0]
    moment = ratings.filter(pl.col("user_id") == early)["timestamp"].max()

    def features(table):
        rows = Interactions.from_ratings(table)
        known = RankingSignals(
            rows=rows,
            facts=MovieFacts.of(releases.movies, rows.movies),
            people=np.zeros((len(rows.users), 0), np.float32),
            vectors=np.ones((len(rows.movies), 2), np.float32),
            half_lives_days=(3.0,),
            seed=0,
        )
        retriever = FactorRecommender(
            rows.users,
            rows.movies,
            np.zeros((len(rows.users), 2), np.float32),
            known.vectors,
            np.zeros(len(rows.movies), np.float32),
            QueryTower.mean_of(known.vectors),
        )
        user = rows.users.encode([early])
        lists = next(CandidateLists(retriever, known, 20, ("popularity", "age")).of(user, known.last_time[user]))
        return rows.movies.decode(lists.candidates[0]).to_list(), lists.features(("popularity", "age"))[0]

    later = pl.col("timestamp") > moment
    swapped = ratings.with_columns(pl.when(later).then(pl.col("timestamp") + 500 * 86_400).otherwise("timestamp"))
    before, after = features(ratings), features(swapped)
    assert before[0] == after[0]
    np.testing.assert_allclose(before[1], after[1], rtol=1e-6)


def signals(rows):
    return RankingSignals(
        rows=rows,
        facts=MovieFacts.of(None, rows.movies),
        people=np.zeros((len(rows.users), 0), np.float32),
        vectors=np.ones((len(rows.movies), 2), np.float32),
        half_lives_days=(3.0,),
        seed=0,
    )


def test_what_follows_the_latest_movies_is_a_feature_where_there_is_time():
    rows, users = watched(*ring(users=40)), np.array([3, 0])
    linear, *following = signals(rows).of_models(users)
    known = in_time(rows)[users]
    for config, scores in zip(FOLLOWING, following, strict=True):
        np.testing.assert_allclose(scores, fit_transitions(config, rows).scores(known).toarray(), rtol=1e-5)
    unseen = np.where(known.toarray() > 0, -np.inf, following[1])
    assert unseen.argmax(axis=1).tolist() == [(3 * 7 + 8) % 20, 8]  # the next on the ring
    without = signals(replace(rows, timestamp=None)).of_models(users)
    assert len(without) == 1
    np.testing.assert_allclose(without[0], linear, rtol=1e-4, atol=1e-4)


def test_a_retriever_of_neighbours_alone_can_be_ranked_again(releases, tmp_path):
    config = replace(CONFIG, retrieval=RetrievalConfig(parts=("transitions",)))
    _, fits = fit(config, releases, "temporal-user", tmp_path)
    model = fits.final.recommender
    assert model.retrieval.neighbours is not None
    users = np.arange(len(model.users), dtype=np.int32)
    assert np.isfinite(model.score(users)).all()
    assert fits.chosen.plan["stages"]["ranker mixed in"]["ndcg@10"] > 0


def test_users_who_are_held_out_as_a_whole_are_a_draw(releases):
    parts = split(releases, "cold-users", seed=0)
    assert Holdout.like(parts.asks, parts.train, parts.validation).kind == "drawn"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("temporal-user", "latest"), ("leave-one-out", "latest"), ("temporal-global", "moment"), ("stratified", "drawn")],
)
def test_it_holds_out_of_train_what_the_split_holds_out(releases, kind, expected):
    parts = split(releases, kind, seed=0)
    holdout = Holdout.like(parts.asks, parts.train, parts.validation)
    assert holdout.kind == expected
    held = holdout.cut(Interactions.from_ratings(parts.train), seed=0)
    assert len(held.known) + len(held.held) == len(parts.train)
    if expected != "drawn":
        ends = held.known.group_by("user_id").agg(pl.col("timestamp").max().alias("end"))
        assert held.held.join(ends, on="user_id").select((pl.col("timestamp") >= pl.col("end")).all()).item()
    if expected == "moment":
        back = held.held.filter(pl.col("user_id").is_in(list(held.returning_users)))
        assert back["timestamp"].min() >= held.moment >= held.known["timestamp"].max()


def test_the_ranker_without_tensorflow_is_the_same():
    random = np.random.default_rng(0)
    features = random.normal(2, 3, (6, 5, 4)).astype(np.float32)
    relevant = np.zeros((6, 5), bool)
    relevant[:, 1] = True
    for hidden in ((), (7, 3)):
        ranker = Ranker(
            RankerConfig(hidden=hidden), Examples(features, relevant | True, relevant, 4.0 * relevant), seed=1
        )
        np.testing.assert_allclose(ranker(features).numpy()[..., 0], ranker.network()(features), atol=1e-4)


@pytest.mark.parametrize(("objective", "learned"), [("listwise", 0), ("pointwise", 0), ("rating", 1)])
def test_an_objective_learns_what_it_asks_for(objective, learned):
    """Which movie is rated depends on the first feature, how well it is rated on the second one."""
    random = np.random.default_rng(0)
    features = random.normal(size=(200, 10, 2)).astype(np.float32)
    relevant = features[..., 0] > 1
    ratings = np.where(relevant, 3 + features[..., 1], 0).astype(np.float32)
    there = random.random(relevant.shape) < 0.8
    features[~there], relevant = [9.0, -9.0], relevant & there  # what fills up a list teaches nothing
    kept = relevant.any(axis=1)
    config = RankerConfig(objective=objective, hidden=(), learning_rate=0.05, weight_decay=0.0)
    ranker = Ranker(config, Examples(features[kept], there[kept], relevant[kept], ratings[kept]), seed=0)
    ranker.compile(optimizer=adam(0.05))
    ranker.fit(ranker.batches(0, 0, 40), epochs=40, steps_per_epoch=ranker.steps_per_epoch, verbose=0)
    network = ranker.network()
    effects = [network(np.eye(2, dtype=np.float32)[feature]) - network(np.zeros(2, np.float32)) for feature in (0, 1)]
    assert effects[learned] > 5 * abs(effects[1 - learned])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depths": ()}, "depths: expected integers of at least 1, at least one, got \\(\\)"),
        ({"weights": (0.0,)}, "weights: expected numbers above 0 and finite, at least one"),
        ({"least_gain": -1.0}, "least_gain: expected a number of at least 0, got -1.0"),
        ({"max_lists": 0}, "max_lists: expected an integer of at least 1, got 0"),
    ],
)
def test_nonsense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **change)
