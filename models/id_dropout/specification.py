"""Retrieval by ids and features together, whose ids are dropped in training: one model for rated and unrated movies."""

from tfrs_lab.models.id_dropout.config import IdDropoutConfig
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import Specification, fitted_by

SPECIFICATION = Specification(
    name="iddropout",
    summary="one pair of towers over ids and features, ids dropped in training: the usual hybrid, a peer of ours",
    config=IdDropoutConfig,
    fit=fitted_by("id_dropout.fit.fit_iddropout"),
    load=FactorRecommender.from_state,
    by_content=True,
)
