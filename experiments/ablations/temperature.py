"""The temperature of the softmax."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="How sharp should the softmax be?",
    experiment="retrieval",
    variants={f"temperature {value}": {"id.temperature": value} for value in (0.1, 0.2, 0.3, 0.5, 1.0)},
    base={"parts": ("id",)},
)
