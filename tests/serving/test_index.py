import numpy as np
import pytest

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.index import ExactIndex, IndexSetting, ScannIndex, build_index, usual_setting

ROWS = np.arange(100, 500, dtype=np.int32)
NARROW = IndexSetting("scann", leaves=20, leaves_to_search=2, reorder=20)


@pytest.fixture(scope="module")
def vectors():
    random = np.random.default_rng(0)
    return random.normal(size=(400, 8)).astype(np.float32), random.normal(size=(50, 8)).astype(np.float32)


def ask(index, queries, k):
    scores, rows = index.call(tf.constant(queries), tf.constant(k))
    return scores.numpy(), rows.numpy()


def test_scann_that_searches_everything_gives_what_brute_force_gives(vectors):
    movies, queries = vectors
    scores, rows = ask(ExactIndex(movies, ROWS), queries, 10)
    np.testing.assert_array_equal(rows, 100 + np.argsort(-queries @ movies.T, axis=1)[:, :10])
    all_of_it = IndexSetting("scann", leaves=20, leaves_to_search=20, reorder=400)
    found_scores, found = ask(ScannIndex(movies, ROWS, all_of_it), queries, 10)
    np.testing.assert_array_equal(found, rows)
    np.testing.assert_allclose(found_scores, scores, rtol=1e-5)


@pytest.mark.parametrize("setting", [IndexSetting(), NARROW])
def test_more_than_there_is_gives_what_there_is_and_padding(vectors, setting):
    movies, queries = vectors
    scores, rows = ask(build_index(movies, ROWS, setting), queries, 450)
    assert rows.shape == scores.shape == (50, 450)
    real = rows >= 0
    assert real.sum(axis=1).max() <= 400
    assert np.isneginf(scores[~real]).all()
    assert not np.isnan(scores).any()
    expected = np.einsum("bd,bkd->bk", queries, movies[np.maximum(rows, 100) - 100])
    np.testing.assert_allclose(scores[real], expected[real], rtol=1e-4, atol=1e-5)
    assert all(len(set(row[mask])) == mask.sum() for row, mask in zip(rows, real, strict=True))


def test_the_same_seed_gives_the_same_answers_and_another_one_others(vectors):
    movies, queries = vectors
    first, again, other = (
        ask(ScannIndex(movies, ROWS, IndexSetting("scann", 20, 2, reorder=20, seed=seed)), queries, 10)[1]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_searcher_survives_as_arrays(vectors, tmp_path):
    movies, queries = vectors
    index = ScannIndex(movies, ROWS, NARROW)
    np.savez(tmp_path / "scann.npz", **index.arrays())
    with np.load(tmp_path / "scann.npz", allow_pickle=False) as stored:
        again = ScannIndex(dict(stored), ROWS, NARROW)
    np.testing.assert_array_equal(ask(again, queries, 10)[1], ask(index, queries, 10)[1])


def test_too_few_movies_for_scann_are_refused(vectors):
    with pytest.raises(ValueError, match="at least 32 movies, got 31"):
        build_index(vectors[0][:31], ROWS[:31], usual_setting(31))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "annoy"}, "brute-force or scann, got 'annoy'"),
        ({"leaves": 0}, "leaves: expected at least 1, got 0"),
        ({"leaves": 2, "leaves_to_search": 3}, "at most 2 leaves, got 3"),
        ({"threshold": 1.0}, "threshold: expected .* got 1.0"),
    ],
)
def test_nonsense_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        IndexSetting(**fields)
