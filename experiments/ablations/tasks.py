"""The tasks of the multitask network, and how their losses are weighed."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="What do the tasks of the multitask network give each other, and does it matter how they are weighed?",
    experiment="hybrid",
    variants={
        "retrieval alone": {"retrieval.joint.tasks": ("retrieval",)},
        "without content": {"retrieval.joint.tasks": ("retrieval", "rating")},
        "without ratings": {"retrieval.joint.tasks": ("retrieval", "content")},
        "weighed by uncertainty": {"retrieval.joint.weighting": "uncertainty"},
        "weighed by GradNorm": {"retrieval.joint.weighting": "gradnorm"},
    },
    base={"retrieval.parts": ("joint",), "simulations": 1},
)
