"""Cosine or inner product."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="What is it worth to scale vectors to unit length? Without it, the usual temperature is 1.",
    experiment="retrieval",
    variants={
        "inner product": {"id.normalize": False},
        "inner product, temperature 1": {"id.normalize": False, "id.temperature": 1.0},
    },
    base={"parts": ("id",)},
)
