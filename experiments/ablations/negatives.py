"""The number of negatives."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="What are more negatives worth? A batch of n rows gives each row n - 1; uniform ones come on top.",
    experiment="retrieval",
    variants={
        **{f"batch of {value}": {"in_batch.batch_size": value} for value in (256, 1024, 4096)},
        "1024 uniform ones more": {"in_batch.uniform_negatives": 1024},
        "the 100 hardest": {"in_batch.hard_negatives": 100},
    },
    base={"parts": ("in_batch",), "in_batch.learning_rate": 2e-3},
)
