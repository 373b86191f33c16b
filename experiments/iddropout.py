"""Retrieval by ids and features together, whose ids are dropped in training: one model for rated and unrated movies."""

from data import Interactions
from experiments.experiment import Experiment, FitContext, Trained
from experiments.quick_import import quick_import
from models.factors import FactorRecommender
from models.id_dropout_config import IdDropoutConfig


def fit(config: IdDropoutConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the model; see ``experiments.fit_iddropout``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from experiments.fit_iddropout import fit_iddropout

    return fit_iddropout(config, rows, context)


EXPERIMENT = Experiment(
    name="iddropout",
    summary="one pair of towers over ids and features, ids dropped in training: the usual hybrid, a peer of ours",
    config=IdDropoutConfig,
    fit=fit,
    load=FactorRecommender.from_state,
    by_content=True,
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
