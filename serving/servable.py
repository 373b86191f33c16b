"""What is served: a recommender as arrays and small TensorFlow modules, whatever it was trained as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Tensor = Any
"""A ``tf.Tensor``; naming the type here would import TensorFlow."""


class HistoryQuery(Protocol):
    """A ``tf.Module``: from the movies that somebody has rated to a query, in the graph."""

    def __call__(self, movies: Tensor, rating: Tensor) -> Tensor:
        """Queries of people known by their history only.

        Args:
            movies: [batch, any] int32 distinct rows, oldest first; -1 anywhere for none, and may be so throughout.
            rating: [batch, any] float32.

        Returns:
            [batch, dim] float32.
        """


class Following(Protocol):
    """A ``tf.Module``: from the latest movies of a history to what they add to the scores of others, in the graph."""

    def __call__(self, movies: Tensor) -> tuple[Tensor, Tensor]:
        """What each entry adds.

        Args:
            movies: [batch, any] int32 distinct rows, oldest first; -1 anywhere for none.

        Returns:
            Movies [batch, n] int32 rows, -1 for none, the same row possibly several times; and what each entry adds
            [batch, n] float32 >= 0, 0 for none.
        """


class MovieEncoder(Protocol):
    """A ``tf.Module``: from raw features to a candidate vector, in the graph.

    Attributes:
        features: Name → ``tf.TensorSpec`` with a free first dimension.
    """

    features: Mapping[str, Any]

    def __call__(self, raw: Mapping[str, Tensor]) -> Tensor:
        """[batch, dim] float32 from raw features, named and shaped like ``features``."""


class RatingHead(Protocol):
    """A ``tf.Module``: predicts ratings, in the graph."""

    def __call__(self, users: Tensor, movies: Tensor) -> Tensor:
        """[batch, n] float32 from [batch] int32 users, -1 for unknown ones, and [batch, n] int32 rows, -1 for none."""


class Reranker(Protocol):
    """A ``tf.Module``: scores anew what was retrieved for users, in the graph.

    Attributes:
        depth: It puts so many of a user's best unseen movies in a new order, and none behind those that follow.
    """

    depth: int

    def __call__(self, users: Tensor, movies: Tensor, scores: Tensor) -> Tensor:
        """The scores that movies are ordered by.

        Args:
            users: [batch] int32, -1 for unknown ones, whose scores stay as they are.
            movies: [batch, n] int32 rows, -1 for none.
            scores: [batch, n] float32 inner products, -inf for none.

        Returns:
            [batch, n] float32, -inf for none.
        """


@dataclass(frozen=True, eq=False)
class Servable:
    """A recommender whose movies are retrieved by one inner product and by what follows, with what an answer needs.

    Attributes:
        user_ids: [users] str.
        movie_ids: [movies] str, ascending: equal scores are ordered by row.
        titles: [movies] str.
        genre_names: What the columns of ``genres`` are.
        genres: [movies, genres] bool.
        years: [movies] int32, 0 where unknown.
        queries: [users, dim] float32.
        stranger: [dim] float32: the query of users of whom nothing is known.
        candidates: [movies, dim] float32.
        seen: [any] int32 rows that the users know, user by user, oldest first, and [users + 1] int64 where each one's
            begin.
        history: Makes queries of histories.
        likeness: Each [movies, any] float32; two movies are as alike as the cosine of their vectors in the first of
            these in which neither is zero. Empty: as their candidates.
        listed: [movies] bool: which movies may be recommended; None for all. Others still count in histories.
        encoder: Makes candidate vectors of raw features, for models that can.
        rating: Predicts ratings, for models that can.
        reranker: Puts what was retrieved for users in a new order, for models that do.
        following: What the latest movies add to scores; where there is one, the last number of queries is what it
            counts, and the last number of candidates is 0.
        disliked_below: Movies of a request that are rated lower, and above 0, are left out of its query; None for none.
    """

    user_ids: np.ndarray
    movie_ids: np.ndarray
    titles: np.ndarray
    genre_names: tuple[str, ...]
    genres: np.ndarray
    years: np.ndarray
    queries: np.ndarray
    stranger: np.ndarray
    candidates: np.ndarray
    seen: tuple[np.ndarray, np.ndarray]
    history: HistoryQuery
    likeness: tuple[np.ndarray, ...] = ()
    listed: np.ndarray | None = None
    encoder: MovieEncoder | None = None
    rating: RatingHead | None = None
    reranker: Reranker | None = None
    following: Following | None = None
    disliked_below: float | None = None

    def __post_init__(self) -> None:
        users, movies = len(self.user_ids), len(self.movie_ids)
        dim = self.candidates.shape[-1]
        expected = {
            "titles": (movies,),
            "genres": (movies, len(self.genre_names)),
            "years": (movies,),
            "queries": (users, dim),
            "stranger": (dim,),
            "candidates": (movies, dim),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {getattr(self, name).shape}")
        for name in ("queries", "stranger", "candidates"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
        if self.following is not None:
            if self.candidates[:, -1].any():
                odd = self.candidates[np.argmax(self.candidates[:, -1] != 0), -1]
                raise ValueError(f"candidates: expected 0 as the last number of each, got {odd}")
            if (self.queries[:, -1] < 0).any():
                raise ValueError(f"queries: expected 0 or more as the last number, got {self.queries[:, -1].min()}")
        if (self.movie_ids[:-1] >= self.movie_ids[1:]).any():
            raise ValueError("movie_ids: expected distinct ids in ascending order")
        if len(self.seen[1]) != users + 1 or self.seen[1][-1] != len(self.seen[0]):
            raise ValueError(f"seen: expected {users + 1} places ending at {len(self.seen[0])}, got {self.seen[1]}")
        if not self.rows.size:
            raise ValueError("expected at least one movie that may be recommended, got none")

    @property
    def rows(self) -> np.ndarray:
        """[listed] int32 rows of the movies that may be recommended."""
        listed = np.ones(len(self.movie_ids), bool) if self.listed is None else self.listed
        return np.flatnonzero(listed).astype(np.int32)

    @property
    def alike(self) -> tuple[np.ndarray, ...]:
        """``likeness`` with rows of unit length, or zero."""
        blocks = self.likeness or (self.candidates,)
        return tuple(block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12) for block in blocks)
