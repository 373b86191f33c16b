"""The hybrid: one model that ranks movies with and without ratings together, and predicts ratings."""

from tfrs_lab.data import Interactions
from tfrs_lab.models.hybrid.config import HybridConfig
from tfrs_lab.models.hybrid.recommender import HybridRecommender
from tfrs_lab.models.memory import of_hybrid
from tfrs_lab.models.quick_import import quick_import
from tfrs_lab.models.specification import FitContext, Specification, Trained


def fit(config: HybridConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits the model; see ``tfrs_lab.models.hybrid.fit``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from tfrs_lab.models.hybrid.fit import fit_hybrid

    return fit_hybrid(config, rows, context)


SPECIFICATION = Specification(
    name="hybrid",
    summary="one network for lists, ratings and new movies: collaborative and content scores on one scale",
    config=HybridConfig,
    fit=fit,
    load=HybridRecommender.from_state,
    memory=of_hybrid,
    by_content=True,
)
