"""Retrieval by ids and features together, whose ids are dropped in training: one model for rated and unrated movies."""

from tfrs_lab.data import Interactions
from tfrs_lab.models.id_dropout.config import IdDropoutConfig
from tfrs_lab.models.quick_import import quick_import
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext, Specification, Trained


def fit(config: IdDropoutConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the model; see ``tfrs_lab.models.id_dropout.fit``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from tfrs_lab.models.id_dropout.fit import fit_iddropout

    return fit_iddropout(config, rows, context)


SPECIFICATION = Specification(
    name="iddropout",
    summary="one pair of towers over ids and features, ids dropped in training: the usual hybrid, a peer of ours",
    config=IdDropoutConfig,
    fit=fit,
    load=FactorRecommender.from_state,
    by_content=True,
)
