"""Ablations: each module here asks what one part of a model is worth, and names the settings that answer it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAMES = tuple(module.name for module in pkgutil.iter_modules(__path__))


@dataclass(frozen=True)
class Ablation:
    """A question, and the variants of an experiment that answer it.

    Attributes:
        question: What the table answers.
        experiment: Name of the experiment whose default is compared with the variants.
        variants: Name → fields of the configuration (dotted where nested) and the values that they take instead. A
            variant that happens to be the default is left out of the table.
        base: Fields in which the default that is asked about differs from the experiment's.
    """

    question: str
    experiment: str
    variants: Mapping[str, Mapping[str, Any]]
    base: Mapping[str, Any] = field(default_factory=dict)


def ablation(name: str) -> Ablation:
    """The ablation of that name, from the module ``tfrs_lab.experiments.ablations.<name>``."""
    found: Ablation = importlib.import_module(f"tfrs_lab.experiments.ablations.{name}").ABLATION
    return found
