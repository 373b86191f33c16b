"""Retrieval on TensorFlow Recommenders: pairs of towers and closed-form parts, trained one by one, in one vector."""

from data import Interactions
from experiments.experiment import Experiment, FitContext, Trained
from experiments.memory import of_retrieval
from experiments.quick_import import quick_import
from models.factors import FactorRecommender
from models.retrieval import RetrievalConfig


def fit(config: RetrievalConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the model; see ``experiments.fit_retrieval``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from experiments.fit_retrieval import fit_retrieval

    return fit_retrieval(config, rows, context)


EXPERIMENT = Experiment(
    name="retrieval",
    summary="two towers on TFRS: ids, histories, order and time in one vector",
    config=RetrievalConfig,
    fit=fit,
    load=FactorRecommender.from_state,
    memory=of_retrieval,
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
