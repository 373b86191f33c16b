"""What an evaluation returns, and how ranked lists become one: shared by `evaluate` and `score_topk`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.evaluation.bootstrap import confidence_intervals
from tfrs_lab.evaluation.exposure import coverage, exposure, gini, novelty
from tfrs_lab.evaluation.judgements import Judgements
from tfrs_lab.evaluation.metrics import ranking_metrics
from tfrs_lab.evaluation.slices import Slices, slice_metrics
from tfrs_lab.evaluation.topk import membership


@dataclass(frozen=True)
class Evaluation:
    """Numbers of one recommender on one test table.

    Attributes:
        metrics: "ndcg@10", "coverage@10", "factorized_top_100" and the like → value; "users" → how many were
            averaged.
        confidence: The metrics that are means over users or interactions → 95 % bootstrap interval over
            users.
        slices: Family → slice → metric → value, see `tfrs_lab.evaluation.slices`.
        per_user: ``user_id`` and a column for each per-user metric, in order of user id: what `paired`
            compares.
        topk: ``user_id``, ``movie_id``, ``rank`` (from 1), ``score``: the ranked lists without seen movies.
        interactions: Relevant movies of all users.
    """

    metrics: dict[str, float]
    confidence: dict[str, tuple[float, float]]
    slices: Slices
    per_user: pl.DataFrame
    topk: pl.DataFrame
    interactions: int

    @property
    def frame(self) -> pl.DataFrame:
        """``metric``, ``value`` and, where there is an interval, ``low`` and ``high``."""
        rows = [(name, float(value), *self.confidence.get(name, (None, None))) for name, value in self.metrics.items()]
        schema = {"metric": pl.String, **dict.fromkeys(("value", "low", "high"), pl.Float64)}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def __repr__(self) -> str:
        shown = [name for name in ("ndcg@10", "recall@10", "rmse") if name in self.metrics]
        values = ", ".join(f"{name} {self.metrics[name]:.4f}" for name in shown)
        return f"<Evaluation of {len(self.per_user):,} users: {values}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>{self.frame._repr_html_()}"

    def as_dict(self) -> dict[str, Any]:
        """The part that goes into ``metrics.json``: the metrics, "confidence" and "slices"."""
        confidence = {name: list(ends) for name, ends in self.confidence.items()}
        return {**self.metrics, "confidence": confidence, "slices": self.slices}

    def as_slice(self) -> dict[str, float]:
        """The per-user means, and how much they rest on, as in ``slices``."""
        names = [name for name in self.per_user.columns if name != "user_id"]
        return {**{name: self.metrics[name] for name in (*names, "users")}, "interactions": self.interactions}


@dataclass(frozen=True)
class RankedLists:
    """Ranked movies of every test user.

    Attributes:
        movies: [users, depth] int32 indices into `Judgements.movies`, best first, padded with -1.
        scores: [users, depth] float32, NaN where a list came without scores.
    """

    movies: np.ndarray
    scores: np.ndarray


def check_cutoffs(ks: Sequence[int]) -> None:
    """Refuses cut-offs that are not positive integers."""
    if not ks or any(isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1 for k in ks):
        raise ValueError(f"cut-offs must be one or more positive integers, got {list(ks)}")


def summarise(
    judgements: Judgements,
    lists: RankedLists,
    *,
    ks: Sequence[int],
    bootstrap: int,
    seed: int,
    factorized: dict[str, np.ndarray] | None = None,
) -> Evaluation:
    """Computes everything that follows from ranked lists.

    ``lists`` hold no seen movies and are at least ``max(ks)`` deep; ``factorized`` are [users] hits by name. Without
    anything in the seen table there is no catalogue to speak of: no coverage, novelty, Gini or slices.
    """
    relevant = np.diff(judgements.relevant.indptr)
    top = lists.movies[:, : max(ks)]
    user, movie = judgements.relevant.nonzero()
    hits = membership(user, movie, top, width=len(judgements.movies))
    per_user = ranking_metrics(hits, relevant, ks)
    factorized = factorized or {}
    metrics = {name: float(values.mean()) for name, values in per_user.items()}
    metrics |= _exposure_metrics(judgements, top, ks)
    metrics |= {name: float(found.sum() / relevant.sum()) for name, found in factorized.items()}
    metrics["users"] = len(relevant)
    confidence: dict[str, tuple[float, float]] = {}
    if bootstrap:
        confidence |= _intervals(per_user, np.ones(len(relevant)), bootstrap, seed)
        confidence |= _intervals(factorized, relevant, bootstrap, seed)
    return Evaluation(
        metrics=metrics,
        confidence=confidence,
        slices=slice_metrics(judgements, top, per_user, ks) if judgements.raters_total else {},
        per_user=pl.DataFrame({"user_id": pl.Series(judgements.users.ids, dtype=pl.String), **per_user}),
        topk=_topk_table(judgements, lists),
        interactions=int(relevant.sum()),
    )


def _exposure_metrics(judgements: Judgements, top: np.ndarray, ks: Sequence[int]) -> dict[str, float]:
    """Coverage, novelty and Gini of the catalogue; movies outside it are not counted."""
    raters = judgements.raters[judgements.catalogue]
    metrics: dict[str, float] = {}
    if not judgements.raters_total:
        return metrics
    for k in ks:
        counts = exposure(top, k, len(judgements.movies))[judgements.catalogue]
        metrics[f"coverage@{k}"] = coverage(counts)
        metrics[f"novelty@{k}"] = novelty(counts, raters, judgements.raters_total)
        metrics[f"gini@{k}"] = gini(counts)
    return metrics


def _intervals(
    per_user: dict[str, np.ndarray], weights: np.ndarray, resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Bootstrap intervals of Σ values / Σ weights for each metric."""
    if not per_user:
        return {}
    ends = confidence_intervals(np.column_stack([*per_user.values()]), weights, resamples=resamples, seed=seed)
    return {name: (float(low), float(high)) for name, (low, high) in zip(per_user, ends, strict=True)}


def _topk_table(judgements: Judgements, lists: RankedLists) -> pl.DataFrame:
    """The lists as rows, in order of user id and rank."""
    user, place = np.nonzero(lists.movies >= 0)
    scores = pl.Series("score", lists.scores[user, place], dtype=pl.Float32)
    return pl.DataFrame(
        {
            "user_id": judgements.users.decode(user),
            "movie_id": judgements.movies.decode(lists.movies[user, place]),
            "rank": (place + 1).astype(np.int32),
            "score": scores.fill_nan(None),
        }
    )
