"""Ranking by predicted ratings: collaborative embeddings of histories on both sides, trained on TFRS's ranking task."""

from data import Interactions
from experiments.experiment import Experiment, FitContext, Trained
from experiments.memory import of_ranking
from experiments.quick_import import quick_import
from models.rating_config import RatingConfig
from models.rating_model import RatingRecommender


def fit(config: RatingConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the model; see ``experiments.fit_ranking``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from experiments.fit_ranking import fit_ranking

    return fit_ranking(config, rows, context)


EXPERIMENT = Experiment(
    name="ranking",
    summary="predicts ratings from what else user and movie were rated; as a recommender it ranks by them",
    config=RatingConfig,
    fit=fit,
    load=RatingRecommender.from_state,
    memory=of_ranking,
    personal=False,  # the biases of movies alone may decide its order, and its ratings be good
    by_content=True,
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
