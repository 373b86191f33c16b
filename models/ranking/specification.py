"""Ranking by predicted ratings: collaborative embeddings of histories on both sides, trained on TFRS's ranking task."""

from tfrs_lab.models.memory import of_ranking
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.recommender import RatingRecommender
from tfrs_lab.models.specification import Specification, fitted_by

SPECIFICATION = Specification(
    name="ranking",
    summary="predicts ratings from what else user and movie were rated; as a recommender it ranks by them",
    config=RatingConfig,
    fit=fitted_by("ranking.fit.fit_ranking"),
    load=RatingRecommender.from_state,
    memory=of_ranking,
    personal=False,  # the biases of movies alone may decide its order, and its ratings be good
    by_content=True,
)
