"""What parts of the retrieval model cannot learn from the data at hand: said, since no number shows it."""

from __future__ import annotations

import numpy as np

from tfrs_lab.data import Interactions
from tfrs_lab.models.multitask.model import impossible_tasks
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.training.data import TrainingData

CATALOGUE_WIDE = ("id", "history", "reconstruction", "joint")
"""Parts that score every movie for every user at each epoch."""


_SECONDS_PER_SCORE = 1.3e-7
"""Of a user and a movie at one epoch, on two cores: measured from 1,000 users and 1,700 movies to 19,000 and 12,000."""


def too_long(config: RetrievalConfig, rows: Interactions) -> dict[str, float]:
    """Estimated hours of the parts whose two fits would take longer than ``config.max_hours``.

    An estimate by size, not by the clock: the same data give the same model on every machine.

    Args:
        config: What is to be fitted.
        rows: What it will be fitted on.
    """
    scores = len(rows.users) * len(rows.movies)
    epochs = {name: getattr(config, name).epochs for name in CATALOGUE_WIDE if name in config.parts}
    hours = {name: 2 * count * scores * _SECONDS_PER_SCORE / 3600 for name, count in epochs.items()}
    return {name: value for name, value in hours.items() if value > config.max_hours}


def nothing_to_learn(config: RetrievalConfig, rows: Interactions) -> dict[str, str]:
    """Parts that the data gives nothing to learn from → why.

    Args:
        config: What is to be fitted.
        rows: What it will be fitted on.
    """
    alone = "sequence" in config.parts and np.bincount(rows.user).max(initial=0) < 2
    return {"sequence": "no user has two movies, nothing follows anything"} if alone else {}


def left_out(config: RetrievalConfig, data: TrainingData) -> list[str]:
    """A line for each such part or task.

    Args:
        config: What is to be fitted.
        data: What it will be fitted on.
    """
    movies = len(data.rows.movies)
    lines = [
        f"{name}: left out, would take about {hours:.0f} hours; --retrieval.max-hours allows it"
        for name, hours in too_long(config, data.rows).items()
    ]
    lines += [f"{name}: left out, {why}" for name, why in nothing_to_learn(config, data.rows).items()]
    if "joint" in config.parts:
        why = impossible_tasks(data)
        lines += [f"joint: without the {task} task: {why[task]}" for task in config.joint.tasks if task in why]
    if "linear" in config.parts and movies > config.linear.max_movies:
        lines.append(
            f"linear: the {config.linear.max_movies:,} most rated of {movies:,} movies take part, the others score 0; "
            "--retrieval.linear.max-movies N takes more, in 12 · N² bytes"
        )
    if not {"recency", "linear", "sequence"}.isdisjoint(config.parts):
        lines += _without_time(config, data)
    return lines


def _without_time(config: RetrievalConfig, data: TrainingData) -> list[str]:
    """The same of parts that go by time, where there is none or it tells nothing."""
    times = data.rows.timestamp
    if times is not None and times.min() < times.max():
        return []
    if times is None:
        effects = {
            "linear": "no sessions",
            "recency": "trends are popularity, nothing follows anything",
            "sequence": "the order of the rows is taken for the order of time",
        }
        why = "no timestamps"
    else:
        order = "the order of the rows is taken for the order of time"
        effects = {"linear": order, "recency": f"trends are popularity, {order}", "sequence": order}
        why = "all timestamps are equal"
    return [f"{part}: {why}: {effects[part]}" for part in effects if part in config.parts]
