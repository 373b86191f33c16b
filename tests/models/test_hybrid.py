"""The hybrid model: two calibrated scores in one inner product, that new movies and new users can join."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tfrs_lab.data import DataError, Interactions, generate, split
from tfrs_lab.data.storage import write_arrays
from tfrs_lab.evaluation import evaluate
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.experiments.runs.fit_on_split import FitSetup, fit_on_split
from tfrs_lab.models.closed_form.neighbours import recent_places
from tfrs_lab.models.closed_form.transitions import TransitionsConfig, fit_transitions
from tfrs_lab.models.hybrid.calibration import Calibration, calibrate
from tfrs_lab.models.hybrid.config import HybridConfig
from tfrs_lab.models.hybrid.fit import demographic_affinity
from tfrs_lab.models.hybrid.offset import NEVER, OffsetCurve, offset_curve
from tfrs_lab.models.registry import specification
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.two_tower.config import PairConfig

RETRIEVAL = RetrievalConfig(
    parts=("history", "linear"),
    history=PairConfig(query=("history",), objective="softmax", dimension=8, batch_size=32, epochs=10),
)


@pytest.fixture(scope="module")
def dataset():
    return generate(150, 120, 4500, tastes=4, noise=0.1, seed=2)


@pytest.fixture(scope="module")
def mixed(dataset):
    return split(dataset, "mixed", seed=0)


def fit(config, mixed, dataset, directory):
    return fit_on_split(
        specification("hybrid"),
        config,
        mixed,
        FitSetup(directory, dataset=dataset),
    )


@pytest.fixture(scope="module")
def fits(mixed, dataset, tmp_path_factory):
    return fit(HybridConfig(retrieval=RETRIEVAL), mixed, dataset, tmp_path_factory.mktemp("hybrid"))


@pytest.fixture(scope="module")
def model(fits):
    return fits.final.recommender


def everybody(model):
    return model.score(np.arange(len(model.users), dtype=np.int32))


def test_among_rated_movies_the_order_is_the_collaborative_models(model):
    own = model.warm.score(np.arange(len(model.users), dtype=np.int32))
    together = everybody(model)[:, model.rated]
    agree = [np.corrcoef(one, other)[0, 1] for one, other in zip(own, together, strict=True)]
    assert min(agree) > 0.9999


def test_movies_without_ratings_are_found_and_the_others_still_are(model, mixed):
    known = {"seen": mixed.train_and_validation, "ks": (10,), "bootstrap": 0}
    found = evaluate(model, mixed.test, **known)
    never = evaluate(model.with_cold_start_offset(NEVER), mixed.test, **known)
    slices, without = found.slices["cold_start"], never.slices["cold_start"]
    assert without["cold_items"]["recall@10"] == 0 < slices["cold_items"]["recall@10"]
    assert found.metrics["ndcg@10"] > never.metrics["ndcg@10"]


def test_the_offset_trades_one_for_the_other(model, mixed):
    unrated = np.setdiff1d(np.arange(len(model.movies)), model.rated)
    known = mixed.train_and_validation
    seen = model.users.encode(known["user_id"]), model.movies.encode(known["movie_id"])

    def first_ten(offset):
        scores = everybody(model.with_cold_start_offset(offset))
        scores[seen] = -np.inf
        return np.isin(np.argsort(-scores, axis=1)[:, :10], unrated).mean()

    shares = [first_ten(offset) for offset in (NEVER, model.calibration.cold_start_offset, 100.0)]
    assert 0 == shares[0] < shares[1] < shares[2] == 1


def test_the_second_fit_takes_over_what_the_first_has_chosen(fits):
    plan, final = fits.chosen.plan, fits.final.recommender
    assert final.calibration.to_plan() == plan["calibration"]
    assert [point["offset"] for point in plan["curve"]] == sorted(point["offset"] for point in plan["curve"])
    assert final.calibration.cold_start_offset == OffsetCurve.from_plan(plan).chosen("balanced")


OFFSETS = (NEVER, -3.0, -1.0, -0.75, -0.5, -0.25, 0.0, 1.0)
SHARES = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07)


def curve(warm=(0.2,) * 8, share=0.035, most=0.0):
    rows = zip(OFFSETS, SHARES, warm, strict=True)
    return OffsetCurve([{"offset": one, "new_share": new, "warm_ndcg@10": w} for one, new, w in rows], share, most)


def test_balanced_gives_new_movies_the_share_that_they_have_in_validation():
    assert [curve(share=share).chosen("balanced") for share in (0.03, 0.004, 0.5)] == [-0.75, NEVER, 0.0]
    assert curve(share=0.035).chosen("balanced") == pytest.approx(-0.62, abs=0.01)  # half the way to the next
    assert curve(share=0.5, most=-0.9).chosen("balanced") == -1.0


def test_cautious_gives_them_no_more_and_rated_movies_lose_next_to_nothing():
    lost = (0.0, 0.001, 0.006, 0.008, 0.01, 0.03, 0.05, 0.1)
    assert curve([0.2 * (1 - one) for one in lost]).chosen("cautious") == -1.0
    assert curve(share=0.03).chosen("cautious") == -0.75
    assert curve([0.2, *[0.19] * 7]).chosen("cautious") == NEVER


def test_a_number_is_taken_as_it_is():
    assert curve().chosen(0.7) == 0.7


def test_what_an_offset_is_worth_is_what_evaluation_finds(fits, mixed):
    """Of the model that chose; the share is counted by hand."""
    model, plan = fits.chosen.recommender, fits.chosen.plan
    monitor = Monitor(mixed.validation.select("user_id", "movie_id"), mixed.train)
    measured = {point["offset"]: point for point in offset_curve(model, monitor, 0.0).points}
    for offset in (NEVER, -1.0, 0.0):
        moved = model.with_cold_start_offset(offset)
        found = evaluate(moved, monitor.validation, seen=monitor.seen, ks=(10,), bootstrap=0)
        slices = found.slices["cold_start"]
        point = measured[offset]
        assert point["ndcg@10"] == pytest.approx(found.metrics["ndcg@10"], abs=1e-6)
        assert point["warm_ndcg@10"] == pytest.approx(slices["warm_items"]["ndcg@10"], abs=1e-6)
        assert point["cold_recall@10"] == pytest.approx(slices["cold_items"]["recall@10"], abs=1e-6)
        assert point["new_share"] == pytest.approx(new_share(moved, monitor), abs=1e-6)
    chosen = new_share(model.with_cold_start_offset(plan["calibration"]["offset"]), monitor)
    assert chosen == pytest.approx(plan["new_share"], abs=0.02)


def new_share(model, monitor):
    """Share of unrated movies among the first hundred of those who are asked, discounted by rank."""
    unrated = np.setdiff1d(np.arange(len(model.movies)), model.rated)
    shares = []
    for user in monitor.validation["user_id"].unique():
        scores = model.score(model.users.encode([user]))[0]
        seen = monitor.seen.filter(pl.col("user_id") == user)["movie_id"]
        scores[model.movies.encode(seen)] = -np.inf
        best = [movie for movie in np.argsort(-scores, kind="stable")[:100] if np.isfinite(scores[movie])]
        discount = 1 / np.log2(np.arange(len(best)) + 2)
        shares.append(discount[np.isin(best, unrated)].sum() / discount.sum())
    return np.mean(shares)


def test_a_number_is_the_offset(mixed, dataset, tmp_path):
    chosen = fit(HybridConfig(retrieval=RETRIEVAL, cold=-1.5), mixed, dataset, tmp_path).final.recommender
    assert chosen.calibration.cold_start_offset == -1.5


def test_a_new_movie_joins_and_moves_nobody(model):
    new = pl.DataFrame({"movie_id": ["0-new"], "movie_title": ["Silent Laugh"], "movie_genres": [["Comedy"]]})
    grown = model.with_movies(new)
    kept = grown.movies.encode(model.movies.ids)
    np.testing.assert_allclose(everybody(grown)[:, kept], everybody(model), atol=1e-4)
    assert len(grown.movies) == len(model.movies) + 1 == len(grown.candidates)
    with pytest.raises(DataError, match="does not know"):
        grown.with_movies(new)


def test_who_people_are_counts_beside_whatever_order_strangers_get(model, mixed):
    rows = Interactions.from_ratings(mixed.train_and_validation)
    rising = np.random.default_rng(0).normal(size=len(rows.movies)).astype(np.float32)  # scores, no counts

    def affinity(popularity):
        return demographic_affinity(HybridConfig(), rows, replace(model.warm, popularity=popularity), model.content, 0)

    by_counts, by_trend = affinity(rows.movie_counts.astype(np.float32)), affinity(rising - rising.mean())
    np.testing.assert_array_equal(by_trend[1:], by_counts[1:])
    np.testing.assert_array_equal(by_trend[0][np.argsort(rising)], np.sort(by_counts[0]))
    assert np.corrcoef(by_counts[0], rows.movie_counts)[0, 1] > 0.9999
    assert np.abs(by_counts[1:]).max() < by_counts[0].max()


def test_demographics_that_mislead_on_validation_take_no_part(dataset, tmp_path):
    parts = split(dataset, "cold-users", seed=0)
    users = dataset.users.sort(pl.col("user_id").cast(pl.Int32))
    held = pl.col("user_id").is_in(parts.train["user_id"].unique().implode()).not_()
    others = [pl.col(name).shift(1).over(held) for name in users.columns if name != "user_id"]  # of another taste
    config = HybridConfig(retrieval=RETRIEVAL, people_regularization=30.0)
    for people, expected in ((users, True), (users.with_columns(*others), False)):
        told = replace(dataset, users=people)
        plan = fit(config, parts, told, tmp_path / str(expected)).chosen.plan
        assert plan["demographics"] == expected


def test_new_users_are_served_from_nothing_a_little_and_much(model, dataset):
    nobody = csr_matrix((1, len(model.movies)), dtype=np.float32)
    np.testing.assert_array_equal(model.score_history(nobody)[0], model.score(np.array([-1]))[0])
    popular = model.score_history(nobody)[0, model.rated]
    assert np.corrcoef(popular, model.warm.popularity)[0, 1] > 0.99
    someone = dataset.users["user_id"][0]
    told = model.score_history(nobody, [someone])[0]
    assert not np.array_equal(told, model.score_history(nobody)[0])
    known = model.warm.users.ids[3]
    place = model.users.encode([known])
    history = np.zeros((1, len(model.movies)), np.float32)
    seen = dataset.ratings.filter(pl.col("user_id") == known)["movie_id"]
    history[0, model.movies.encode(seen[:25])] = 1.0
    again, own = model.score_history(csr_matrix(history))[0], model.score(place)[0]
    assert np.corrcoef(again[model.rated], own[model.rated])[0, 1] > 0.5


@pytest.fixture(scope="module")
def ordered(model, mixed):
    """The same model whose collaborative score has neighbours, strong ones."""
    rows = Interactions.from_ratings(mixed.train_and_validation)
    table = fit_transitions(TransitionsConfig(latest=3), rows)
    table = table.times(5 / table.scores(recent_places(rows, 3)).max())
    warm = replace(model.warm, neighbours=table, recent=recent_places(rows, 3))
    return replace(model, warm=warm)


def history_of(model, mixed, user):
    """[1, movies] places in the history of a user of train."""
    own = mixed.train_and_validation.filter(pl.col("user_id") == model.users.ids[user]).sort("timestamp")
    history = np.zeros((1, len(model.movies)), np.float32)
    history[0, model.movies.encode(own["movie_id"])] = np.arange(1, len(own) + 1)
    return csr_matrix(history)


def test_neighbours_add_to_rated_movies_what_the_collaborative_score_is_worth(ordered, model):
    added = everybody(ordered) - everybody(model)
    assert not np.delete(added, model.rated, axis=1).any()
    _, slope = model.calibration.warm_terms(model.lengths)
    wanted = slope[:, None] * ordered.warm.neighbours.scores(ordered.warm.recent).toarray()
    assert np.abs(wanted).max() > 1
    np.testing.assert_allclose(added[:, model.rated], wanted, atol=1e-4)
    test_among_rated_movies_the_order_is_the_collaborative_models(ordered)


def test_neighbours_of_a_history_count_as_much_as_its_own_movies(ordered, model, mixed):
    history = history_of(model, mixed, 3)
    added = (ordered.score_history(history) - model.score_history(history))[0, model.rated]
    own = ordered.warm.neighbours.scores(history[:, model.rated]).toarray()[0]
    assert np.corrcoef(added, own)[0, 1] > 0.9999
    assert 0 < added.max() < (everybody(ordered) - everybody(model))[3].max()  # trust is below 1
    anyhow = history.astype(bool).astype(np.float32)
    before, after = (one.score_history(anyhow) for one in (model, ordered))
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_strangers_have_no_neighbours(ordered, model):
    nobody = np.array([-1, 3, -1])
    moved = np.abs(ordered.score(nobody) - model.score(nobody)).max(axis=1)
    assert moved[[0, 2]].tolist() == [0, 0]
    assert moved[1] > 0.1


def test_neighbours_stay_with_more_movies_and_in_storage(ordered, mixed):
    grown = ordered.with_movies(pl.DataFrame({"movie_id": ["0-new"], "movie_genres": [["Comedy"]]}))
    kept = grown.movies.encode(ordered.movies.ids)
    np.testing.assert_allclose(everybody(grown)[:, kept], everybody(ordered), atol=1e-4)
    again = type(ordered).from_state(ordered.state())
    np.testing.assert_array_equal(everybody(again), everybody(ordered))
    history = history_of(ordered, mixed, 3)
    np.testing.assert_array_equal(again.score_history(history), ordered.score_history(history))


def test_it_is_fitted_with_transitions(dataset, tmp_path):
    config = HybridConfig(retrieval=replace(RETRIEVAL, parts=("linear", "transitions", "trend")), simulations=1)
    fits = fit(config, split(dataset, "temporal-user"), dataset, tmp_path)
    assert "transitions" in fits.chosen.plan["retrieval"]
    assert set(fits.chosen.plan["retrieval"]["weights"]) == {"taste", "transitions", "trend"}
    assert np.isfinite(everybody(fits.final.recommender)).all()


def test_a_fresh_process_gives_the_same_scores(model, tmp_path):
    write_arrays(tmp_path / "model.npz", model.state())
    code = (
        "import sys, numpy as np\nfrom tfrs_lab.data.storage import read_arrays\n"
        "from tfrs_lab.models.hybrid.recommender import HybridRecommender\n"
        "model = HybridRecommender.from_state(read_arrays(sys.argv[1]))\n"
        "assert 'tensorflow' not in sys.modules\n"
        "np.save(sys.argv[2], model.score(np.array([3, -1], dtype=np.int32)))"
    )
    files = [tmp_path / "model.npz", tmp_path / "scores.npy"]
    subprocess.run([sys.executable, "-c", code, *files], check=True, timeout=120)
    np.testing.assert_array_equal(np.load(files[1]), model.score(np.array([3, -1], dtype=np.int32)))


def test_similar_movies_of_either_kind(model):
    alike = model.similarity(np.arange(len(model.movies)))
    assert alike.shape == (len(model.movies), len(model.movies))
    np.testing.assert_allclose(np.diag(alike), 1, atol=1e-5)


def test_calibration_finds_planted_odds():
    random = np.random.default_rng(0)
    lengths, score = random.integers(10, 300, 40_000), random.normal(size=40_000)
    log_length = np.log1p(lengths) - 4
    logit = -2 + 0.5 * log_length + (1.5 - 0.3 * log_length) * score
    relevant = random.random(40_000) < 1 / (1 + np.exp(-logit))
    np.testing.assert_allclose(calibrate(lengths, {"score": score}, relevant), [-2, 0.5, 1.5, -0.3], atol=0.1)
    offset, slope = Calibration(warm=(-2, 0.5, 1.5, -0.3)).warm_terms(lengths[:5])
    np.testing.assert_allclose(offset + slope * score[:5], logit[:5], rtol=1e-4)


@pytest.mark.parametrize("field", ["simulations", "prior", "people_regularization"])
def test_nonsense_is_refused(field):
    with pytest.raises(ValueError, match=f"{field}: expected .* got 0"):
        replace(HybridConfig(), **{field: 0})


def test_an_offset_that_is_no_setting_is_refused():
    with pytest.raises(ValueError, match="cold: expected cautious, balanced or a number, got 'bold'"):
        HybridConfig(cold="bold")
