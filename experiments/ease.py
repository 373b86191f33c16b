"""EASE: the simple model that is hard to beat."""

from evaluation.baselines.ease import EaseConfig, expected_bytes
from experiments.baseline import baseline_experiment
from experiments.memory import Sizes


def memory(config: EaseConfig, sizes: Sizes) -> float:
    """Bytes that a fit takes at its peak."""
    return expected_bytes(config, sizes.users, sizes.movies)


EXPERIMENT = baseline_experiment("ease", "linear item-item model in closed form (Steck, WWW 2019)", memory=memory)

if __name__ == "__main__":
    from experiments.cli import run_module

    run_module(EXPERIMENT.name)
