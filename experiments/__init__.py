"""Experiments and the command line: runs, comparisons, reports. No other room imports this one."""

import importlib
from typing import Any

LAZY = {"fit": "runs.fit_on_split", "compare": "runs.comparison", "explore": "display.explorer"}
"""What a notebook calls → the module that has it."""


def __getattr__(name: str) -> Any:
    """Loads ``tfrs_lab.experiments.fit`` and the like when first asked for, so that the command line starts at once."""
    if name in LAZY:
        return getattr(importlib.import_module(f"tfrs_lab.experiments.{LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
