"""The length of the vectors."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="How many dimensions does a vector need?",
    experiment="retrieval",
    variants={f"dimension {value}": {"id.dimension": value, "dimension": value} for value in (16, 32, 64, 128, 256)},
    base={"parts": ("id",)},
)
