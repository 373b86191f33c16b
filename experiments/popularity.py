"""Popularity: what every personalised model must beat."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment(
    "popularity", "the movies that most users rated, the same for everybody", personal=False
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
