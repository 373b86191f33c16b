"""Content-based retrieval: movies are what they are made of, users what they rated and who they are; no ids."""

from tfrs_lab.models.content.config import ContentConfig
from tfrs_lab.models.content.recommender import ContentRecommender
from tfrs_lab.models.memory import of_content
from tfrs_lab.models.specification import Specification, fitted_by

SPECIFICATION = Specification(
    name="content",
    summary="titles, genres, dates and demographics, no ids: ranks movies that nobody has rated",
    config=ContentConfig,
    fit=fitted_by("content.fit.fit_content"),
    load=ContentRecommender.from_state,
    memory=of_content,
    by_content=True,
)
