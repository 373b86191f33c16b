"""Two-tower retrieval on TensorFlow Recommenders, trained with in-batch negatives."""

from data import Interactions
from experiments.experiment import Experiment, FitContext, Trained
from models.config import RetrievalConfig
from models.factors import FactorRecommender


def fit(config: RetrievalConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the model; see ``experiments.training``, which needs TensorFlow and is imported only now."""
    from experiments.training import fit_retrieval

    return fit_retrieval(config, rows, context)


EXPERIMENT = Experiment(
    name="retrieval",
    summary="two towers on TFRS: in-batch softmax with logQ correction",
    config=RetrievalConfig,
    fit=fit,
    load=FactorRecommender.from_state,
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
