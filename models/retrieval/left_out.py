"""What parts of the retrieval model cannot learn from the data at hand, or not in time: said, since no number does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from tfrs_lab.data import Interactions
from tfrs_lab.models.closed_form.linear import participants
from tfrs_lab.models.closed_form.transitions import farthest, longest_reach
from tfrs_lab.models.multitask.model import impossible_tasks
from tfrs_lab.models.retrieval.config import CATALOGUE_WIDE, RetrievalConfig
from tfrs_lab.models.training.data import TrainingData

_SECONDS_PER_SCORE = 1.3e-7
"""Of a user and a movie at one epoch, on two cores: measured from 1,000 users and 1,700 movies to 19,000 and 12,000."""
_SECONDS_PER_EVENT = 1.5e-4
"""Of an event at one epoch of the sequence encoder, on two cores."""
LEAST_EPOCHS = 2
"""With fewer a tower is not worth its time."""
_ALLOWED = "--retrieval.budget MINUTES allows it"


def affordable(
    config: RetrievalConfig, rows: Interactions, out: Collection[str]
) -> tuple[RetrievalConfig, dict[str, str]]:
    """The configuration with as many epochs of the sequence as fit into the budget, and why other parts are left out.

    An estimate by size, not by the clock: the same data give the same model on every machine. Towers that score every
    movie for every user complement each other: they are trained together or not at all.

    Args:
        config: What is asked for.
        rows: Train rows.
        out: Parts that are left out for another reason.
    """
    left = config.budget
    found: dict[str, str] = {}
    wide = [name for name in config.parts if name in CATALOGUE_WIDE and name not in out]
    minutes = sum(getattr(config, name).epochs * minutes_per_epoch(rows) for name in wide)
    if minutes > left:
        together = " together" if len(wide) > 1 else ""
        found |= dict.fromkeys(wide, f"would take about {minutes:,.0f} minutes{together}; {_ALLOWED}")
    else:
        left -= minutes
    if "sequence" in config.parts and "sequence" not in out:
        epochs, minutes = config.sequence.epochs, 2 * len(rows) * _SECONDS_PER_EVENT / 60
        fitting = min(int(left / minutes), epochs)
        if fitting < min(LEAST_EPOCHS, epochs):
            found["sequence"] = f"would take about {epochs * minutes:,.0f} minutes; {_ALLOWED}"
        config = replace(config, sequence=replace(config.sequence, epochs=max(fitting, 1)))
    return config, found


def minutes_per_epoch(rows: Interactions) -> float:
    """Of towers that score every movie for every user, in both fits together; an estimate by size."""
    return 2 * len(rows.users) * len(rows.movies) * _SECONDS_PER_SCORE / 60


def order_leads(values: Sequence[np.ndarray]) -> tuple[bool, str]:
    """Whether transitions predict better than taste, by more than a standard error; and what it says of the others.

    Args:
        values: [users] nDCG@10 of taste, and of transitions if there are any.
    """
    if len(values) == 1:
        return False, "nothing follows anything"
    gain = values[1] - values[0]
    leads = bool(gain.mean() > gain.std() / max(len(gain), 1) ** 0.5)
    taste, order = (value.mean() for value in values)
    winner = f"what follows what predicts better than taste ({order:.3f} against {taste:.3f})"
    loser = f"what follows what predicts no better than taste ({order:.3f} against {taste:.3f})"
    return leads, f"{winner if leads else loser}; --retrieval.towers all trains it"


def nothing_to_learn(config: RetrievalConfig, rows: Interactions) -> dict[str, str]:
    """Parts that the data gives nothing to learn from, or that want a package that is not there → why."""
    found: dict[str, str] = {}
    if "ials" in config.parts and find_spec("implicit") is None:
        found["ials"] = "it needs the package implicit: pip install 'tfrs-lab[baselines]'"
    by_order = [name for name in ("sequence", "transitions") if name in config.parts]
    if by_order and np.bincount(rows.user).max(initial=0) < 2:  # shards have no column of users
        found |= dict.fromkeys(by_order, "no user has two movies, nothing follows anything")
    return found


def left_out(config: RetrievalConfig, data: TrainingData) -> list[str]:
    """A line for each part or task that is not what it would be with more data."""
    movies, lines = len(data.rows.movies), []
    most = participants(config.linear, data.rows)
    if "joint" in config.parts:
        why = impossible_tasks(data)
        lines += [f"joint: without the {task} task: {why[task]}" for task in config.joint.tasks if task in why]
    if "linear" in config.parts and movies > most:
        lines.append(
            f"linear: the {most:,} most rated of {movies:,} movies take part, the others score 0; "
            "--retrieval.linear.max-movies N takes more, in 16 · N² bytes"
        )
    reach = longest_reach(len(data.rows))
    if "transitions" in config.parts and data.rows.timestamp is not None and reach < farthest(config.transitions):
        lines.append(f"transitions: of so many ratings what follows is counted {reach} places ahead at most")
    return lines + _without_time(config, data)


def _without_time(config: RetrievalConfig, data: TrainingData) -> list[str]:
    """The same of parts that go by time, where there is none or it tells nothing."""
    times = data.rows.timestamp
    if times is not None and times.min() < times.max():
        return []
    order = "the order of the rows is taken for the order of time"
    if times is None:
        why, linear, follows = "no timestamps", "no sessions", "left out, nothing follows anything"
    else:
        why, linear, follows = "all timestamps are equal", order, order
    effects = {"linear": linear, "sequence": order, "transitions": follows, "trend": "it is popularity"}
    if times is None and config.towers == "auto" and "transitions" in config.parts:
        del effects["sequence"]  # it is left out, which another line says
    return [f"{part}: {why}: {effects[part]}" for part in effects if part in config.parts]
