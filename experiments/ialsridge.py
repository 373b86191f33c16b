"""iALS, with the vectors of new movies predicted from their features."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment(
    "ialsridge", "iALS, vectors of new movies regressed on features (Gantner et al., ICDM 2010)"
)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
