"""Cosine or inner product."""

from experiments.ablations import Ablation

ABLATION = Ablation(
    question="What is it worth to scale vectors to unit length? Without it, the usual temperature is 1.",
    experiment="retrieval",
    variants={
        "inner product": {"in_batch.normalize": False},
        "inner product, temperature 1": {"in_batch.normalize": False, "in_batch.temperature": 1.0},
    },
    base={"parts": ("in_batch",)},
)
