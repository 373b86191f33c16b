"""What became of the experiments of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfrs_lab.experiments.storage.results import Result


@dataclass(frozen=True)
class Comparison:
    """What became of the experiments.

    Attributes:
        names: Of the experiments, in the order of the rows.
        about: ``dataset`` and ``split``, their names.
        results: Of those that ran, in the order in which they were named.
        failed: Name of each other one → why, in one line.
        differences: ``differences`` of the results; empty without any.
    """

    names: Sequence[str]
    about: Mapping[str, str]
    results: Sequence[Result]
    failed: Mapping[str, str]
    differences: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """What ``--json`` prints: ``dataset``, ``split``, ``runs``, ``differences`` and ``failed``."""
        return {
            **self.about,
            "runs": to_json(self.results),
            "differences": dict(self.differences),
            "failed": dict(self.failed),
        }


def to_json(results: Sequence[Result]) -> dict[str, Any]:
    """Experiment name → metrics of its run, and its seconds."""
    return {result.name: {**result.metrics, "seconds": result.seconds} for result in results}
