"""A bias for each movie."""

from experiments.ablations import Ablation

ABLATION = Ablation(
    question="What is a learned bias for each movie worth, at first its log-popularity?",
    experiment="retrieval",
    variants={
        "bias": {"in_batch.bias": True},
        "bias, no logQ": {"in_batch.bias": True, "in_batch.logq": False},
    },
    base={"parts": ("in_batch",)},
)
