"""Movies rated in one stay."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="What is it worth that two movies rated in one stay count more as a pair than two that were rated apart?",
    experiment="retrieval",
    variants={"order does not matter": {"linear.apart": 1.0}},
)
