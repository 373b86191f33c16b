"""The cascade: retrieval, then a ranker that knows what retrieval cannot."""

from tfrs_lab.data import Interactions
from tfrs_lab.models.cascade.config import CascadeConfig
from tfrs_lab.models.cascade.recommender import CascadeRecommender
from tfrs_lab.models.memory import of_cascade
from tfrs_lab.models.quick_import import quick_import
from tfrs_lab.models.specification import FitContext, Specification, Trained


def fit(config: CascadeConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits both; see ``tfrs_lab.models.cascade.fit``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from tfrs_lab.models.cascade.fit import fit_cascade

    return fit_cascade(config, rows, context)


SPECIFICATION = Specification(
    name="cascade",
    summary="retrieve, filter, rank: retrieval's best movies in the order of a ranker, where validation gains by it",
    config=CascadeConfig,
    fit=fit,
    load=CascadeRecommender.from_state,
    memory=of_cascade,
)
