"""The temperature of the softmax."""

from experiments.ablations import Ablation

ABLATION = Ablation(
    question="How sharp should the in-batch softmax be?",
    experiment="retrieval",
    variants={f"temperature {value}": {"in_batch.temperature": value} for value in (0.05, 0.1, 0.2, 0.4, 1.0)},
    base={"parts": ("in_batch",)},
)
