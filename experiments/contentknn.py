"""Content-kNN: movies whose features are like those of the user's movies."""

from experiments.baseline import baseline_experiment
from experiments.memory import of_item_item

EXPERIMENT = baseline_experiment(
    "contentknn",
    "movies whose genres and release dates are like those of the movies a user rated",
    memory=of_item_item,
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
