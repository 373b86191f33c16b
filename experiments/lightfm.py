"""LightFM, the usual library for new movies."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment("lightfm", "a movie's vector is the sum of its features' vectors (Kula, 2015)")

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
