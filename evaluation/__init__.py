"""What a number means: metrics, the one protocol and significance.

    result = evaluate(recommender, test, seen=train)
    result.metrics["ndcg@10"], result.confidence["ndcg@10"]

Nothing here imports TensorFlow, or a model.
"""

from tfrs_lab.evaluation.bootstrap import Comparison, confidence_intervals, paired
from tfrs_lab.evaluation.protocol import evaluate
from tfrs_lab.evaluation.rating_metrics import mae, rating_errors, rmse
from tfrs_lab.evaluation.recommender import Recommender
from tfrs_lab.evaluation.result import Evaluation
from tfrs_lab.evaluation.score import score_topk

__all__ = [
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
