"""Content-kNN: movies whose features are like those of the user's movies."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment(
    "contentknn", "movies whose genres and release dates are like those of the movies a user rated"
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
