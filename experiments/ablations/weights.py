"""The trade-off between tasks: quality of lists against errors of ratings."""

from tfrs_lab.experiments.ablations import Ablation

WEIGHTS = (3.0, 30.0, 300.0, 3000.0)

ABLATION = Ablation(
    question="What does a heavier rating task cost the lists, and what does it gain the ratings?",
    experiment="hybrid",
    variants={f"ratings weigh {weight:g}": {"retrieval.joint.weights.rating": weight} for weight in WEIGHTS},
    base={"retrieval.parts": ("joint",), "simulations": 1},
)
