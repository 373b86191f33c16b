"""What an experiment is: a name, a configuration and a way to fit a recommender to rows of ratings."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tfrs_lab.data import Dataset, Interactions, Vocabulary
from tfrs_lab.data.features import movie_features, title_words, user_features
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models import quick_import
from tfrs_lab.models.memory import Estimate
from tfrs_lab.models.training.reporter import Reporter

if TYPE_CHECKING:
    from tfrs_lab.models.training.cluster import Cluster


WEIGHTS = "weights.npz"
"""Beside the checkpoints of a part: its weights at the end, with the ids of users and movies."""


class WarmStart(Protocol):
    """Weights of an earlier run to start from."""

    def hand_over(self, part: str, model: Any, rows: Interactions) -> None:
        """Gives a part of a new model the weights that the run has for it."""


@dataclass(frozen=True)
class FitContext:
    """The circumstances of one fit.

    Attributes:
        seed: Seed of everything random.
        checkpoints: Directory of this fit's checkpoints; the same again after an interruption.
        tensorboard: Directory of this fit's TensorBoard logs.
        reporter: Progress reporter.
        asks: The kind of split whose question validation and test ask, a key of ``data.SPLITS``.
        monitor: Validation nDCG@10 of a recommender, for early stopping; None where there is nothing to validate on.
        plan: What an earlier fit found on validation, such as the number of epochs; None to let the monitor decide.
        dataset: Movies and users of the ratings, for models that use features; None where only ratings are known.
        start: The run that the model is warm-started from; None to start anew.
        cluster: The processes or devices that train together; None for this process alone.
        tune_baselines: Whether baselines choose on validation what their configuration leaves open.
    """

    seed: int
    checkpoints: Path
    tensorboard: Path
    reporter: Reporter = field(default_factory=Reporter)
    asks: str = "random"
    monitor: Monitor | None = None
    plan: dict[str, Any] | None = None
    dataset: Dataset | None = None
    start: WarmStart | None = None
    cluster: Cluster | None = None
    tune_baselines: bool = True

    def inside(self, part: str) -> FitContext:
        """The same with directories of a part's own."""
        return replace(self, checkpoints=self.checkpoints / part, tensorboard=self.tensorboard / part)

    def notice(self, text: str) -> None:
        """A line on what the data does not allow of what was asked; only in the fit whose plan others follow."""
        if self.plan is None:
            self.reporter.line(text)

    def features(
        self, users: Vocabulary, movies: Vocabulary, *, words: int = 0, known: Vocabulary | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """[users, features] and [movies, features] float32, without columns where nothing is known.

        The ``words`` most frequent words in titles of the movies of train, ``known``, are features too.
        """
        if self.dataset is None:
            return np.zeros((len(users), 0), np.float32), np.zeros((len(movies), 0), np.float32)
        table = self.dataset.movies
        texts = title_words(table, movies, known or movies, words)
        return user_features(self.dataset.users, users), np.hstack([movie_features(table, movies), texts])


@dataclass(frozen=True)
class Trained:
    """What a fit returns.

    Attributes:
        recommender: The fitted recommender; it has a ``state`` method whose arrays ``Specification.load`` takes.
        plan: What was best on validation, in plain JSON types, for a second fit; None for models with nothing to find.
        history: One row of losses and metrics per epoch.
        notes: What a table with this model should say of it, a short line each: "rank 512: …", "chosen on
            validation: …".
    """

    recommender: Any
    plan: dict[str, Any] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    notes: tuple[str, ...] = ()


Fit = Callable[[Any, Interactions, FitContext], Trained]


def fitted_by(path: str) -> Fit:
    """A fit that loads TensorFlow only when it begins.

    Args:
        path: Of the function inside ``tfrs_lab.models``, such as ``content.fit.fit_content``.
    """

    def fit(config: Any, rows: Interactions, context: FitContext) -> Trained:
        module, _, name = path.rpartition(".")
        with quick_import():
            function: Fit = getattr(importlib.import_module(f"tfrs_lab.models.{module}"), name)
        return function(config, rows, context)

    return fit


@dataclass(frozen=True)
class Specification:
    """One kind of recommender that can be run, compared and asked.

    Attributes:
        name: As on the command line.
        summary: One line for help texts.
        config: Dataclass of its options.
        fit: From a config, encoded train rows and the circumstances to a fitted recommender.
        load: From the arrays of a fitted recommender's ``state`` to the recommender.
        personal: Whether its order of the movies has to differ between users.
        by_content: Whether it knows movies by features, and so those without a rating too.
        by_time: Whether time is all that it knows, so that it is nothing without.
        settled: From a configuration to the same with defaults in place of what it leaves open to be chosen.
        memory: Estimates the bytes that a fit needs beyond what any model needs; None for little.
    """

    name: str
    summary: str
    config: type
    fit: Fit
    load: Callable[[dict[str, np.ndarray]], Any]
    personal: bool = True
    by_content: bool = False
    by_time: bool = False
    settled: Callable[[Any], Any] = lambda config: config
    memory: Estimate | None = None
