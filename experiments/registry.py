"""The experiments by name. Loads no TensorFlow: fits import it when they begin."""

from __future__ import annotations

import importlib

from experiments.experiment import Experiment

NAMES = (
    "popularity",
    "recency",
    "random",
    "itemknn",
    "ease",
    "ials",
    "contentknn",
    "userridge",
    "ialsridge",
    "lightfm",
    "retrieval",
    "ranking",
    "cascade",
    "content",
    "iddropout",
    "hybrid",
)


def experiment(name: str) -> Experiment:
    """The experiment of that name, from the module ``experiments.<name>``.

    Raises:
        ValueError: There is none; a name that stands in a file imports nothing else.
    """
    if name not in NAMES:
        raise ValueError(f"expected an experiment ({', '.join(NAMES)}), got {name!r}")
    found: Experiment = importlib.import_module(f"experiments.{name}").EXPERIMENT
    return found
