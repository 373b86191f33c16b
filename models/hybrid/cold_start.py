"""Calibrates the hybrid model: on validation, and where some rated movies are hidden as if they were unrated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions, Vocabulary
from tfrs_lab.data.sampling import drawn
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.evaluation.scoring import Scorer
from tfrs_lab.evaluation.topk import membership, top_k_unseen
from tfrs_lab.models.content.fit import fit_content
from tfrs_lab.models.hybrid.calibration import calibrate, log_general_score
from tfrs_lab.models.hybrid.config import HybridConfig
from tfrs_lab.models.hybrid.offset import SAMPLE, OffsetCurve, offset_curve
from tfrs_lab.models.hybrid.recommender import HybridRecommender
from tfrs_lab.models.specification import FitContext

HIDDEN = 0.1
"""Share of the movies that a simulation hides."""
LEAST_RATINGS = 5
"""Movies with fewer ratings are not hidden: there is nothing to learn from them."""
BEST = 1000
"""So many of each user's movies, the best by score, teach what a collaborative score is worth."""
UNCALIBRATED = "weighed by constants that were learned on MovieLens-100K"

Examples = tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]
"""History lengths, scores by name, and relevance, each [rows]."""


def calibrated(
    config: HybridConfig, model: HybridRecommender, rows: Interactions, context: FitContext
) -> tuple[HybridRecommender, OffsetCurve]:
    """The model calibrated, with the cold-start offset that the configuration asks for; and the curve over the offset.

    Scores of rated movies are calibrated on validation, those of unrated ones where movies are hidden from train and
    the content model is fitted without them. The hidden ones are as wanted as movies are that have ratings, and all
    their rows count, of the others those of validation: how wanted unrated movies are, validation shows, which is cut
    as test is. Needs a monitor.
    """
    assert context.monitor is not None
    monitor = replace(context.monitor, max_users=SAMPLE)
    calibration = model.calibration
    warm = _warm_examples(model, monitor)
    if warm is not None:
        calibration = replace(calibration, warm=calibrate(*warm))
    else:
        context.notice(f"calibration: no rated movie of a known user is in validation: rated movies are {UNCALIBRATED}")
    often = np.flatnonzero(rows.movie_counts >= LEAST_RATINGS)
    if round(len(often) * HIDDEN) < 1:
        context.notice(f"calibration: no movies can be hidden from train: unrated movies are {UNCALIBRATED}")
    else:
        worlds = [_hidden_examples(config, rows, context, often, number) for number in range(config.simulations)]
        calibration = replace(calibration, cold=calibrate(*_together(worlds)))
    # where no movie is new in validation, as if of the hidden ones' rows as few were asked as of the others'
    rate = len(monitor.validation) / max(len(monitor.seen), 1)
    curve = offset_curve(replace(model, calibration=calibration), monitor, min(0.0, float(np.log(rate))))
    return replace(model, calibration=calibration).with_cold_start_offset(curve.chosen(config.cold)), curve


def _warm_examples(model: HybridRecommender, monitor: Monitor) -> Examples | None:
    """Unseen rated movies of known users in validation; None where there is none to find."""
    scorer = Scorer.of(model.warm, None)
    lengths, scores, truths = [], [], []
    for block in monitor.blocks(scorer):
        number = model.users.encode(block.users)
        lists, values, _ = top_k_unseen(
            scorer.scores(block.users, block.history), block.seen, min(BEST, len(model.warm.movies))
        )
        asked = (number >= 0) & (np.diff(block.relevant.indptr) > 0)
        used = asked[:, None] & (lists >= 0)
        user, movie = block.relevant.nonzero()
        hits = membership(user, movie, lists, width=len(model.warm.movies))
        lengths.append(np.broadcast_to(model.lengths[number][:, None], lists.shape)[used])
        scores.append(values[used])
        truths.append(hits[used])
    length, score, truth = (np.concatenate(column) for column in (lengths, scores, truths))
    return (length, {"score": score}, truth) if truth.any() else None


def _hidden_examples(
    config: HybridConfig, rows: Interactions, context: FitContext, often: np.ndarray, number: int
) -> Examples:
    """Movies that were hidden from train, for a sample of its users."""
    random = np.random.default_rng([context.seed, number])
    hidden = np.sort(random.choice(often, round(HIDDEN * len(often)), replace=False))
    shown = np.setdiff1d(np.arange(len(rows.movies)), hidden)
    inner = replace(context.inside(f"simulation-{number}"), plan=None, monitor=None)
    content = fit_content(config.content, _among(rows, shown), inner).recommender
    users = drawn(len(rows.users), SAMPLE, context.seed).astype(np.int32)
    place = content.movies.encode(rows.movies.decode(hidden))
    relevant = _relevant(rows, context.monitor)[users][:, hidden].toarray() > 0
    lengths = np.diff(rows.matrix[users][:, shown].indptr)
    general = log_general_score(content.candidates[place] @ content.people.queries[0])
    scores = {
        "score": content.score(users)[:, place].ravel(),
        "general": np.broadcast_to(general, relevant.shape).ravel(),
    }
    return np.broadcast_to(lengths[:, None], relevant.shape).ravel(), scores, relevant.ravel()


def _together(examples: list[Examples]) -> Examples:
    lengths, scores, relevant = zip(*examples, strict=True)
    every = {name: np.concatenate([one[name] for one in scores]) for name in scores[0]}
    return np.concatenate(lengths), every, np.concatenate(relevant)


def _relevant(rows: Interactions, monitor: Monitor | None) -> csr_matrix:
    """[users, movies]: rows that count as relevant."""
    if monitor is None or monitor.threshold is None or rows.rating is None:
        return rows.matrix
    kept = rows.rating >= monitor.threshold
    return csr_matrix((kept.astype(np.float32), (rows.user, rows.movie)), rows.matrix.shape)


def _among(rows: Interactions, shown: np.ndarray) -> Interactions:
    """The same users with these movies only."""
    number = np.full(len(rows.movies), -1, dtype=np.int32)
    number[shown] = np.arange(len(shown))
    kept = number[rows.movie] >= 0
    movies = Vocabulary(rows.movies.decode(shown).to_list())
    return Interactions(rows.users, movies, rows.user[kept], number[rows.movie[kept]])
