"""What parts of the retrieval model cannot learn from the data at hand: said, since no number shows it."""

from __future__ import annotations

from models.joint import impossible_tasks
from models.retrieval import RetrievalConfig
from models.training_data import TrainingData


def left_out(config: RetrievalConfig, data: TrainingData) -> list[str]:
    """A line for each such part or task.

    Args:
        config: What is to be fitted.
        data: What it will be fitted on.
    """
    lines, movies = [], len(data.rows.movies)
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
