"""Stored models of every kind as servables: the graph says what the model says."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.serving.conftest import assert_agree, events, module_of
from tfrs_lab.data import DataError, Interactions, Vocabulary
from tfrs_lab.experiments.export import servable_check
from tfrs_lab.experiments.export.servable import to_servable
from tfrs_lab.experiments.export.servable_rating import RatingModule
from tfrs_lab.experiments.storage.stored_model import recommend_for_history, recommend_for_user
from tfrs_lab.models.baselines import BASELINES
from tfrs_lab.models.rating.recommender import Crosses, RatingRecommender, RatingScale
from tfrs_lab.serving.backend import tf

MODELS = ("ials", "retrieval", "content", "hybrid", "cascade")


@pytest.fixture(scope="module")
def modules(stored):
    return {name: module_of(to_servable(model)) for name, model in stored.items()}


def compare(answer, table):
    ids = [value.decode() for value in answer["movie_id"].numpy()[0]]
    assert_agree(ids, answer["score"].numpy()[0], table, len(ids))


@pytest.mark.parametrize("name", MODELS)
def test_users_known_by_ratings_by_demographics_and_not_at_all(stored, modules, known, dataset, name):
    by_demographics = sorted(set(dataset.users["user_id"]) - set(known["user_id"]))[0]
    for user in (known["user_id"][0], known["user_id"][-1], by_demographics, "nobody"):
        answer = modules[name].recommend(tf.constant([user]), tf.constant([[""]]), tf.constant(9))
        compare(answer, recommend_for_user(stored[name], user, 60))


@pytest.mark.parametrize("name", MODELS)
def test_histories(stored, modules, name):
    movies = stored[name].recommender.movies.ids
    for history in (movies[3:4], movies[::9], movies[1:40]):
        for order in (history, history[::-1]):
            answer = modules[name].recommend_for_history(*events([order]), tf.constant(9))
            compare(answer, recommend_for_history(stored[name], [(movie, None) for movie in order], 60))


@pytest.mark.parametrize("name", MODELS)
def test_similar_movies(stored, modules, name):
    recommender = stored[name].recommender
    answer = modules[name].similar_movies(tf.constant([recommender.movies.ids[2]]), tf.constant(5))
    scores = recommender.similarity(np.array([2]))[0]
    scores[2] = -np.inf
    np.testing.assert_allclose(answer["score"].numpy()[0], np.sort(scores)[::-1][:5], rtol=1e-4)


@pytest.mark.parametrize("name", ["content", "hybrid"])
def test_a_new_movie_is_embedded_in_the_graph_as_the_model_does_it(stored, name):
    new = pl.DataFrame({"movie_id": ["new"], "movie_title": ["Funny Laugh (1997)"], "movie_genres": [["Comedy"]]})
    grown = to_servable(stored[name], added=new)
    raw = {
        "movie_title": tf.constant(["Funny Laugh (1997)"]),
        "movie_genres": tf.constant([["Comedy", ""]]),
        "tags": tf.constant([[""]]),
        "release_year": tf.constant([1997.0]),
        "release_date": tf.constant([float("nan")]),
    }
    place = grown.movie_ids.tolist().index("new")
    np.testing.assert_allclose(grown.encoder(raw)[0], grown.candidates[place], atol=1e-4)
    assert grown.titles[place] == "Funny Laugh (1997)"
    assert grown.years[place] == 1997
    assert grown.genre_names[int(np.flatnonzero(grown.genres[place])[0])] == "Comedy"
    before = to_servable(stored[name])
    kept = np.flatnonzero(grown.movie_ids != "new")
    np.testing.assert_allclose(grown.candidates[kept], before.candidates, atol=1e-4)
    assert [grown.movie_ids[kept][movie] for movie in before.seen[0]] == [
        grown.movie_ids[movie] for movie in grown.seen[0]
    ]


def test_models_without_vectors_or_features_say_so(stored, known):
    ease = BASELINES["ease"].fit(Interactions.from_ratings(known))
    with pytest.raises(DataError, match=r"score is one inner product .*, got ease"):
        to_servable(replace(stored["ials"], name="ease", recommender=ease))
    new = pl.DataFrame({"movie_id": ["new"], "movie_title": ["New"]})
    with pytest.raises(DataError, match=r"knows movies by their features, .*, got retrieval"):
        to_servable(stored["retrieval"], added=new)


def test_a_cascade_whose_ranker_stayed_out_is_its_retriever(stored):
    cascade = stored["cascade"].recommender
    assert to_servable(stored["cascade"]).reranker is not None
    for out in (cascade.mixed(12, 0.0), type(cascade).alone(cascade.retrieval)):
        found = to_servable(replace(stored["cascade"], recommender=out))
        assert found.reranker is None
        np.testing.assert_array_equal(found.queries, to_servable(stored["retrieval"]).queries)


def test_a_cascade_has_one_score_for_a_user_and_a_movie(stored, modules, known):
    users = [*known["user_id"].unique().sort()[:9], "nobody"]
    answer = modules["cascade"].recommend(tf.constant(users), tf.fill([10, 1], ""), tf.constant(20))
    ranked = modules["cascade"].rank(tf.constant(users), answer["movie_id"])
    np.testing.assert_allclose(ranked["score"], answer["score"], rtol=1e-4, atol=1e-5)


def test_a_reordering_that_changed_is_not_exported(stored, monkeypatch):
    kind = type(stored["cascade"].recommender)
    before = kind.score
    monkeypatch.setattr(kind, "score", lambda self, users: before(self, users) + 0.1)
    with pytest.raises(ValueError, match="scores: expected the graph to agree"):
        to_servable(stored["cascade"])


def test_a_model_class_that_changed_is_not_exported(stored, monkeypatch):
    kind = type(stored["hybrid"].recommender)
    before = kind.history_queries
    monkeypatch.setattr(kind, "history_queries", lambda self, *given: before(self, *given) * 1.1)
    with pytest.raises(ValueError, match="queries of histories: expected the graph to agree"):
        to_servable(stored["hybrid"])


def test_the_check_compares_users_movies_and_likeness(stored, monkeypatch):
    seen = []
    monkeypatch.setattr(servable_check, "_same", lambda what, graph, model: seen.append((what, graph.shape)))
    to_servable(stored["ials"])
    assert [what for what, _ in seen] == ["scores", "queries of histories", "likeness"]
    assert all(shape[0] >= 6 for _, shape in seen)


def ratings_of(model, people, ordinal, crosses):
    """A rating model with random vectors of the model's users, of people who are not among them, and of some movies."""
    random = np.random.default_rng(4)
    known = Vocabulary(model.movies.ids[:-2])
    thresholds = np.array([1.5, 2.5, 3.5, 4.5]) if ordinal else np.zeros(0)

    def draw(*shape):
        return random.normal(0, 0.4, shape).astype(np.float32)

    return RatingRecommender(
        users=model.users,
        movies=known,
        queries=draw(len(model.users), 4),
        candidates=draw(len(known), 4),
        user_bias=draw(len(model.users)),
        movie_bias=3 + draw(len(known)),
        rated=draw(len(known), 4),
        people=people,
        of_people=draw(len(people), 5),
        scale=RatingScale(np.arange(1, 6, dtype=np.float32), thresholds.astype(np.float32), 1.7),
        crosses=Crosses(draw(1, 8, 8), draw(1, 8), draw(8)) if crosses else None,
    )


