"""What a number means: metrics, the one protocol, baselines and significance.

    result = evaluate(BASELINES["ease"].fit(Interactions.from_ratings(train)), test, seen=train)
    result.metrics["ndcg@10"], result.confidence["ndcg@10"]

Nothing here imports TensorFlow except `evaluation.factorized_tfrs`, which nothing imports by default.
"""

from evaluation.baselines import BASELINES, Baseline
from evaluation.bootstrap import Comparison, confidence_intervals, paired
from evaluation.protocol import evaluate
from evaluation.rating_metrics import mae, rating_errors, rmse
from evaluation.recommender import Recommender
from evaluation.result import Evaluation
from evaluation.score import score_topk

__all__ = [
    "BASELINES",
    "Baseline",
    "Comparison",
    "Evaluation",
    "Recommender",
    "confidence_intervals",
    "evaluate",
    "mae",
    "paired",
    "rating_errors",
    "rmse",
    "score_topk",
]
