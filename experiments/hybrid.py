"""The hybrid: one model that ranks movies with and without ratings together, and predicts ratings."""

from data import Interactions
from experiments.experiment import Experiment, FitContext, Trained
from experiments.memory import of_hybrid
from experiments.quick_import import quick_import
from models.hybrid_config import HybridConfig
from models.hybrid_model import HybridRecommender


def fit(config: HybridConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits the model; see ``experiments.fit_hybrid``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from experiments.fit_hybrid import fit_hybrid

    return fit_hybrid(config, rows, context)


EXPERIMENT = Experiment(
    name="hybrid",
    summary="one network for lists, ratings and new movies: collaborative and content scores on one scale",
    config=HybridConfig,
    fit=fit,
    load=HybridRecommender.from_state,
    memory=of_hybrid,
    by_content=True,
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
