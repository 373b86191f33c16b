"""Errors of predicted ratings, in rating units."""

from __future__ import annotations

import numpy as np
import polars as pl

from tfrs_lab.evaluation.bootstrap import confidence_intervals


def rmse(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Root mean squared error, √(Σ (prediction − truth)² / n).

    Both are [n]; summed in float64.

    Raises:
        ValueError: If the shapes differ, there are no rows, or a value is not finite.

    >>> rmse(np.array([4.0, 2.0]), np.array([3.0, 5.0])).__round__(4)
    2.2361
    """
    error = _errors(truth, prediction)
    return float(np.sqrt(np.mean(error**2)))


def mae(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Mean absolute error, Σ |prediction − truth| / n; arguments and errors as for `rmse`.

    >>> mae(np.array([4.0, 2.0]), np.array([3.0, 5.0]))
    2.0
    """
    return float(np.mean(np.abs(_errors(truth, prediction))))


def _errors(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """[n] float64 differences."""
    truth, prediction = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if truth.shape != prediction.shape or truth.ndim != 1 or not len(truth):
        raise ValueError(f"expected two vectors of one length > 0, got shapes {truth.shape} and {prediction.shape}")
    error = prediction - truth
    if not np.isfinite(error).all():
        raise ValueError(f"ratings must be finite numbers, {(~np.isfinite(error)).sum()} of {len(error)} rows are not")
    return error


def rating_errors(
    predictions: pl.DataFrame, *, seed: int = 0
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """RMSE and MAE over all rows, with 95 % bootstrap intervals over users.

    Returns:
        "rmse" and "mae" → value, and → interval.

    Raises:
        ValueError: There are no rows, or a value is not finite.
    """
    truth, prediction = (predictions[name].to_numpy() for name in ("user_rating", "prediction"))
    metrics = {"rmse": rmse(truth, prediction), "mae": mae(truth, prediction)}
    error = pl.col("prediction").cast(pl.Float64) - pl.col("user_rating")
    sums = predictions.group_by("user_id", maintain_order=True).agg(
        squared=(error**2).sum(), absolute=error.abs().sum(), rows=pl.len()
    )
    numerators = sums.select("squared", "absolute").to_numpy()
    squared, absolute = confidence_intervals(numerators, sums["rows"].to_numpy(), seed=seed)
    root = np.sqrt(squared)
    return metrics, {"rmse": (float(root[0]), float(root[1])), "mae": (float(absolute[0]), float(absolute[1]))}
