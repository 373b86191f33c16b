"""iALS, through the library implicit: the strongest classic baseline on MovieLens."""

from experiments.baseline import baseline_experiment

EXPERIMENT = baseline_experiment("ials", "matrix factorisation for implicit feedback (Hu et al., ICDM 2008)")

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
