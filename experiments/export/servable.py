"""Turns the model of a run into what the serving room takes: arrays and small TensorFlow modules."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import DataError, Vocabulary
from tfrs_lab.data.tables import movies_table
from tfrs_lab.evaluation.judgements import interaction_matrix
from tfrs_lab.experiments.export.servable_check import check
from tfrs_lab.experiments.export.servable_hybrid import hybrid_vectors
from tfrs_lab.experiments.export.servable_vectors import (
    Vectors,
    cascade_vectors,
    content_vectors,
    factor_vectors,
    least_squares_vectors,
)
from tfrs_lab.experiments.storage.stored_model import StoredModel
from tfrs_lab.models.baselines import FactorModel
from tfrs_lab.models.cascade.recommender import CascadeRecommender
from tfrs_lab.models.content.recommender import ContentRecommender
from tfrs_lab.models.hybrid.recommender import HybridRecommender
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.serving.servable import RatingHead, Servable

VECTORS: dict[type, Callable[[Any], Vectors]] = {
    FactorRecommender: factor_vectors,
    FactorModel: least_squares_vectors,
    ContentRecommender: content_vectors,
    HybridRecommender: hybrid_vectors,
    CascadeRecommender: cascade_vectors,
}
"""How each kind of model becomes vectors."""


def with_movies(model: StoredModel, added: pl.DataFrame) -> Any:
    """The model with further movies by their raw features; nothing is trained.

    Raises:
        DataError: The model knows movies by their ratings only, or knows one of these already.
    """
    if not hasattr(model.recommender, "with_movies"):
        raise DataError(
            f"expected a model that knows movies by their features, such as content or hybrid, to add movies to, got "
            f"{model.name}, which knows them by ratings: train it again"
        )
    return model.recommender.with_movies(added)


def to_servable(
    model: StoredModel, *, added: pl.DataFrame | None = None, removed: Collection[str] = frozenset()
) -> Servable:
    """What is served of a run.

    Raises:
        DataError: The model retrieves by no inner product of two vectors, or a movie is not what it should be.
    """
    recommender = model.recommender
    if type(recommender) not in VECTORS:
        raise DataError(
            f"expected a model whose score is one inner product of a user's and a movie's vector, such as retrieval, "
            f"content, hybrid or ials, or a cascade of it, got {model.name}, which has no such vectors to index"
        )
    if added is not None and added.height:
        recommender = with_movies(model, added)
    vectors = VECTORS[type(recommender)](recommender)
    movies = recommender.movies
    unknown = _unknown_users(model, vectors)
    users = Vocabulary([*recommender.users.ids, *unknown])
    seen = interaction_matrix(model.known, users, movies)
    further = vectors.of_histories(seen[len(recommender.users) :], unknown)
    unlisted = movies.encode(sorted(removed))
    listed = np.ones(len(movies), bool)
    listed[unlisted[unlisted >= 0]] = False
    found = Servable(
        user_ids=np.array(users.ids, dtype=str),
        movie_ids=np.array(movies.ids, dtype=str),
        **_described(model.movies if added is None else pl.concat([model.movies, movies_table(added)]), movies),
        queries=np.vstack([vectors.queries, further]).astype(np.float32),
        stranger=vectors.default_query,
        candidates=vectors.candidates,
        seen=_in_time(seen),
        history=vectors.history,
        likeness=vectors.likeness,
        listed=listed,
        encoder=vectors.encoder,
        rating=_rating(recommender, users, movies),
        reranker=vectors.reranker,
        following=vectors.following,
        disliked_below=model.disliked_below,
    )
    check(found, recommender, vectors)
    return found


def _in_time(seen: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """What users know as ``Servable`` takes it, from [users, movies] whose values are the greater the later."""
    user = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
    return seen.indices[np.lexsort((seen.data, user))].astype(np.int32), seen.indptr.astype(np.int64)


def _rating(recommender: Any, users: Vocabulary, movies: Vocabulary) -> RatingHead | None:
    """What predicts ratings, for models that do."""
    if getattr(recommender, "rating", None) is None:
        return None
    from tfrs_lab.experiments.export.servable_rating import RatingModule

    return RatingModule(recommender.rating, users.ids, movies)


def _unknown_users(model: StoredModel, vectors: Vectors) -> list[str]:
    """Users whom the model has no vector for but knows something of: rows, or demographics."""
    ids = Vocabulary.from_ids([*model.known["user_id"].unique(), *vectors.people])
    return [user for user, place in zip(ids.ids, model.recommender.users.encode(ids.ids), strict=True) if place < 0]


def _described(table: pl.DataFrame, movies: Vocabulary) -> dict[str, Any]:
    """Titles, genres and years of the movies, in their order."""
    ids = pl.DataFrame({"movie_id": movies.ids}, schema={"movie_id": pl.String})
    own = ids.join(table, on="movie_id", how="left", maintain_order="left")
    names = sorted(own["movie_genres"].explode().drop_nulls().unique())
    genres = [own["movie_genres"].list.contains(name).fill_null(False).to_numpy() for name in names]
    return {
        "titles": own["movie_title"].fill_null(own["movie_id"]).to_numpy().astype(str),
        "genre_names": tuple(names),
        "genres": np.array(genres, dtype=bool).reshape(len(names), len(movies)).T,
        "years": own["release_year"].fill_null(0).to_numpy().astype(np.int32),
    }


MOST_RATINGS = 1_000_000
"""With more of them, histories are left out: a page that shows them would have to hold them all."""


def catalogue(servable: Servable, known: pl.DataFrame) -> dict[str, Any]:
    """The content of ``assets.extra/catalogue.json``.

    Returns:
        ``movies``, those that are not recommended any more among them, since they are in histories: ``movie_id``,
        ``movie_title``, ``movie_genres``, ``release_year`` or None; and ``users``: for every user, id → [movie id,
        rating or None] in the order in which they were made.
    """
    movies = [
        {
            "movie_id": str(servable.movie_ids[row]),
            "movie_title": str(servable.titles[row]),
            "movie_genres": [servable.genre_names[column] for column in np.flatnonzero(servable.genres[row])],
            "release_year": int(servable.years[row]) or None,
        }
        for row in range(len(servable.movie_ids))
    ]
    return {"movies": movies, "users": _histories(servable, known) if known.height <= MOST_RATINGS else {}}


def _histories(servable: Servable, known: pl.DataFrame) -> dict[str, list[list[Any]]]:
    rating = pl.col("user_rating") if "user_rating" in known.columns else pl.lit(None, pl.Float32).alias("user_rating")
    ordered = known.sort("timestamp", maintain_order=True) if "timestamp" in known.columns else known
    found: dict[str, list[list[Any]]] = {str(user): [] for user in servable.user_ids}
    for user, movie, value in ordered.select("user_id", "movie_id", rating).iter_rows():
        if user in found:
            found[user].append([movie, value])
    return found
