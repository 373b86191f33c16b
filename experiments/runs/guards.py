"""Checks for silent errors: they stop a run with the reason before a number is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data import DataError, Dataset, Interactions, Split
from tfrs_lab.models.memory import Sizes, available, gigabytes, needed_by
from tfrs_lab.models.specification import Specification, Trained
from tfrs_lab.models.training.reporter import Reporter

_PAIR = ("user_id", "movie_id")
_SAMPLE = 64
_LEAST_USERS = 10


def check_dataset(dataset: Dataset) -> None:
    """Refuses data of a single user, who cannot be predicted from what others do."""
    users = dataset.ratings["user_id"].unique()
    if len(users) == 1:
        raise DataError(
            f"one user: nothing to learn from others; expected ratings of at least two, got {users[0]}'s alone"
        )


def check_memory(experiment: Specification, config: Any, dataset: Dataset) -> None:
    """Refuses a model that needs more memory than is free, before it starts."""
    ratings = dataset.ratings
    sizes = Sizes(
        rows=ratings.height,
        users=ratings["user_id"].n_unique(),
        movies=max(ratings["movie_id"].n_unique(), dataset.movies.height),
    )
    needed, free = needed_by(experiment.memory, config, sizes), available()
    if free is not None and needed > free:
        raise DataError(f"needs about {gigabytes(needed)} of memory, {gigabytes(free)} are free")


def check_split(split: Split) -> None:
    """Refuses a split whose numbers would mean nothing.

    Raises:
        DataError: A test or validation row is also among those that a model learns from, or the parts do not know each
            other's ids at all, as when one file writes ``7`` and the other ``u7``.
    """
    parts = {"validation": split.validation, "test": split.test}
    for name, held in parts.items():
        others = [split.train] if name == "validation" else [split.train, split.validation]
        known = pl.concat([part.select(_PAIR) for part in others])
        leaked = held.select(_PAIR).join(known, on=_PAIR, how="semi")
        if leaked.height:
            user, movie = leaked.row(0)
            raise DataError(
                f"leakage: expected {name} rows that are not in train, got {leaked.height} that are, such as user "
                f"{user}, movie {movie}"
            )
    for column, cold in (("movie_id", "cold-items"), ("user_id", "cold-users")):
        ids, asked = split.train_and_validation[column].unique(), split.test[column].unique()
        unknown = not asked.is_in(ids.implode()).any()
        if unknown and (split.asks != cold or (split.kind == "files" and _written_otherwise(ids, asked))):
            hint = "; are they written alike in both files?" if split.kind == "files" else ""
            raise DataError(
                f"ids that are in test only: expected some {column} of test to be in train, got none, such as "
                f"{split.test[column][0]!r} beside {split.train[column][0]!r}{hint}"
            )


def _written_otherwise(known: pl.Series, held: pl.Series) -> bool:
    """Whether most ids of one file would be in the other if only their digits counted, as of ``7``, ``u7``, ``007``."""
    bare = [ids.str.replace_all(r"\D", "").str.strip_chars_start("0") for ids in (known, held)]
    return bool(bare[1].ne("").all() and bare[1].is_in(bare[0].implode()).mean() > 0.5)  # type: ignore[operator]


def unknown_share(split: Split) -> str | None:
    """A line on test rows about ids that a model by ids cannot know; None where they are few or the point."""
    if split.asks in ("cold-items", "cold-users", "mixed"):
        return None
    known = split.train_and_validation
    found = []
    for column, what in (("user_id", "users"), ("movie_id", "movies")):
        share = 1 - split.test[column].is_in(known[column].unique().implode()).mean()  # type: ignore[operator]
        if share > 0.2:
            found.append(f"{share:.0%} of the test rows are about {what} that train does not have")
    return "; ".join(found) or None


def check_model(experiment: Specification, trained: Trained, fitted: Interactions, reporter: Reporter) -> None:
    """Refuses a model that has seen what it must not, or whose training has lost everything.

    Raises:
        DataError: Its vocabulary holds ids that were not in these rows.
        FloatingPointError: After its last epoch it ranks all movies alike for all users.
    """
    recommender = trained.recommender
    movies = set() if experiment.by_content else set(recommender.movies.ids) - set(fitted.movies.ids)
    users = set(recommender.users.ids) - set(fitted.users.ids)
    for what, ids in (("movies", movies), ("users", users)):
        if ids:
            raise DataError(
                f"vocabulary beyond train: expected {experiment.name} to know the {what} that it was fitted on, got "
                f"{len(ids)} more, such as {min(ids)!r}; was it built on test?"
            )
    if experiment.personal and same_lists(recommender, fitted):
        problem = f"{experiment.name} has collapsed: it gives everybody the same order of all movies"
        if trained.history:
            raise FloatingPointError(f"{problem}; try a smaller learning_rate, and look at the loss in history.csv")
        reporter.line(f"warning: {problem}; try less regularization")


def same_lists(recommender: Any, fitted: Interactions) -> bool:
    """Whether some users that the model knows all get the same ranking, though they differ.

    Users differ by two movies or more that nobody else of these has rated alike; False where such are too few to tell.
    """
    users = len(recommender.users)
    if users < _LEAST_USERS or len(recommender.movies) < 2:
        return False
    sample = np.unique(np.linspace(0, users - 1, _SAMPLE).astype(np.int32))
    rows = fitted.matrix[fitted.users.encode([recommender.users.ids[user] for user in sample])]
    histories = {rows[[row]].indices.tobytes() for row in range(len(sample)) if rows[[row]].nnz > 1}
    if len(histories) < _LEAST_USERS:
        return False
    order = np.argsort(-np.asarray(recommender.score(sample)), axis=1, kind="stable")
    return bool((order == order[0]).all())
