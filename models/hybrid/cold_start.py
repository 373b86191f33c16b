"""Calibrates the hybrid model: on validation, and where some rated movies are hidden as if they were unrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions, Vocabulary
from tfrs_lab.data.sampling import drawn
from tfrs_lab.data.splits.kinds import NEED_TIMESTAMPS
from tfrs_lab.evaluation import evaluate
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.evaluation.topk import top_k
from tfrs_lab.models.content.fit import fit_content
from tfrs_lab.models.hybrid.calibration import calibrate, log_general_score
from tfrs_lab.models.hybrid.config import Caution, HybridConfig
from tfrs_lab.models.hybrid.recommender import HybridRecommender, known_entry_thresholds
from tfrs_lab.models.specification import FitContext

HIDDEN = 0.1
"""Share of the movies that a simulation hides."""
LEAST_RATINGS = 5
"""Movies with fewer ratings are not hidden: there is nothing to learn from them."""
SAMPLE = 1000
"""Maximum number of users, a sample, and of each user's best movies, that are used."""
UNCALIBRATED = "weighed by constants that were learned on MovieLens-100K"
NEVER = -100.0
"""An offset that leaves unrated movies behind all others."""
OFFSETS = (NEVER, *np.arange(-5.0, 2.01, 0.25).tolist())
CAUTION = 0.004
"""What rated movies may lose on validation with a cautious offset, relative. On test they lose about twice as much.
And what all together may lose with a balanced one on a split in time."""
BALANCED = (-0.75, -0.25)
"""A balanced offset lies in between, or on a split in time below. Calibrated odds put it near 0, a little lower since
on validation the test rows of rated movies count as misses; on draws 100 to 105 any offset in between was as good as
each draw's own best but for .005, and one validation alone, where a few popular movies decide, was off by 1 and
more."""


@dataclass(frozen=True)
class CalibrationScenario:
    """A hybrid model and what it is to predict.

    Attributes:
        model: The model.
        truth: Rows to predict.
        seen: Rows that its users are known to have rated.
        candidates: Ids of the movies to rank; None for all.
        hidden: Numbers of the model's movies that count as unrated.
    """

    model: HybridRecommender
    truth: pl.DataFrame
    seen: pl.DataFrame
    candidates: Sequence[str] | None
    hidden: np.ndarray


@dataclass(frozen=True)
class OffsetCurve:
    """What each cold-start offset is worth.

    Attributes:
        points: By offset, ascending: the offset as "knob", and the metrics of ``_point``.
        in_time: They were measured on validation alone, which is later than train; else on simulations too.
    """

    points: Sequence[dict[str, float]] = ()
    in_time: bool = False

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> OffsetCurve:
        """The inverse of ``to_plan``; without points if there is nothing of a curve."""
        return cls(plan.get("curve", ()), plan.get("curve_in_time", False))

    def to_plan(self) -> dict[str, Any]:
        """Entries of the plan of a fit."""
        return {"curve": list(self.points), "curve_in_time": self.in_time}

    def chosen(self, cold: Caution | float) -> float:
        """The offset that a configuration asks for."""
        if not isinstance(cold, str):
            return float(cold)
        if cold == "cautious":
            return _furthest(self.points, "warm_ndcg@10", self.points[0]["warm_ndcg@10"])
        least, most = BALANCED
        if self.in_time:
            sensible = [point for point in self.points if point["knob"] <= most]
            return _furthest(sensible, "ndcg@10", max(point["ndcg@10"] for point in sensible))
        sensible = [point for point in self.points if least <= point["knob"] <= most]
        return max(sensible, key=lambda point: point["ndcg@10"])["knob"]


def _furthest(points: Sequence[dict[str, float]], metric: str, of: float) -> float:
    """The highest offset that costs next to nothing of a metric's value."""
    return [point["knob"] for point in points if point[metric] >= (1 - CAUTION) * of][-1]


