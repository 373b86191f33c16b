"""What is counted of requests and lists."""

import numpy as np

from tfrs_lab.serving.http.catalogue import Catalogue, Movie
from tfrs_lab.serving.http.metrics import Metrics
from tfrs_lab.serving.http.watch import Watch

CATALOGUE = Catalogue(
    {name: Movie(name, name) for name in "abcd"}, {"1": (("a", None), ("b", None)), "2": (("a", 5.0),)}
)
LISTS = {
    "movie_id": np.array([[b"a", b"c"], [b"b", b""]], object),
    "score": np.array([[2.0, 1.0], [3.0, -np.inf]], np.float32),
}
HISTORY = {"movie_id": np.array([[b"a", b"x", b""], [b"", b"", b""]], object)}


def test_histories_and_lists_are_looked_at():
    found = Watch(CATALOGUE)("recommend_since", HISTORY, LISTS)
    assert (found.lengths, found.known, found.unknown) == ([2, 0], 1, 1)
    assert found.scores == [2.0, 3.0]
    assert found.popularity == [1.0, 0.5, 0.75]  # a, c and b, of counts 2, 0 and 1 among 2, 1, 0, 0


def test_what_is_no_list_or_has_no_catalogue_is_passed_over():
    assert Watch(CATALOGUE)("recommend", {}, {"rating": np.zeros(2)}) is None
    assert Watch(CATALOGUE)("similar_movies", {"movie_id": np.array([b"a", b"b"], object)}, LISTS) is None
    assert Watch(None)("recommend", HISTORY, LISTS) is None
    assert Watch(Catalogue(CATALOGUE.movies))("recommend", {}, LISTS).popularity == []  # whose users are not published


def test_prometheus_reads_them():
    metrics = Metrics()
    metrics.lists("recs", Watch(CATALOGUE)("recommend_since", HISTORY, LISTS))
    text = metrics.page().decode()
    assert 'recs_history_movies_total{known="no",model="recs"} 1.0' in text
    assert 'recs_history_length_count{model="recs"} 2.0' in text
    assert 'recs_best_score_sum{model="recs"} 5.0' in text
    assert 'recs_shown_popularity_bucket{le="0.5",model="recs"} 1.0' in text
