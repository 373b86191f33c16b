"""What produces a number: experiments, training, comparison and the command line. No other room imports this one."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Loads ``experiments.fit`` when it is first asked for, so that the command line starts at once."""
    if name == "fit":
        from experiments.fitting import fit

        return fit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
