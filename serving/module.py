"""The recommender as a graph: what every signature of the SavedModel computes."""

from __future__ import annotations

import math
from typing import Any

from tfrs_lab.serving.backend import Untracked, tf
from tfrs_lab.serving.catalogue import Movies, Users
from tfrs_lab.serving.conditions import Conditions
from tfrs_lab.serving.diversity import POOL, alike_to_all, diversify
from tfrs_lab.serving.events import each_once, in_order
from tfrs_lab.serving.index import Index
from tfrs_lab.serving.query import Added, Query
from tfrs_lab.serving.reranking import rerank
from tfrs_lab.serving.retrieve import best, retrieve
from tfrs_lab.serving.servable import Servable

ONE: list[int | None] = [None]
MANY: list[int | None] = [None, None]


def spec(name: str, shape: list[int | None], dtype: Any = tf.string) -> tf.TensorSpec:
    """An input of a signature."""
    return tf.TensorSpec(shape, dtype, name=name)


K = spec("k", [], tf.int32)
EXCLUDE = spec("exclude", MANY)
FILTERS = (
    spec("genres", MANY),
    spec("year_from", ONE, tf.int32),
    spec("year_to", ONE, tf.int32),
    spec("diversity", [], tf.float32),
)
EVENTS = (spec("movie_id", MANY), spec("rating", MANY, tf.float32), spec("timestamp", MANY, tf.int64))


