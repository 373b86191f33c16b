"""Makes an experiment of a baseline of the evaluation room."""

from __future__ import annotations

from typing import Any

from data import Interactions
from evaluation import BASELINES
from experiments.experiment import Experiment, FitContext, Trained


def baseline_experiment(name: str, summary: str) -> Experiment:
    """The experiment that fits ``BASELINES[name]``."""
    baseline = BASELINES[name]

    def fit(config: Any, rows: Interactions, context: FitContext) -> Trained:
        return Trained(baseline.fit(rows, config, seed=context.seed))

    return Experiment(name=name, summary=summary, config=baseline.config, fit=fit, load=baseline.restore)
