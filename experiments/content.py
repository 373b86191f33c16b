"""Content-based retrieval: movies are what they are made of, users what they rated and who they are; no ids."""

from data import Interactions
from experiments.experiment import Experiment, FitContext, Trained
from experiments.memory import of_content
from experiments.quick_import import quick_import
from models.content_config import ContentConfig
from models.content_model import ContentRecommender


def fit(config: ContentConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits the model; see ``experiments.fit_content``, which needs TensorFlow and is imported only now."""
    with quick_import():
        from experiments.fit_content import fit_content

    return fit_content(config, rows, context)


EXPERIMENT = Experiment(
    name="content",
    summary="titles, genres, dates and demographics, no ids: ranks movies that nobody has rated",
    config=ContentConfig,
    fit=fit,
    load=ContentRecommender.from_state,
    memory=of_content,
    by_content=True,
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
