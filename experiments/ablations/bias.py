"""A bias for each movie."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="What is a learned bias for each movie worth, at first its log-popularity?",
    experiment="retrieval",
    variants={"no bias": {"id.bias": False}},
    base={"parts": ("id",)},
)
