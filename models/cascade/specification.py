"""The cascade: retrieval, then a ranker that knows what retrieval cannot."""

from tfrs_lab.models.cascade.config import CascadeConfig
from tfrs_lab.models.cascade.recommender import CascadeRecommender
from tfrs_lab.models.memory import of_cascade
from tfrs_lab.models.specification import Specification, fitted_by

SPECIFICATION = Specification(
    name="cascade",
    summary="retrieve, filter, rank: retrieval's best movies in the order of a ranker, where validation gains by it",
    config=CascadeConfig,
    fit=fitted_by("cascade.fit.fit_cascade"),
    load=CascadeRecommender.from_state,
    memory=of_cascade,
)