def calibrated(
    config: HybridConfig, model: HybridRecommender, rows: Interactions, context: FitContext
) -> tuple[HybridRecommender, OffsetCurve]:
    """The model calibrated, with the cold-start offset that the configuration asks for; and the curve over the offset.

    Warm scores are calibrated on validation. Cold ones where movies are hidden from train: the content model is fitted
    without them, and the collaborative model does not rank them. Where validation is later than train, its new movies
    are as many, and as popular, as the next ones will be: the offset is chosen there. Where validation is drawn from
    the rows of train it hardly has any, and the offset is chosen on means over it and the simulations: one draw of cold
    movies is too noisy. Needs a monitor.
    """
    assert context.monitor is not None
    monitor = context.monitor
    truth = _relevant(monitor.validation, monitor)
    asked = _of_sample(truth, truth["user_id"], context.seed)
    own = CalibrationScenario(model.of_users(_known(model, asked)), asked, monitor.seen, None, np.zeros(0, np.int32))
    scenarios = [own, *_simulations(config, model, rows, context)]
    calibration = model.calibration
    warm = _warm_examples(own)
    if warm is not None:
        calibration = replace(calibration, warm=calibrate(*warm))
    else:
        context.notice(f"calibration: no rated movie of a known user is in validation: rated movies are {UNCALIBRATED}")
    if len(scenarios) == 1:
        context.notice(f"calibration: no movies can be hidden from train: unrated movies are {UNCALIBRATED}")
    else:
        cold = [_cold_examples(scenario) for scenario in scenarios[1:]]
        lengths, scores, generals, relevant = (np.concatenate(column) for column in zip(*cold, strict=True))
        calibration = replace(calibration, cold=calibrate(lengths, {"score": scores, "general": generals}, relevant))
    scenarios = [replace(scenario, model=replace(scenario.model, calibration=calibration)) for scenario in scenarios]
    in_time = context.asks in NEED_TIMESTAMPS
    chosen_by = scenarios[:1] if in_time else scenarios
    curve = OffsetCurve(tuple(_point(chosen_by, offset) for offset in OFFSETS), in_time)
    return replace(model, calibration=calibration).with_cold_start_offset(curve.chosen(config.cold)), curve


def _point(scenarios: Sequence[CalibrationScenario], offset: float) -> dict[str, float]:
    """Mean metrics of all movies, and of rated and unrated ones; a scenario without such movies counts 0 there."""
    points = []
    for scenario in scenarios:
        found = evaluate(
            scenario.model.with_cold_start_offset(offset),
            scenario.truth,
            seen=scenario.seen,
            candidates=scenario.candidates,
            ks=(10,),
            depth=10,
            bootstrap=0,
        )
        slices = found.slices.get("cold_start", {})
        warm, cold = slices.get("warm_items", {}), slices.get("cold_items", {})
        of_groups = (warm.get("ndcg@10", 0.0), cold.get("ndcg@10", 0.0), cold.get("recall@10", 0.0))
        points.append((found.metrics["ndcg@10"], *of_groups))
    names = ("ndcg@10", "warm_ndcg@10", "cold_ndcg@10", "cold_recall@10")
    return {"knob": offset, **dict(zip(names, map(fmean, zip(*points, strict=True)), strict=True))}


def _relevant(table: pl.DataFrame, monitor: Monitor) -> pl.DataFrame:
    """The rows that count as relevant."""
    if monitor.threshold is not None:
        table = table.filter(pl.col("user_rating") >= monitor.threshold)
    return table.select("user_id", "movie_id")


def _of_sample(table: pl.DataFrame, users: pl.Series, seed: int) -> pl.DataFrame:
    """The rows of these users, or of a sample of them if they are many."""
    users = users.unique().sort()
    return table.filter(pl.col("user_id").is_in(users[drawn(len(users), SAMPLE, seed)].implode()))


def _known(model: HybridRecommender, asked: pl.DataFrame) -> np.ndarray:
    """[n ≥ 1] numbers of the users who are asked about, as far as the model knows them; its first if it knows none."""
    users = np.unique(model.users.encode(asked["user_id"]))
    users = users[users >= 0]
    return users if len(users) else np.zeros(1, users.dtype)


def _simulations(
    config: HybridConfig, model: HybridRecommender, rows: Interactions, context: FitContext
) -> list[CalibrationScenario]:
    """Scenarios in which some movies are hidden from train."""
    often = np.flatnonzero(rows.movie_counts >= LEAST_RATINGS)
    if round(len(often) * HIDDEN) < 1:
        return []
    return [_simulation(config, model, rows, context, often, number) for number in range(config.simulations)]


