"""How far movies that nobody has rated come forward: one number, and what each value of it is worth on validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.evaluation.metrics import ndcg_at_k
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.evaluation.scoring import Scorer
from tfrs_lab.evaluation.topk import membership, top_k_unseen
from tfrs_lab.models.hybrid.config import Caution
from tfrs_lab.models.hybrid.recommender import HybridRecommender

SAMPLE = 1000
"""Maximum number of users, a sample, that are looked at."""
PLACES = 100
"""Length of the lists in which movies without ratings shall have their share."""
NEVER = -100.0
"""An offset that leaves unrated movies behind all others."""
OFFSETS = (NEVER, *np.arange(-8.0, 2.01, 0.25).tolist())
CAUTION = 0.006
"""What rated movies may lose on validation with a cautious offset, relative; on test they lose about 1 %, since on
validation the test rows count as misses."""


@dataclass(frozen=True)
class OffsetCurve:
    """What each cold-start offset is worth.

    Attributes:
        points: By offset, ascending: "offset", metrics, and "new_share", the share of unrated movies in the first
            ``PLACES`` of a list, where a place counts as much as in nDCG.
        share: Of unrated movies among what users went on to.
        most: The highest offset that is sensible, whatever their share.
    """

    points: Sequence[dict[str, float]] = ()
    share: float = 0.0
    most: float = 0.0

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> OffsetCurve:
        """The inverse of ``to_plan``; without points if there is nothing of a curve."""
        return cls(plan.get("curve", ()), plan.get("new_share", 0.0), plan.get("most_offset", 0.0))

    def to_plan(self) -> dict[str, Any]:
        """Entries of the plan of a fit."""
        return {"curve": list(self.points), "new_share": self.share, "most_offset": self.most}

    def chosen(self, cold: Caution | float) -> float:
        """The offset that a configuration asks for.

        Balanced: unrated movies have as large a share in lists as in what users went on to. Cautious: no larger, and
        rated movies lose next to nothing.
        """
        if not isinstance(cold, str):
            return float(cold)
        sensible = [point for point in self.points if point["offset"] <= self.most]
        offset = _reaches(sensible, "new_share", self.share)
        if cold == "cautious":
            lost = [{**point, "lost": sensible[0]["warm_ndcg@10"] - point["warm_ndcg@10"]} for point in sensible]
            offset = min(offset, _reaches(lost, "lost", CAUTION * sensible[0]["warm_ndcg@10"]))
        return offset


def _reaches(points: Sequence[dict[str, float]], name: str, value: float) -> float:
    """The offset at which what grows with it reaches the value, to a hundredth; the last where it does not."""
    before = points[0]
    for point in points[1:]:
        if point[name] > value:
            if before is points[0]:
                return NEVER
            way = (value - before[name]) / (point[name] - before[name])
            return round(before["offset"] + way * (point["offset"] - before["offset"]), 2)
        before = point
    return before["offset"]


def offset_curve(model: HybridRecommender, monitor: Monitor, most: float) -> OffsetCurve:
    """Measures all offsets on validation.

    Args:
        model: Calibrated but for the offset.
        monitor: Validation.
        most: The highest offset that is sensible where no movie is unrated, so that nothing tells.
    """
    scorer = Scorer.of(model.with_cold_start_offset(0.0), None)
    rated = np.zeros(len(model.movies), bool)
    rated[model.rated] = True
    totals = np.zeros((len(OFFSETS), 5))
    asked = np.zeros(5)
    new = rows = 0.0
    for block in replace(monitor, max_users=SAMPLE).blocks(scorer):
        scores = scorer.scores(block.users, block.history)
        lists, values = _both(scores, block.seen, rated)
        user, movie = block.relevant.nonzero()
        sizes = [np.bincount(user[keep], minlength=len(lists)) for keep in (rated[movie], ~rated[movie])]
        counts = (block.counts, *sizes, sizes[1], np.ones(len(lists)))
        asked += [np.count_nonzero(count) for count in counts]
        new, rows = new + sizes[1].sum(), rows + len(user)
        for number, offset in enumerate(OFFSETS):
            order = np.argsort(-(values + np.where(lists >= 0, ~rated[lists], False) * offset), axis=1, kind="stable")
            found = np.take_along_axis(lists, order[:, :PLACES], axis=1)
            hits = membership(user, movie, found, width=len(rated))
            totals[number] += [one.sum() for one in _values(found, hits, rated, counts)]
    names = ("ndcg@10", "warm_ndcg@10", "cold_ndcg@10", "cold_recall@10", "new_share")
    means = totals / np.maximum(asked, 1)
    rows_of = zip(OFFSETS, means.tolist(), strict=True)
    points = [{"offset": offset, **dict(zip(names, row, strict=True))} for offset, row in rows_of]
    return OffsetCurve(tuple(points), (new + 0.5) / (rows + 1), most if rated.all() else 0.0)


def _both(scores: np.ndarray, seen: csr_matrix, rated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best ``PLACES`` rated and as many unrated movies of each user: [users, 2 PLACES] places and scores."""
    found = [top_k_unseen(np.where(among, scores, -np.inf), seen, PLACES)[:2] for among in (rated, ~rated)]
    lists, values = (np.concatenate(both, axis=1) for both in zip(*found, strict=True))
    return lists, values


def _values(
    lists: np.ndarray, hits: np.ndarray, rated: np.ndarray, counts: Sequence[np.ndarray]
) -> tuple[np.ndarray, ...]:
    """[users] each: metrics of all, rated and unrated movies, and the share of the latter in the list."""
    everything, warm, cold, *_ = counts
    unrated = ~rated[lists] & (lists >= 0)
    of_warm, of_cold = hits & ~unrated, hits & unrated
    recall = of_cold[:, :10].sum(axis=1) / np.maximum(cold, 1)
    discount = np.where(lists >= 0, 1.0 / np.log2(np.arange(2, lists.shape[1] + 2)), 0.0)
    share = (unrated * discount).sum(axis=1) / np.maximum(discount.sum(axis=1), 1e-12)
    ndcg = [ndcg_at_k(one, count, 10) for one, count in ((hits, everything), (of_warm, warm), (of_cold, cold))]
    return (*ndcg, recall, share)
