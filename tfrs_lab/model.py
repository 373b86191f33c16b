"""A fitted model, and everything that can be asked of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import DataError, Dataset, Split, Vocabulary
from tfrs_lab.experiments.command_line.options import RunOptions
from tfrs_lab.experiments.command_line.settings import Settings
from tfrs_lab.experiments.display.explorer import Explorer
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.runs.fit_on_split import Fits
from tfrs_lab.experiments.runs.replicates import Source
from tfrs_lab.experiments.runs.run import Run, save_fits
from tfrs_lab.experiments.storage.stored_model import StoredModel
from tfrs_lab.models.specification import Specification
from tfrs_lab.models.training.reporter import reporter_here


class Embeddings(NamedTuple):
    """Vectors whose dot products are scores, as numpy arrays.

    Attributes:
        queries: [users, dim] float32.
        candidates: [movies, dim] float32.
        user_ids: Of the rows of ``queries``.
        movie_ids: Of the rows of ``candidates``.
    """

    queries: np.ndarray
    candidates: np.ndarray
    user_ids: list[str]
    movie_ids: list[str]


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A fitted model with the data that it belongs to.

    What ``fit``, ``open``, ``from_towers`` and ``from_tfrs`` return. It is a ``Recommender`` too, so that
    ``tfrs_lab.evaluation.evaluate`` takes it.

    Attributes:
        name: The experiment's name, or the one that was given.
        recommender: What scores.
        config: The configuration that it was fitted with; of a run on disk, its settings as a dictionary.
        history: A row of losses and metrics per epoch; empty for models that know none.
        split: What it was fitted on and is tested with.
        dataset: Titles, and features of movies and users.
        specification: The experiment.
        fits: Both fits; None for a run on disk.
        seed: Of everything random.
        directory: The run's; None for what was fitted here.
    """

    name: str
    recommender: Any
    config: Any
    history: pl.DataFrame
    split: Split
    dataset: Dataset
    specification: Specification
    fits: Fits | None = None
    seed: int = 0
    directory: Path | None = field(default=None)

    @property
    def users(self) -> Vocabulary:
        """The users that it knows from fitting."""
        users: Vocabulary = self.recommender.users
        return users

    @property
    def movies(self) -> Vocabulary:
        """The movies that it scores."""
        movies: Vocabulary = self.recommender.movies
        return movies

    @property
    def explorer(self) -> Explorer:
        """The model with titles, to look at by hand."""
        titles = dict(self.dataset.movies.select("movie_id", "movie_title").iter_rows())
        known, asks = self.split.train_and_validation, self.split.asks
        return Explorer(
            StoredModel(self.name, self.recommender, titles, known, self.split.test, self.dataset.movies, asks)
        )

    def score(self, users: np.ndarray) -> np.ndarray:
        """[batch, movies] float32 for users [batch], int32 indices into ``users``; -1 for an unknown one."""
        scores: np.ndarray = self.recommender.score(users)
        return scores

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """[batch, movies] float32 for histories [batch, movies]; see ``Recommender.score_history``."""
        scores: np.ndarray = self.recommender.score_history(history, user_ids)
        return scores

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: how alike movies [batch], indices into ``movies``, and all are."""
        alike: np.ndarray = self.recommender.similarity(movies)
        return alike

    def recommend(
        self, user: str | Sequence[str] | None = None, *, history: Sequence[str] | None = None, k: int = 10
    ) -> ResultTable:
        """The best movies for a user, for several, or for anyone who names some movies; see ``Explorer.recommend``."""
        return self.explorer.recommend(user, history=history, k=k)

    def similar(self, movie: str, k: int = 10) -> ResultTable:
        """The movies that the model holds most alike, by id, title or part of a title; see ``Explorer.similar``."""
        return self.explorer.similar(movie, k)

    def embeddings(self) -> Embeddings:
        """The vectors of users and movies.

        Raises:
            ValueError: The model has none.
        """
        owner = getattr(self.recommender, "warm", getattr(self.recommender, "retrieval", self.recommender))
        for names in (("queries", "candidates"), ("user_factors", "movie_factors"), ("user_vectors", "movie_vectors")):
            if all(hasattr(owner, name) for name in names):
                queries, candidates = (np.asarray(getattr(owner, name)) for name in names)
                return Embeddings(queries, candidates, list(owner.users.ids), list(owner.movies.ids))
        raise ValueError(
            f"expected a model with a vector per user and movie, such as retrieval, ials or content, got {self.name}"
        )

    def save(self, directory: str | Path, *, overwrite: bool = False) -> Path:
        """Writes a run directory, which ``tl.open`` and the commands read: the model is scored, and has a report.

        Args:
            directory: New or empty.
            overwrite: Replace a run there.

        Returns:
            The directory.

        Raises:
            DataError: Something else is there.
        """
        out = Path(directory).expanduser()
        if self.fits is not None:
            save_fits(self._run(), self.fits, self.split, out, overwrite=overwrite)
            return out
        if self.directory is not None and out.resolve() != self.directory.resolve():
            if out.exists() and any(out.iterdir()) and not overwrite:
                raise DataError("expected a new or empty directory, or overwrite=True", file=out)
            shutil.copytree(self.directory, out, dirs_exist_ok=True)
        return out

    def export(
        self, directory: str | Path, *, index: Literal["scann", "brute-force"] | None = None, min_recall: float = 0.95
    ) -> Path:
        """Writes the next version of a SavedModel, which any TensorFlow process can serve.

        Args:
            directory: Holds the versions ``1``, ``2``, ...
            index: How movies are found; None: ScaNN where it can be had.
            min_recall: An index that finds a smaller share of the best movies is refused.

        Returns:
            The version's directory.

        Raises:
            DataError: The model cannot be served, or the index finds too little.
        """
        from tfrs_lab.experiments.export.export import export_run  # loads TensorFlow

        out, reporter = Path(directory).expanduser(), reporter_here()
        if self.directory is not None:
            return export_run(self.directory, out, index, min_recall, reporter).version
        with tempfile.TemporaryDirectory() as temporary:
            run = Path(temporary) / self.name
            save_fits(self._run(), self.fits, self.split, run, report=False)  # type: ignore[arg-type]
            return export_run(run, out, index, min_recall, reporter).version

    def _run(self) -> Run:
        settings = Settings(RunOptions(seed=self.seed), {self.specification.name: self.config})
        source = Source(self.dataset, self.split.kind, lambda seed: self.split, self.split.asks)
        return Run(self.specification, settings, source, reporter_here())

    def __repr__(self) -> str:
        where = f" in {self.directory}" if self.directory else ""
        return f"<{self.name}: {len(self.users):,} users, {len(self.movies):,} movies, {self.dataset.name}{where}>"

    def _repr_html_(self) -> str:
        last = self.history.tail(3)._repr_html_() if self.history.height else ""
        return f"<code>{escape(repr(self))}</code>{last}"
