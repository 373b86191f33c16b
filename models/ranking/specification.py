"""Ranking by predicted ratings: collaborative embeddings of histories on both sides, trained on TFRS's ranking task."""

from tfrs_lab.data import Interactions
from tfrs_lab.models.memory import of_ranking
from tfrs_lab.models.quick_import import quick_import
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.recommender import RatingRecommender
from tfrs_lab.models.specification import FitContext, Specification, Trained


def fit(config: RatingConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the model; see ``tfrs_lab.models.ranking.fit``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from tfrs_lab.models.ranking.fit import fit_ranking

    return fit_ranking(config, rows, context)


SPECIFICATION = Specification(
    name="ranking",
    summary="predicts ratings from what else user and movie were rated; as a recommender it ranks by them",
    config=RatingConfig,
    fit=fit,
    load=RatingRecommender.from_state,
    memory=of_ranking,
    personal=False,  # the biases of movies alone may decide its order, and its ratings be good
    by_content=True,
)
