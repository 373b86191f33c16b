"""Each user's movies regressed on the features of movies."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment("userridge", "ridge regression of each user's movies on genres and release dates")

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
