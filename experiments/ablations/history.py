"""The user as an id or as a history."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="What is the user's history worth beside or instead of the user's id?",
    experiment="retrieval",
    variants={
        "history": {"id.query": ("history",)},
        "id and history": {"id.query": ("id", "history")},
    },
    base={"parts": ("id",)},
)
