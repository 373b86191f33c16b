"""The parts of the combined model, left out one at a time."""

from tfrs_lab.experiments.ablations import Ablation
from tfrs_lab.models.retrieval.config import RetrievalConfig

PARTS = RetrievalConfig().parts

ABLATION = Ablation(
    question="What is each part of the combined model worth?",
    experiment="retrieval",
    variants={f"without {name}": {"parts": tuple(part for part in PARTS if part != name)} for name in PARTS},
)
