"""The logQ correction of in-batch negatives (Yi et al., RecSys 2019) and what goes with it."""

from tfrs_lab.experiments.ablations import Ablation

ABLATION = Ablation(
    question="What is it worth to correct in-batch negatives for popularity, and to ignore the row's own movie?",
    experiment="retrieval",
    variants={
        "no logQ": {"in_batch.logq": False},
        "accidental hits kept": {"in_batch.remove_accidental_hits": False},
        "neither": {"in_batch.logq": False, "in_batch.remove_accidental_hits": False},
    },
    base={"parts": ("in_batch",), "in_batch.learning_rate": 2e-3},
)