class RecommenderModule(tf.Module):
    """Retrieve, drop what must not be shown, rank; see ``docs/serving.md`` for inputs and outputs.

    Args:
        servable: The recommender.
        index: An index of the movies that may be recommended.
    """

    def __init__(self, servable: Servable, index: Index) -> None:
        super().__init__()
        self.users, self.movies = Users(servable), Movies(servable)
        self.candidates = tf.Variable(servable.candidates, dtype=tf.float32, trainable=False)
        self.listed = tf.Variable(servable.rows, dtype=tf.int32, trainable=False)
        self.blocks = [tf.Variable(block, dtype=tf.float32, trainable=False) for block in servable.alike]
        self.history, self.encoder, self.rating = servable.history, servable.encoder, servable.rating
        self.reranker, self.following = servable.reranker, servable.following
        self.disliked_below = servable.disliked_below or 0.0
        self.kept = index.resources()
        self.search = Untracked(index)  # a Keras layer, of which only the resources are kept

    @tf.function(input_signature=[spec("user_id", ONE), EXCLUDE, K])
    def recommend(self, user_id: tf.Tensor, exclude: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """The best movies that users have not seen."""
        users = self.users.numbers(user_id)
        seen = self.users.seen(users)
        conditions = Conditions.excluding(self.movies, seen, self.movies.rows(exclude))
        return self._answer(self._query(self.users.query(users), seen), conditions, k, users)

    @tf.function(input_signature=[spec("user_id", ONE), EXCLUDE, *FILTERS, spec("include_seen", [], tf.bool), K])
    def recommend_filtered(
        self,
        user_id: tf.Tensor,
        exclude: tf.Tensor,
        genres: tf.Tensor,
        year_from: tf.Tensor,
        year_to: tf.Tensor,
        diversity: tf.Tensor,
        include_seen: tf.Tensor,
        k: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """The same with filters, diversity, and on request with movies that they have seen."""
        users = self.users.numbers(user_id)
        seen = self.users.seen(users)
        conditions = Conditions.excluding(self.movies, tf.where(include_seen, -1, seen), self.movies.rows(exclude))
        conditions = conditions.wanting(genres, year_from, year_to)
        between = tf.where(include_seen, tf.shape(seen)[1], 0)
        query = self._query(self.users.query(users), seen)
        return self._diverse(query, conditions, diversity, k, users, between)

    @tf.function(input_signature=[spec("user_id", ONE), *EVENTS, K])
    def recommend_since(
        self, user_id: tf.Tensor, movie_id: tf.Tensor, rating: tf.Tensor, timestamp: tf.Tensor, k: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """The best movies for users of whom more has become known: what they have seen, and then these events."""
        users = self.users.numbers(user_id)
        rows, rating = in_order(self.movies, movie_id, rating, timestamp)
        nothing_new = tf.reduce_all(rows < 0, axis=1)
        seen = self.users.seen(users)
        own, asked, queries = self._history(
            tf.concat([seen, rows], axis=1), tf.concat([tf.zeros_like(seen, tf.float32), rating], axis=1)
        )
        query = self._query(tf.where(nothing_new[:, None], self.users.query(users), queries), asked)
        # what a ranker has made of a user's list is as old as the user's own vector
        return self._answer(query, Conditions.excluding(self.movies, own), k, tf.where(nothing_new, users, -1))

    @tf.function(input_signature=[*EVENTS, K])
    def recommend_for_history(
        self, movie_id: tf.Tensor, rating: tf.Tensor, timestamp: tf.Tensor, k: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """The best other movies for people known by their history only."""
        own, asked, queries = self._history(*in_order(self.movies, movie_id, rating, timestamp))
        return self._answer(self._query(queries, asked), Conditions.excluding(self.movies, own), k)

    @tf.function(input_signature=[*EVENTS, EXCLUDE, *FILTERS, K])
    def recommend_for_history_filtered(
        self,
        movie_id: tf.Tensor,
        rating: tf.Tensor,
        timestamp: tf.Tensor,
        exclude: tf.Tensor,
        genres: tf.Tensor,
        year_from: tf.Tensor,
        year_to: tf.Tensor,
        diversity: tf.Tensor,
        k: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """The same with exclusions, filters and diversity."""
        own, asked, queries = self._history(*in_order(self.movies, movie_id, rating, timestamp))
        conditions = Conditions.excluding(self.movies, own, self.movies.rows(exclude))
        conditions = conditions.wanting(genres, year_from, year_to)
        return self._diverse(self._query(queries, asked), conditions, diversity, k)

    @tf.function(input_signature=[spec("user_id", ONE), spec("movie_id", MANY)])
    def rank(self, user_id: tf.Tensor, movie_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Scores and predicted ratings of given movies; -inf and NaN for unknown ones."""
        users, rows = self.users.numbers(user_id), self.movies.rows(movie_id)
        queries = self.users.query(users)
        query = Query(queries) if self.following is None else self._query(queries, self.users.seen(users))
        scores = query.scores(self.candidates, rows)
        if self.reranker is not None:
            scores = self.reranker(users, rows, scores)
        rating = tf.fill(tf.shape(rows), math.nan) if self.rating is None else self.rating(users, rows)
        known = rows >= 0
        return {"score": tf.where(known, scores, -math.inf), "rating": tf.where(known, rating, math.nan)}

    @tf.function(input_signature=[spec("movie_id", ONE), K])
    def similar_movies(self, movie_id: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """The movies most like given ones; nothing for unknown ones."""
        one = self.movies.rows(movie_id)
        rows = tf.tile(self.listed[None], [tf.size(one), 1])
        scores = tf.map_fn(
            lambda row: tf.gather(alike_to_all(self.blocks, row), self.listed),
            tf.maximum(one, 0),
            fn_output_signature=tf.TensorSpec([None], tf.float32),
        )
        allowed = (one >= 0)[:, None] & (rows != one[:, None])
        return self._padded(*best(tf.where(allowed, scores, -math.inf), rows, self._at_most(k)), k)

    @tf.function(input_signature=[spec("user_id", ONE)])
    def embed_user(self, user_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Query vectors."""
        return {"embedding": self.users.query(self.users.numbers(user_id))}

    def signatures(self) -> dict[str, Any]:
        """The graphs by name, ``embed_movie`` only where the model can take in new movies."""
        found = {"serving_default": self.recommend}
        for name in ("recommend", "recommend_filtered", "recommend_since", "recommend_for_history"):
            found[name] = getattr(self, name)
        for name in ("recommend_for_history_filtered", "rank", "similar_movies", "embed_user"):
            found[name] = getattr(self, name)
        encoder = self.encoder
        if encoder is not None:

            @tf.function(input_signature=list(encoder.features.values()))
            def embed_movie(*values: tf.Tensor) -> dict[str, tf.Tensor]:
                return {"embedding": encoder(dict(zip(encoder.features, values, strict=True)))}

            found["embed_movie"] = embed_movie
        return found

    def _history(self, rows: tf.Tensor, rating: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Of rows in order [batch, any]: each movie once, those of them that were not disliked, and queries of these.

        Both are [batch, any] with -1 in the place of the others, queries are [batch, dim].
        """
        rows = each_once(rows)
        given = rating > 0
        highest = tf.reduce_max(tf.where(given, rating, 0.0), axis=1, keepdims=True, name="highest")
        # ratings that are all alike, such as a 1 for each event, say no more than none
        asked = tf.where(given & (rating < self.disliked_below) & (rating < highest), -1, rows)
        return rows, asked, self.history(asked, rating)

    def _query(self, queries: tf.Tensor, history: tf.Tensor) -> Query:
        """What people with these queries [batch, dim] and histories [batch, any], rows in order, ask the movies."""
        if self.following is None:
            return Query(queries)
        return Query(queries, Added.after(history, self.following, queries[:, -1:], self.candidates.shape[0]))

    def _answer(
        self, query: Query, conditions: Conditions, k: tf.Tensor, users: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        return self.movies.answer(*self._best(query, conditions, _checked(k), users))

    def _best(
        self,
        query: Query,
        conditions: Conditions,
        k: tf.Tensor,
        users: tf.Tensor | None = None,
        between: tf.Tensor | int = 0,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Retrieves, and ranks what is retrieved for users [batch]; at most so many seen movies stand in between."""
        if self.reranker is None or users is None:
            return retrieve(self.search.value, self.candidates, self.listed, query, conditions, k)
        pool = tf.maximum(k, self.reranker.depth + between)  # the ranker sees its whole list, however short the answer
        found = retrieve(self.search.value, self.candidates, self.listed, query, conditions, pool)
        return rerank(self.reranker, users, *found, k)

    def _diverse(
        self,
        query: Query,
        conditions: Conditions,
        diversity: tf.Tensor,
        k: tf.Tensor,
        users: tf.Tensor | None = None,
        between: tf.Tensor | int = 0,
    ) -> dict[str, tf.Tensor]:
        k = _checked(k)
        message = "diversity: expected a number from 0 to 1"
        with tf.control_dependencies([tf.debugging.Assert((diversity >= 0) & (diversity <= 1), [message, diversity])]):
            diversity = tf.identity(diversity)

        def alone() -> tuple[tf.Tensor, tf.Tensor]:
            return self._best(query, conditions, k, users, between)

        def diverse() -> tuple[tf.Tensor, tf.Tensor]:
            pool = self._best(query, conditions, POOL * k, users, between)
            return diversify(self.blocks, *pool, diversity, k)

        return self.movies.answer(*tf.cond(diversity > 0, diverse, alone))

    def _at_most(self, k: tf.Tensor) -> tf.Tensor:
        return tf.minimum(_checked(k), tf.size(self.listed))

    def _padded(self, scores: tf.Tensor, rows: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        missing = [[0, 0], [0, tf.maximum(k - tf.shape(rows)[1], 0)]]
        rows = tf.pad(rows, missing, constant_values=-1)
        return self.movies.answer(tf.pad(scores, missing, constant_values=-math.inf), rows)


def _checked(k: tf.Tensor) -> tf.Tensor:
    """The same k, which has to be at least 1."""
    with tf.control_dependencies([tf.debugging.Assert(k > 0, ["k: expected at least 1, got", k])]):
        return tf.identity(k)
