"""Fits the cascade: the retriever, and a ranker on candidates of a retriever that did not see what became of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tfrs_lab.data import DataError, Interactions
from tfrs_lab.data.holdout import Holdout
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.backend import tf
from tfrs_lab.models.cascade.candidates import CandidateLists
from tfrs_lab.models.cascade.config import CascadeConfig
from tfrs_lab.models.cascade.mixture import choose_mixture
from tfrs_lab.models.cascade.ranker import Examples, Ranker, RankingNetwork
from tfrs_lab.models.cascade.recommender import CascadeRecommender
from tfrs_lab.models.cascade.signals import MovieFacts, RankingSignals
from tfrs_lab.models.retrieval.fit import fit_retrieval
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext, Trained
from tfrs_lab.models.training.loop import adam, fit_epochs

Curve = list[dict[str, Any]]


def fit_cascade(config: CascadeConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits the retriever, and beside it the ranker; with a monitor chooses how they are mixed.

    With a plan from such a fit, both are fitted anew on these rows and mixed as it says. Where the plan gives the
    ranker no weight, or where there is nothing to choose by, the retriever is all there is.

    Raises:
        FloatingPointError: A loss became NaN or infinite.
        DataError: The ranker shall learn ratings, and there are none.
    """
    if config.ranker.objective == "rating" and rows.rating is None:
        raise DataError("ranker.objective: expected listwise or pointwise, since there are no ratings, got 'rating'")
    plan, monitor = context.plan or {}, context.monitor
    part = replace(context.inside("retrieval"), plan=plan.get("retrieval"))
    retrieval = fit_retrieval(config.retrieval, rows, part)
    chosen = {**plan, "retrieval": retrieval.plan}
    if monitor is not None and _can_choose(monitor, rows):
        holdout = Holdout.like(context.asks, monitor.seen, monitor.validation)
        chosen |= {"holdout": vars(holdout), "threshold": monitor.threshold}
    elif not plan.get("weight"):
        return Trained(CascadeRecommender.alone(retrieval.recommender), plan=chosen, history=retrieval.history)
    network, curve = _fit_ranker(config, rows, chosen, context)
    if network is None:
        return Trained(CascadeRecommender.alone(retrieval.recommender), plan=chosen, history=retrieval.history)
    lists = _lists(config, rows, retrieval.recommender, context)
    if monitor is None:
        return Trained(_ranked(lists, network, chosen).mixed(plan["depth"], plan["weight"]), plan=plan, history=curve)
    model, stages = choose_mixture(config, _ranked(lists, network, chosen), lists.signals.biases[1], monitor)
    chosen |= {"depth": model.depth, "weight": model.weight, "stages": stages}
    context.reporter.line(f"cascade: the first {model.depth}, ranker's weight {model.weight:g}")
    return Trained(model, plan=chosen, history=retrieval.history + curve)


def _can_choose(monitor: Monitor, rows: Interactions) -> bool:
    """Whether validation ranks all movies for any known user."""
    return monitor.candidates is None and bool((rows.users.encode(monitor.validation["user_id"]) >= 0).any())


def _fit_ranker(
    config: CascadeConfig, rows: Interactions, plan: dict[str, Any], context: FitContext
) -> tuple[RankingNetwork | None, Curve]:
    """A ranker, and its learning curve; None where nothing that was held out is among the candidates.

    Part of the rows is held out, as validation was; a retriever of the same kind is fitted on the others; its
    candidates with the held rows among them are what the ranker learns from.
    """
    held = Holdout(**plan["holdout"]).cut(rows, context.seed)
    known = Interactions.from_ratings(held.known)
    inside = replace(context.inside("out-of-fold"), monitor=None, plan=plan["retrieval"])
    retriever = fit_retrieval(config.retrieval, known, inside).recommender
    lists = _lists(config, known, retriever, context)
    examples = lists.examples(held, plan["threshold"], config.max_lists, context.seed)
    return (None, []) if examples is None else _train(config, examples, context)


def _train(config: CascadeConfig, examples: Examples, context: FitContext) -> tuple[RankingNetwork, Curve]:
    """Trains the network."""
    tf.keras.utils.set_random_seed(context.seed)
    ranker = Ranker(config.ranker, examples, context.seed)
    ranker.compile(optimizer=adam(config.ranker.learning_rate))
    curve = fit_epochs(ranker, config.ranker.epochs, "ranker", context)
    return ranker.network(), curve


def _ranked(lists: CandidateLists, network: RankingNetwork, plan: dict[str, Any]) -> CascadeRecommender:
    """All users' lists as the network scores them, without weight; no longer than the plan says, if it says."""
    depth = plan.get("depth", lists.depth)
    at_once = plan["holdout"]["kind"] == "moment"
    last = lists.signals.last_time
    moments = np.full(len(last), last.max()) if at_once else last
    return CascadeRecommender(lists.retriever, *replace(lists, depth=depth).ranked(network, moments), depth, 0.0)


def _lists(
    config: CascadeConfig, rows: Interactions, retriever: FactorRecommender, context: FitContext
) -> CandidateLists:
    """Candidate lists of a retriever that was fitted on these rows."""
    facts = MovieFacts.of(None if context.dataset is None else context.dataset.movies, rows.movies)
    people, _ = context.features(rows.users, rows.movies)
    signals = RankingSignals(rows, facts, people, retriever.candidates, config.ranker.half_lives_days, context.seed)
    return CandidateLists(retriever, signals, max(config.depths), config.ranker.features)
