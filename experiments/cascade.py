"""The cascade: retrieval, then a ranker that knows what retrieval cannot."""

from data import Interactions
from experiments.experiment import Experiment, FitContext, Trained
from experiments.memory import of_cascade
from experiments.quick_import import quick_import
from models.cascade_config import CascadeConfig
from models.cascade_model import CascadeRecommender


def fit(config: CascadeConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits both; see ``experiments.fit_cascade``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from experiments.fit_cascade import fit_cascade

    return fit_cascade(config, rows, context)


EXPERIMENT = Experiment(
    name="cascade",
    summary="retrieve, filter, rank: retrieval's best movies in the order of a ranker, where validation gains by it",
    config=CascadeConfig,
    fit=fit,
    load=CascadeRecommender.from_state,
    memory=of_cascade,
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
