"""What can be evaluated: models of the kit, and anything that has users, movies and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import Dataset, Split, Vocabulary, load_files
from tfrs_lab.evaluation import Recommender
from tfrs_lab.model import Model

NEEDED = ("users", "movies", "score")


@dataclass(frozen=True)
class OnlyScores:
    """An object with ``users``, ``movies`` and ``score``: users whom it does not know get what it says of user -1."""

    own: Any

    @property
    def users(self) -> Vocabulary:
        """The object's users."""
        return _vocabulary(self.own.users)

    @property
    def movies(self) -> Vocabulary:
        """The object's movies."""
        return _vocabulary(self.own.movies)

    def score(self, users: np.ndarray) -> np.ndarray:
        """[batch, movies] float32."""
        return np.asarray(self.own.score(users), np.float32)

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """[batch, movies] float32: what it has for users it does not know."""
        return self.score(np.full(history.shape[0], -1, np.int32))


def as_recommender(model: Any) -> Any:
    """The recommender of a model of any kind.

    Raises:
        ValueError: It is none; names what it lacks.
    """
    if isinstance(model, Model):
        return model.recommender
    if isinstance(model, Recommender):
        return model
    if missing := [name for name in NEEDED if not hasattr(model, name)]:
        raise ValueError(
            f"expected a model with {', '.join(NEEDED)}, got a {type(model).__name__} without {', '.join(missing)}; "
            "Keras models go through tl.from_towers, a tfrs.Model through tl.from_tfrs"
        )
    return OnlyScores(model)


def dataset_of(split: Split) -> Dataset:
    """What was split; of a split made by hand, its own rows."""
    if split.dataset is not None:
        return split.dataset
    return load_files(pl.concat([split.train, split.validation, split.test]))


def _vocabulary(ids: Any) -> Vocabulary:
    return ids if isinstance(ids, Vocabulary) else Vocabulary(list(ids))
