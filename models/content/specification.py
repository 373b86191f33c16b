"""Content-based retrieval: movies are what they are made of, users what they rated and who they are; no ids."""

from tfrs_lab.data import Interactions
from tfrs_lab.models.content.config import ContentConfig
from tfrs_lab.models.content.recommender import ContentRecommender
from tfrs_lab.models.memory import of_content
from tfrs_lab.models.quick_import import quick_import
from tfrs_lab.models.specification import FitContext, Specification, Trained


def fit(config: ContentConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits the model; see ``tfrs_lab.models.content.fit``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from tfrs_lab.models.content.fit import fit_content

    return fit_content(config, rows, context)


SPECIFICATION = Specification(
    name="content",
    summary="titles, genres, dates and demographics, no ids: ranks movies that nobody has rated",
    config=ContentConfig,
    fit=fit,
    load=ContentRecommender.from_state,
    memory=of_content,
    by_content=True,
)
