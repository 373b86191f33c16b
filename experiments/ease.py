"""EASE: the simple model that is hard to beat."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment("ease", "linear item-item model in closed form (Steck, WWW 2019)")

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
