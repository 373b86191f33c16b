"""Asks a finished run: recommendations with titles, scores and reasons."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import DataError, Vocabulary, did_you_mean, read_table
from tfrs_lab.data.storage import read_arrays
from tfrs_lab.evaluation.judgements import interaction_matrix
from tfrs_lab.evaluation.scoring import Scorer
from tfrs_lab.evaluation.topk import top_k
from tfrs_lab.experiments.storage.directory import check_files
from tfrs_lab.experiments.storage.recommender_source import History, UserSummary, rated_by, unknown_movie
from tfrs_lab.experiments.storage.results import read_result
from tfrs_lab.models.registry import specification
from tfrs_lab.serving.liked import disliked_below, liked

MODEL_FILE = "checkpoints/model.npz"
MODEL_FILES = (MODEL_FILE, "movies.parquet", "known.parquet", "test.parquet")

Order = Literal["highest", "latest", "in the history"]
ORDERS: dict[str, Order] = {"user_rating": "highest", "timestamp": "latest"}
"""What movies are that are ordered by a column."""


@dataclass(frozen=True)
class StoredModel:
    """A finished run's model with what is needed to talk about its movies.

    Attributes:
        name: The experiment's name.
        recommender: The model.
        titles: Movie id → title, for every movie of the dataset.
        known: The rows that the model was fitted on.
        test: The rows that it was tested on.
        movies: Every movie of the dataset, as ``Dataset.movies``.
        split: Kind of split whose question ``test`` asks; empty for none.
    """

    name: str
    recommender: Any
    titles: dict[str, str]
    known: pl.DataFrame
    test: pl.DataFrame
    movies: pl.DataFrame
    split: str = ""

    @property
    def disliked_below(self) -> float | None:
        """Ratings below say that somebody did not like a movie; None where ratings tell nothing of the kind."""
        ratings = self.known["user_rating"].drop_nulls() if "user_rating" in self.known.columns else pl.Series([])
        if not len(ratings):
            return None
        return disliked_below(float(ratings.min()), float(ratings.max()))  # type: ignore[arg-type]


def load_model(run: Path) -> StoredModel:
    """Loads the model of a run; of a run with several parts, the first part's."""
    result = read_result(run)
    part = str(result.metrics["parts"][0]) if "parts" in result.metrics else ""
    directory = run / part
    check_files(run, [(Path(part) / name).as_posix() for name in MODEL_FILES])
    try:
        arrays = read_arrays(directory / MODEL_FILE)
        movies, known, test = (read_table(directory / f"{name}.parquet") for name in ("movies", "known", "test"))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"expected a whole run directory, got: {error}", file=directory) from None
    return StoredModel(
        name=result.name,
        recommender=_restored(result.name, arrays, directory),
        titles=dict(movies.select("movie_id", "movie_title").iter_rows()),
        known=known,
        test=test,
        movies=movies,
        split=str(result.config.get("asks") or result.config.get("split", "")),
    )


def _restored(name: str, arrays: dict[str, np.ndarray], directory: Path) -> Any:
    """The recommender that its arrays make up."""
    try:
        return specification(name).load(arrays)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise DataError(
            f"expected the arrays of the model {name}, got others ({type(error).__name__}: {error}); was the run made "
            "by another version? If so, fit it again",
            file=directory,
        ) from None


def recommend_for_user(model: StoredModel, user_id: str, k: int) -> pl.DataFrame:
    """The best movies that a user has not rated yet; an unknown user is judged by what the run knows of them.

    Returns:
        ``rank`` (from 1), ``movie_id``, ``movie_title``, ``score``, ``why``.
    """
    recommender, own = model.recommender, model.known.filter(pl.col("user_id") == user_id)
    history = interaction_matrix(own, Vocabulary([user_id]), recommender.movies)
    scores = Scorer.of(recommender, None)([user_id], history)[0]
    ratings = own["user_rating"].to_list() if "user_rating" in own.columns else [None] * own.height
    return _answer(model, scores, history.indices, liked(list(zip(own["movie_id"], ratings, strict=True))), k)


def recommend_for_history(model: StoredModel, rated: History, k: int) -> pl.DataFrame:
    """The best movies for someone of whom only some movies are known, oldest first; nothing is trained.

    Of a movie that is there twice the last time counts. What was disliked, by its rating, is no part of what the model
    is asked with, and not recommended either; what was liked is named as a reason.
    """
    recommender, movie_ids = model.recommender, [movie_id for movie_id, _ in rated]
    history = recommender.movies.encode(movie_ids)
    for movie_id, index in zip(movie_ids, history, strict=True):
        if index < 0:
            raise unknown_movie(movie_id, model.titles, "the model")
    places = csr_matrix((1, len(recommender.movies)), dtype=np.int32).tolil()
    least = model.disliked_below or 0.0
    for place, (movie, (_, rating)) in enumerate(zip(history, rated, strict=True), start=1):
        places[0, movie] = 0 if rating and rating < least else place
    scores = recommender.score_history(csr_matrix(places))[0]
    return _answer(model, np.array(scores, dtype=np.float32), history, liked(rated), k)


