"""Retrieval on TensorFlow Recommenders: pairs of towers and closed-form parts, trained one by one, in one vector."""

from tfrs_lab.models.memory import of_retrieval
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import Specification, fitted_by

SPECIFICATION = Specification(
    name="retrieval",
    summary="two towers on TFRS: taste, order and time in one vector",
    config=RetrievalConfig,
    fit=fitted_by("retrieval.fit.fit_retrieval"),
    load=FactorRecommender.from_state,
    memory=of_retrieval,
)
