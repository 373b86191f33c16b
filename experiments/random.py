"""Random order: the floor of every metric."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment("random", "random order: what no information is worth")

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
