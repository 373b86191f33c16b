"""Retrieval on TensorFlow Recommenders: pairs of towers and closed-form parts, trained one by one, in one vector."""

from tfrs_lab.data import Interactions
from tfrs_lab.models.memory import of_retrieval
from tfrs_lab.models.quick_import import quick_import
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext, Specification, Trained


def fit(config: RetrievalConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the model; see ``tfrs_lab.models.retrieval.fit``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from tfrs_lab.models.retrieval.fit import fit_retrieval

    return fit_retrieval(config, rows, context)


SPECIFICATION = Specification(
    name="retrieval",
    summary="two towers on TFRS: ids, histories, order and time in one vector",
    config=RetrievalConfig,
    fit=fit,
    load=FactorRecommender.from_state,
    memory=of_retrieval,
)
