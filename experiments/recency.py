"""Recency popularity: the strongest simple signal when the test lies in the future."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment(
    "recency", "popularity with a half-life: what is popular now", personal=False, by_time=True
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
