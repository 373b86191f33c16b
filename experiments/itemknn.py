"""Item-kNN: the classic neighbourhood model."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment("itemknn", "movies similar to the user's own (cosine of co-ratings)")

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