def _simulation(
    config: HybridConfig,
    model: HybridRecommender,
    rows: Interactions,
    context: FitContext,
    often: np.ndarray,
    number: int,
) -> CalibrationScenario:
    """One such scenario: what users rated of the hidden movies is to be predicted together with validation."""
    assert context.monitor is not None
    random = np.random.default_rng([context.seed, number])
    hidden = np.sort(random.choice(often, round(HIDDEN * len(often)), replace=False))
    shown = np.setdiff1d(np.arange(len(rows.movies)), hidden)
    inner = replace(context.inside(f"simulation-{number}"), plan=None, monitor=None)
    content = fit_content(config.content, _among(rows, shown), inner).recommender
    hidden_ids = rows.movies.decode(hidden)
    is_hidden = pl.col("movie_id").is_in(hidden_ids.implode())
    table, validation = _table(rows), _relevant(context.monitor.validation, context.monitor)
    rated_ids = rows.movies.decode(shown)
    rated = validation.filter(pl.col("movie_id").is_in(rated_ids.implode()) & pl.col("user_id").is_in(rows.users.ids))
    truth = pl.concat([_relevant(table.filter(is_hidden), context.monitor), rated])
    asked = _of_sample(truth, (rated if len(rated) else truth)["user_id"], context.seed)
    users = _known(model, asked)
    few = replace(model, content=content, affinity=model.affinity[:, shown]).of_users(users)
    warm, known = few.warm.among(shown), rows.matrix[users][:, shown]
    simulated = replace(
        few, warm=warm, lengths=np.diff(known.indptr), entry_thresholds=known_entry_thresholds(warm, known)
    )
    return CalibrationScenario(
        simulated, asked, table.filter(~is_hidden), rows.movies.ids, content.movies.encode(hidden_ids)
    )


def _among(rows: Interactions, shown: np.ndarray) -> Interactions:
    """The same users with these movies only."""
    number = np.full(len(rows.movies), -1, dtype=np.int32)
    number[shown] = np.arange(len(shown))
    kept = number[rows.movie] >= 0
    movies = Vocabulary(rows.movies.decode(shown).to_list())
    return Interactions(rows.users, movies, rows.user[kept], number[rows.movie[kept]])


def _table(rows: Interactions) -> pl.DataFrame:
    """The rows with their ids, and ratings where there are."""
    columns = {"user_id": rows.users.decode(rows.user), "movie_id": rows.movies.decode(rows.movie)}
    return pl.DataFrame(columns | ({} if rows.rating is None else {"user_rating": rows.rating}))


def _warm_examples(scenario: CalibrationScenario) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray] | None:
    """History lengths, scores and relevance of unseen rated movies in validation; None where there is none to find."""
    model = scenario.model
    relevant = _matrix(model, scenario.truth)
    users = np.flatnonzero(np.diff(relevant.indptr)).astype(np.int32)
    if not len(users):
        return None
    scores = model.warm.score(users)
    scores[_matrix(model, scenario.seen)[users].nonzero()] = -np.inf
    movies, values = top_k(scores, min(SAMPLE, scores.shape[1]))
    row, column = np.nonzero(movies >= 0)
    truth = relevant[users].toarray()[row, movies[row, column]] > 0
    return model.lengths[users][row], {"score": values[row, column]}, truth


def _cold_examples(scenario: CalibrationScenario) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """History lengths, scores, logs of general scores and relevance of hidden movies, user by user."""
    model, hidden = scenario.model, scenario.hidden
    users = np.unique(model.users.encode(scenario.truth["user_id"]))
    users = users[users >= 0].astype(np.int32)
    number = model.users.encode(scenario.truth["user_id"])
    column = np.full(len(model.movies), -1)
    column[hidden] = np.arange(len(hidden))
    movie = column[model.movies.encode(scenario.truth["movie_id"])]
    among = (movie >= 0) & (number >= 0)
    truth = csr_matrix((np.ones(among.sum()), (number[among], movie[among])), (len(model.users), len(hidden)))
    relevant = truth[users].toarray() > 0
    general = model.content.candidates[hidden] @ model.content.people.queries[0]
    scores = model.content.score(users)[:, hidden]
    lengths = np.broadcast_to(model.lengths[users][:, None], relevant.shape)
    generals = np.broadcast_to(log_general_score(general), relevant.shape)
    return lengths.ravel(), scores.ravel(), generals.ravel(), relevant.ravel()


def _matrix(model: HybridRecommender, table: pl.DataFrame) -> csr_matrix:
    """[users, rated movies] of a ratings table; what the collaborative model does not know is left out."""
    user, movie = model.users.encode(table["user_id"]), model.warm.movies.encode(table["movie_id"])
    known = (user >= 0) & (movie >= 0)
    ones = np.ones(int(known.sum()), np.float32)
    return csr_matrix((ones, (user[known], movie[known])), (len(model.users), len(model.warm.movies)))