@dataclass(frozen=True, eq=False)
class Favourites:
    """What a user likes best, as far as the ratings tell.

    Attributes:
        table: ``movie_id``, ``movie_title`` and ``user_rating`` or ``timestamp``, whichever they are ordered by.
        word: What they are: "highest" where the user's ratings differ, else "latest" where the times do, else "in the
            history".
    """

    table: pl.DataFrame
    word: Order

    def heading(self, user_id: str) -> str:
        """What a table of them is called."""
        rated = self.word != "in the history"
        return f"user {user_id} rated {self.word}" if rated else f"history of user {user_id}"


def favourites(model: StoredModel, user_id: str, k: int) -> Favourites:
    """The movies that a user rated highest, of equal ratings the latest; the latest where no rating is highest.

    Ratings that are all the same say no more than none, and so do times.
    """
    own = model.known.filter(pl.col("user_id") == user_id)
    order = [name for name in ("user_rating", "timestamp") if name in own.columns and own[name].n_unique() > 1]
    best = own.sort(order, descending=True, maintain_order=True).head(k) if order else own.head(k)
    titles = pl.Series("movie_title", _titles(model, best["movie_id"]), dtype=pl.String)
    table = best.with_columns(titles).select("movie_id", "movie_title", *order[:1])
    return Favourites(table, ORDERS[order[0]] if order else "in the history")


def example_user(model: StoredModel) -> str:
    """A user with a history of ordinary length and something held out: the first by id among those in the middle."""
    lengths = model.known.group_by("user_id").len()
    tested = lengths.join(model.test, on="user_id", how="semi")
    middle = (tested if len(tested) else lengths).sort("len", "user_id")
    return str(middle["user_id"][len(middle) // 2])


def _answer(
    model: StoredModel, scores: np.ndarray, history: np.ndarray, liked_ids: Sequence[str], k: int
) -> pl.DataFrame:
    """The table of the best movies outside the history; reasons are of those that were liked."""
    scores[history] = -np.inf
    indices, values = top_k(scores[None, :], k)
    chosen = indices[0][indices[0] >= 0]
    movie_ids = model.recommender.movies.decode(chosen)
    return pl.DataFrame(
        {
            "rank": np.arange(1, len(chosen) + 1, dtype=np.int32),
            "movie_id": movie_ids,
            "movie_title": _titles(model, movie_ids),
            "score": values[0][: len(chosen)],
            "why": _reasons(model, chosen, liked_ids),
        }
    )


def _reasons(model: StoredModel, chosen: np.ndarray, liked_ids: Sequence[str]) -> list[str]:
    """For each chosen movie the two of those that were liked that the model holds most alike."""
    recommender: Any = model.recommender
    movies: Vocabulary = recommender.movies
    places = movies.encode(liked_ids)
    history = np.unique(places[places >= 0])
    raters = dict(model.known.group_by("movie_id").len().iter_rows())
    there = len(history) and len(chosen) and hasattr(recommender, "similarity")
    alike = recommender.similarity(chosen)[:, history] if there else np.zeros((len(chosen), 0))
    reasons = []
    for movie, row in zip(chosen, alike, strict=True):
        nearest = [column for column in np.argsort(-row, kind="stable")[:2] if row[column] > 0]
        if nearest:
            names = [model.titles.get(movies.ids[history[column]], movies.ids[history[column]]) for column in nearest]
            reasons.append("like " + ", ".join(names))
        else:
            reasons.append(rated_by(raters.get(movies.ids[movie], 0)))
    return reasons


def _titles(model: StoredModel, movie_ids: pl.Series) -> list[str]:
    return [model.titles.get(movie_id, movie_id) for movie_id in movie_ids]


@dataclass(frozen=True, eq=False)
class RunSource:
    """A run."""

    model: StoredModel
    data: str = "the run's train data"

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.model.name

    @property
    def movie_ids(self) -> Collection[str]:
        """See ``Source``."""
        return self.model.recommender.movies.ids

    def title(self, movie_id: str) -> str:
        """See ``Source``."""
        return self.model.titles.get(movie_id, movie_id)

    def for_user(self, user_id: str, k: int) -> pl.DataFrame:
        """See ``Source``."""
        return recommend_for_user(self.model, user_id, k)

    def for_history(self, history: History, k: int) -> pl.DataFrame:
        """See ``Source``."""
        return recommend_for_history(self.model, history, k)

    def who(self, user_id: str, k: int) -> UserSummary:
        """See ``Source``."""
        rated = self.model.known.filter(pl.col("user_id") == user_id).height
        if not rated:
            return UserSummary(0, hint=did_you_mean(user_id, self.model.known["user_id"].unique(), 3))
        liked = favourites(self.model, user_id, k)
        return UserSummary(rated, liked.table["movie_title"].to_list(), liked.word)