@pytest.mark.parametrize(("ordinal", "crosses"), [(False, False), (True, False), (False, True)])
def test_the_graph_predicts_the_ratings_of_the_model(stored, dataset, ordinal, crosses):
    hybrid = stored["hybrid"].recommender
    people = Vocabulary.from_ids(dataset.users["user_id"])
    hybrid = replace(hybrid, rating=ratings_of(hybrid, people, ordinal, crosses))
    module = module_of(to_servable(replace(stored["hybrid"], recommender=hybrid)))
    strangers = [user for user in people.ids if user not in hybrid.users.ids]
    asked = [hybrid.users.ids[0], hybrid.users.ids[7], strangers[0], "nobody"]
    movies = [hybrid.movies.ids[1], hybrid.movies.ids[-1], hybrid.movies.ids[5]]
    found = module.rank(tf.constant(asked), tf.constant([movies] * len(asked)))["rating"].numpy()
    own = hybrid.rating.predict(np.repeat(asked, 3).tolist(), movies * len(asked))
    np.testing.assert_allclose(found.ravel(), own, rtol=1e-4)
    assert len(np.unique(found.round(3))) > 6


def test_tables_of_ratings_are_stored_beside_the_graph_which_stays_small():
    rng = np.random.default_rng(0)
    users, movies = (Vocabulary([f"{letter}{number:04}" for number in range(3000)]) for letter in "um")
    table, bias = rng.normal(size=(3000, 32)).astype(np.float32), rng.normal(size=3000).astype(np.float32)
    model = RatingRecommender(
        users=users,
        movies=movies,
        queries=table,
        candidates=table[::-1],
        user_bias=bias,
        movie_bias=bias,
        rated=table,
        people=Vocabulary([]),
        of_people=np.zeros((0, 33), np.float32),
        scale=RatingScale(np.arange(1, 6, dtype=np.float32), np.zeros(0)),
    )
    module = RatingModule(model, users.ids, movies)
    asked = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None], tf.int32)
    graph = tf.function(module.__call__).get_concrete_function(*asked).graph
    assert graph.as_graph_def().ByteSize() < 20_000  # one table has 384,000 bytes
    assert {tuple(variable.shape) for variable in module.variables} == {(3001, 32), (3001,), (3000, 32), (3000,)}
