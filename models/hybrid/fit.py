"""Fits the hybrid model: a collaborative and a content model, then how they compare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfrs_lab.data import Interactions
from tfrs_lab.data.sampling import drawn
from tfrs_lab.models.config_fields import short
from tfrs_lab.models.content.fit import fit_content
from tfrs_lab.models.content.recommender import ContentRecommender
from tfrs_lab.models.hybrid.calibration import Calibration
from tfrs_lab.models.hybrid.cold_start import UNCALIBRATED, calibrated
from tfrs_lab.models.hybrid.config import HybridConfig
from tfrs_lab.models.hybrid.offset import OffsetCurve
from tfrs_lab.models.hybrid.recommender import HybridRecommender
from tfrs_lab.models.ranking.fit import ratings_of
from tfrs_lab.models.rating.recommender import RatingRecommender
from tfrs_lab.models.retrieval.fit import Ingredients, fit_parts, join_parts
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext, Trained

LEAST_GAIN = 0.01
"""Demographics stay out only for a relative gain of more than this: less is noise of one validation set."""
SAMPLE = 1000
"""Size of the sample of users on which the scale of scores is measured."""


def fit_hybrid(config: HybridConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits both models, and with a monitor learns their calibration; with a plan from such a fit, takes it from there.

    Raises:
        FloatingPointError: A loss became NaN or infinite.
    """
    plan = context.plan or {}
    monitor = context.monitor
    ranks_all = monitor is not None and monitor.candidates is None
    part = replace(context, plan=plan.get("retrieval"), monitor=monitor if ranks_all else None)
    fitted = fit_parts(config.retrieval, rows, part)
    retrieval = join_parts(config.retrieval, fitted, rows, part)
    content = fit_content(config.content, rows, replace(context, plan=None, monitor=None)).recommender
    model = HybridRecommender(
        warm=retrieval.recommender,
        content=content,
        calibration=Calibration.from_plan(plan.get("calibration", {})),
        affinity=demographic_affinity(config, rows, retrieval.recommender, content, context.seed),
        prior=config.prior,
        lengths=np.diff(rows.matrix.indptr),
        rating=_rating(fitted, rows, context),
    )
    curve, demographics = OffsetCurve.from_plan(plan), plan.get("demographics", True)
    if ranks_all:
        demographics = _demographics_count(model, context)
    if not demographics:
        model = _without_demographics(model)
    if ranks_all:
        model, curve = calibrated(config, model, rows, context)
    else:
        if not plan.get("calibration"):
            context.notice(f"calibration: validation does not rank all movies: {UNCALIBRATED}")
        if not isinstance(config.cold, str):
            model = model.with_cold_start_offset(float(config.cold))
    context.notice(f"calibration: cold-start offset {short(model.calibration.cold_start_offset)}")
    chosen = {
        "retrieval": retrieval.plan,
        "demographics": demographics,
        "calibration": model.calibration.to_plan(),
        **curve.to_plan(),
    }
    return Trained(model, plan=chosen, history=retrieval.history)


def _demographics_count(model: HybridRecommender, context: FitContext) -> bool:
    """Whether demographics of new users are used: unless validation is clearly better without them."""
    assert context.monitor is not None
    return context.monitor(_without_demographics(model)) <= (1 + LEAST_GAIN) * context.monitor(model)


def _without_demographics(model: HybridRecommender) -> HybridRecommender:
    return replace(model, affinity=np.vstack([model.affinity[:1], np.zeros_like(model.affinity[1:])]))


def _rating(fitted: Ingredients, rows: Interactions, context: FitContext) -> RatingRecommender | None:
    """The rating task of the multitask network, if it is a part and has that task."""
    joint = fitted.trained["joint"].model if "joint" in fitted.trained else None
    return ratings_of(joint.rating, rows, context) if joint is not None and joint.rating is not None else None


def demographic_affinity(
    config: HybridConfig, rows: Interactions, warm: FactorRecommender, content: ContentRecommender, seed: int
) -> np.ndarray:
    """[1 + features, movies]: popularity of the movies, and a ridge regression of deviations from it on demographics.

    Both are shares in all ratings, scaled like the scores of the collaborative model. Where that has a better order for
    users of whom nothing is known than popularity, what is rising, its first movie gets the largest share, and so on.
    """
    share = rows.movie_counts / max(len(rows), 1)
    people = content.people.design_matrix(rows.users.ids, len(rows.users))[:, 1:]
    lengths = np.diff(rows.matrix.indptr)[:, None]
    over = people.T @ rows.matrix - np.outer((people * lengths).sum(axis=0), share)
    penalty = config.people_regularization * np.eye(people.shape[1])
    slopes = np.linalg.solve(people.T @ (people * lengths) + penalty, over)
    popularity = np.empty_like(share)
    popularity[np.argsort(warm.popularity, kind="stable")] = np.sort(share)
    sample = warm.score(drawn(len(rows.users), SAMPLE, seed).astype(np.int32))
    scale = sample.std(axis=1).mean() / max(share.std(), 1e-12)
    return (scale * np.vstack([popularity, slopes])).astype(np.float32)
