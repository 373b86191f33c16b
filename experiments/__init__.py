"""What produces a number: experiments, training, comparison and the command line. No other room imports this one."""

import importlib
from typing import Any

LAZY = {"fit": "fitting", "compare": "comparison", "explore": "explorer"}
"""What a notebook calls → the module that has it."""


def __getattr__(name: str) -> Any:
    """Loads ``experiments.fit`` and the like when first asked for, so that the command line starts at once."""
    if name in LAZY:
        return getattr(importlib.import_module(f"experiments.{LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
