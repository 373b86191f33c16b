"""Retrieval on TensorFlow Recommenders: pairs of towers and closed-form parts, trained one by one, in one vector."""

from dataclasses import dataclass
from typing import Any

from tfrs_lab.data import Interactions
from tfrs_lab.models.memory import of_retrieval
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext, Specification, Trained, fitted_by

SPECIFICATION = Specification(
    name="retrieval",
    summary="two towers on TFRS: taste, order and time in one vector",
    config=RetrievalConfig,
    fit=fitted_by("retrieval.fit.fit_retrieval"),
    load=FactorRecommender.from_state,
    memory=of_retrieval,
)


@dataclass(frozen=True)
class OwnTowersConfig:
    """There is nothing to configure: such towers come trained."""


def _trained_elsewhere(config: Any, rows: Interactions, context: FitContext) -> Trained:
    raise ValueError("expected an experiment that can be fitted, got towers, which come trained: tl.from_towers")


OWN_TOWERS = Specification(
    name="towers",
    summary="two Keras models that were trained elsewhere",
    config=OwnTowersConfig,
    fit=_trained_elsewhere,
    load=FactorRecommender.from_state,
)
"""What is read of a run of ``tl.from_towers``; no experiment that could be run."""
