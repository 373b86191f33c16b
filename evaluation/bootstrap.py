"""How sure a number is: percentile bootstrap over users, and a paired comparison of two recommenders.

Users are resampled, not rows, since one user's rows depend on each other (Efron and Tibshirani, "An
Introduction to the Bootstrap", 1993, ch. 13; Sakai, "Statistical reform in information retrieval?", SIGIR
Forum 2014).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

# resample weights are drawn for a few resamples at a time: [block, users] float32
_WEIGHTS_AT_ONCE = 1 << 24


def confidence_intervals(
    numerators: np.ndarray,
    denominators: np.ndarray | None = None,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> np.ndarray:
    """Percentile bootstrap intervals of Σ numerators / Σ denominators, a mean if the denominators are 1.

    Args:
        numerators: [users, metrics] floats.
        denominators: [users] floats, the weight of each user, or None for 1.
        resamples: How many times to draw as many users as there are, with replacement.
        level: Share of resamples inside the interval.
        seed: Same seed, same intervals.

    Returns:
        [metrics, 2] float64: lower and upper ends.

    Raises:
        ValueError: If there are no users, no resamples, or ``level`` is not between 0 and 1.

    >>> confidence_intervals(np.array([[0.0, 1.0], [1.0, 1.0]] * 50), seed=1).round(2)
    array([[0.4, 0.6],
           [1. , 1. ]])
    """
    if not len(numerators) or resamples < 1 or not 0 < level < 1:
        raise ValueError(
            f"need users, resamples and 0 < level < 1, got {len(numerators)} users, {resamples} resamples "
            f"and level {level}"
        )
    sums = _resampled_sums(numerators, denominators, resamples, seed)
    tail = (1 - level) / 2
    return np.quantile(sums, [tail, 1 - tail], axis=0).T


def _resampled_sums(numerators: np.ndarray, denominators: np.ndarray | None, resamples: int, seed: int) -> np.ndarray:
    """[resamples, metrics] float64: the ratio in each resample."""
    users = len(numerators)
    weight = np.ones(users) if denominators is None else denominators
    values = np.column_stack([numerators, weight]).astype(np.float64)
    sums = np.concatenate([counts @ values for counts in _draws(users, resamples, seed)])
    # a resample may miss every user with a positive denominator: there is nothing to average then
    return sums[:, :-1] / np.where(sums[:, -1:] == 0, 1, sums[:, -1:])


def _draws(users: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks [b, users] float64 of how often each user is in each resample, [resamples, users] in all."""
    rng = np.random.default_rng(seed)
    block = max(1, min(resamples, _WEIGHTS_AT_ONCE // users))
    for start in range(0, resamples, block):
        counts = np.empty((min(block, resamples - start), users))
        for row in counts:
            row[:] = np.bincount(rng.integers(users, size=users), minlength=users)
        yield counts


@dataclass(frozen=True)
class Comparison:
    """One metric of two recommenders over the same users.

    Attributes:
        metric: Its name, as in `Evaluation.per_user`.
        users: How many users.
        mean_a: Mean of the first recommender.
        mean_b: Mean of the second.
        difference: ``mean_a − mean_b``.
        interval: Bootstrap interval of the difference.
        p_value: Two-sided, of a randomisation test.
    """

    metric: str
    users: int
    mean_a: float
    mean_b: float
    difference: float
    interval: tuple[float, float]
    p_value: float


def paired(
    per_user_a: pl.DataFrame,
    per_user_b: pl.DataFrame,
    metric: str,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compares two recommenders user by user, which is much sharper than comparing two intervals.

    The p-value is that of Fisher's randomisation test: how often flipping the sign of each user's difference
    at random gives a mean at least as far from 0, with one added to both counts (Smucker et al., "A
    comparison of statistical significance tests for information retrieval evaluation", CIKM 2007).

    Args:
        per_user_a: ``user_id`` and a column ``metric``, as in `Evaluation.per_user`.
        per_user_b: The same for the other recommender.
        metric: "ndcg@10", for instance.
        resamples: For the interval and for the test.
        level: Of the interval.
        seed: Same seed, same result.

    Raises:
        ValueError: If a column is missing or the users are not the same.

    >>> a = pl.DataFrame({"user_id": ["1", "2"], "recall@5": [0.5, 1.0]})
    >>> b = pl.DataFrame({"user_id": ["2", "1"], "recall@5": [0.75, 0.25]})
    >>> paired(a, b, "recall@5").difference
    0.25
    """
    values_a, values_b = _aligned(per_user_a, per_user_b, metric)
    difference = values_a - values_b
    (low, high), p_value = (
        found[0] for found in difference_tests(difference[:, None], resamples=resamples, level=level, seed=seed)
    )
    return Comparison(
        metric=metric,
        users=len(difference),
        mean_a=float(values_a.mean()),
        mean_b=float(values_b.mean()),
        difference=float(difference.mean()),
        interval=(float(low), float(high)),
        p_value=float(p_value),
    )


def difference_tests(
    differences: np.ndarray, *, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """What ``paired`` finds of many differences at once, in the time of one.

    Returns:
        [comparisons, 2] float64, bootstrap intervals of the means, and [comparisons] float64, p-values.
    """
    intervals = confidence_intervals(differences, resamples=resamples, level=level, seed=seed)
    return intervals, _randomisation_test(differences.astype(np.float64), resamples, seed)


def _aligned(a: pl.DataFrame, b: pl.DataFrame, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """The metric's values of both tables, in the same order of users."""
    for table in (a, b):
        if not {"user_id", metric} <= set(table.columns):
            raise ValueError(f"expected columns user_id and {metric}, got {', '.join(table.columns)}")
    a, b = a.sort("user_id"), b.sort("user_id")
    if not len(a) or not a["user_id"].equals(b["user_id"]):
        raise ValueError(f"expected the same users on both sides, got {len(a)} and {len(b)} that differ")
    return a[metric].to_numpy().astype(np.float64), b[metric].to_numpy().astype(np.float64)


def _randomisation_test(differences: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """[comparisons] float64: two-sided p-values of the mean differences under random signs."""
    rng = np.random.default_rng(seed)
    users = len(differences)
    observed = np.abs(differences.sum(axis=0))
    block = max(1, min(resamples, _WEIGHTS_AT_ONCE // users))
    extreme = np.zeros(differences.shape[1], np.int64)
    for start in range(0, resamples, block):
        signs = rng.integers(2, size=(min(block, resamples - start), users), dtype=np.int8) * 2 - 1
        # a hair of slack: sums of the same numbers in another order differ in their last bits
        extreme += (np.abs(signs @ differences) >= observed * (1 - 1e-12)).sum(axis=0)
    return (extreme + 1) / (resamples + 1)
