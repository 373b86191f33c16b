"""The time of the request."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="What is it worth that the query tower knows the time? Ask on a split in time.",
    experiment="retrieval",
    variants={
        "time": {"in_batch.query": ("id", "context")},
        "time, finer": {"in_batch.query": ("id", "context"), "in_batch.periods": 96},
    },
    base={"parts": ("in_batch",), "in_batch.learning_rate": 2e-3},
)
