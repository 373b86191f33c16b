"""The hybrid: one model that ranks movies with and without ratings together, and predicts ratings."""

from tfrs_lab.models.hybrid.config import HybridConfig
from tfrs_lab.models.hybrid.recommender import HybridRecommender
from tfrs_lab.models.memory import of_hybrid
from tfrs_lab.models.specification import Specification, fitted_by

SPECIFICATION = Specification(
    name="hybrid",
    summary="one network for lists, ratings and new movies: collaborative and content scores on one scale",
    config=HybridConfig,
    fit=fitted_by("hybrid.fit.fit_hybrid"),
    load=HybridRecommender.from_state,
    memory=of_hybrid,
    by_content=True,
)
