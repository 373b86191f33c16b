"""Fits the retrieval model: closed forms, the towers that are worth it, then their weights and the common vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfrs_lab.data import DataError, Interactions
from tfrs_lab.models.baselines import BASELINES, FactorModel
from tfrs_lab.models.baselines.ials import IALSConfig, fit_ials
from tfrs_lab.models.baselines.tuning import tune
from tfrs_lab.models.closed_form.linear import LinearConfig, solve_linear
from tfrs_lab.models.closed_form.neighbours import NeighbourTable
from tfrs_lab.models.closed_form.spectral import DIMENSIONS, SpectralConfig, spectral_tables
from tfrs_lab.models.closed_form.transitions import choose_transitions, fit_transitions
from tfrs_lab.models.closed_form.trends import fit_trend
from tfrs_lab.models.config_fields import brief
from tfrs_lab.models.retrieval.blend import USERS, Blend, Groups, choose_blend, group_of
from tfrs_lab.models.retrieval.choose_regularization import choose_regularization
from tfrs_lab.models.retrieval.combine import Part
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.fit_part import BUILDERS, FittedPart, fit_part
from tfrs_lab.models.retrieval.left_out import affordable, left_out, nothing_to_learn, order_leads
from tfrs_lab.models.retrieval.likeness import likeness
from tfrs_lab.models.retrieval.query_tower import Bag, LeastSquares, QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.specification import FitContext, Trained
from tfrs_lab.models.training.data import TrainingData

_SECONDS = 90.0
"""Limit of the search for iALS's numbers, in estimated seconds: sparse data want many factors, which take long."""
_LIKENESS = 128
"""So many of the linear part's first directions tell how alike movies are: of sequels and series on four splits of
MovieLens-100K most are among the first ten so, more than by 64, by 256, by iALS or by a spectral filter."""


@dataclass
class Ingredients:
    """What is combined.

    Attributes:
        trained: Name → part with towers.
        taste: Name → part in closed form that learns who likes what.
        transitions: What follows what; None without.
        linear: The weights of ``linear`` as a table, where they are better so than as vectors; else None.
        plan: What was chosen for the closed forms.
    """

    trained: dict[str, FittedPart] = field(default_factory=dict)
    taste: dict[str, Part] = field(default_factory=dict)
    transitions: NeighbourTable | None = None
    linear: NeighbourTable | None = None
    plan: dict[str, Any] = field(default_factory=dict)


def fit_retrieval(config: RetrievalConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits every part that is worth it and combines them.

    With a monitor each part stops when validation nDCG@10 no longer improves, and the blend is chosen on validation;
    with a plan from such a fit, each part is trained as long as the plan says, and they are blended so.

    Raises:
        DataError: There is nothing to train, or everything would take longer than ``config.budget``.
        FloatingPointError: A loss became NaN or infinite.
    """
    return join_parts(config, fit_parts(config, rows, context), rows, context)


def fit_parts(config: RetrievalConfig, rows: Interactions, context: FitContext) -> Ingredients:
    """The closed forms, and the towers that are worth training, one after the other."""
    plan = context.plan or {}
    words = config.joint.rating.title_words if "joint" in config.parts else 0
    data = TrainingData(rows, *context.features(rows.users, rows.movies, words=words))
    for text in left_out(config, data):
        context.notice(text)
    found = _closed_forms(config, rows, context)
    # the multitask network predicts ratings even where its vectors count nothing
    if plan:
        names = [name for name in plan.get("epochs", ()) if name == "joint" or _counts(name, plan)]
        asked = plan.get("sequence_epochs", config.sequence.epochs)
        config = replace(config, sequence=replace(config.sequence, epochs=asked))  # what the learning rate goes by
    else:
        config, names = _worth_training(config, found, rows, context)
    for name in names:
        epochs = plan.get("epochs", {}).get(name)
        found.trained[name] = fit_part(name, getattr(config, name), data, epochs, context)
    return found


def _counts(name: str, plan: Mapping[str, Any]) -> bool:
    """Whether the group of a part has a weight in a plan; everything has before there is one."""
    group = name if name == plan.get("table") else group_of(name)
    return not plan or bool(plan["weights"].get(group))


def _closed_forms(config: RetrievalConfig, rows: Interactions, context: FitContext) -> Ingredients:
    """What is solved, with settings that validation or the plan tells."""
    plan, monitor, found = context.plan or {}, context.monitor, Ingredients()
    out = nothing_to_learn(config, rows)
    wanted = [name for name in config.parts if name not in out and _counts(name, plan)]
    ordered = rows.timestamp is not None
    if "linear" in wanted:
        _linear(config.linear, rows, context, found, alone=not (ordered and "transitions" in wanted))
    if "ials" in wanted:
        found.taste["ials"], found.plan["ials"] = _factorized(config.ials, rows, context)
    if "spectral" in wanted:
        found.taste["spectral"], found.plan["directions"] = _spectral(config.spectral, rows, context)
    if "transitions" in wanted and ordered:
        settings = replace(config.transitions, **plan.get("transitions", {}))
        if monitor is not None and not plan and settings.search:
            sample = replace(monitor, max_users=USERS)
            settings = choose_transitions(settings, rows, lambda table: sample(_of_table(table, rows)))
        found.transitions = fit_transitions(settings, rows)
        found.plan["transitions"] = vars(settings)
    return found


def _linear(config: LinearConfig, rows: Interactions, context: FitContext, found: Ingredients, *, alone: bool) -> None:
    """The part as vectors or, if ``alone`` has the place of the table, as one: whichever predicts validation better."""
    plan, monitor = context.plan or {}, None if context.plan else context.monitor
    if monitor is not None:
        config = choose_regularization(config, rows, monitor, context.seed)
    config = replace(config, regularization=plan.get("regularization", config.regularization))
    found.plan["regularization"] = config.regularization
    solved = solve_linear(config, rows)
    if plan.get("table") != "linear":
        found.taste["linear"] = _of_sums(rows, *solved.tables(rows, config.dimension, context.seed))
        if monitor is None or not alone:
            return
    table = solved.nearest(rows, config.neighbours)
    if monitor is not None:
        models = (_of_taste(found.taste["linear"], rows), _of_table(table, rows))
        before, after = (replace(monitor, max_users=USERS).per_user(model) for model in models)
        if (after - before).mean() <= (after - before).std() / max(len(after), 1) ** 0.5:
            return
        del found.taste["linear"]
    found.linear, found.plan["table"] = table, "linear"


def _of_sums(rows: Interactions, table: np.ndarray, candidates: np.ndarray) -> Part:
    """A part whose queries are sums over the movies of a history."""
    return Part(rows.matrix @ table, candidates, QueryTower.of(Bag(table)))


def _factorized(config: IALSConfig, rows: Interactions, context: FitContext) -> tuple[Part, dict[str, Any]]:
    """The part, and what validation or the plan tells of its numbers."""
    plan, monitor = context.plan or {}, context.monitor
    if monitor is not None and not plan:
        choice = tune(BASELINES["ials"], rows, config, monitor, seed=context.seed, budget=_SECONDS)
        values, model = choice.values, choice.model
    else:
        values = plan.get("ials", {})
        model = fit_ials(rows, replace(config, **values), seed=context.seed, now=None)
    assert isinstance(model, FactorModel)
    users, movies = model.user_factors, model.movie_factors
    turn = np.eye(movies.shape[1], dtype=np.float32)
    query = LeastSquares(movies, turn, model.alpha, model.regularization, movies.T @ movies)
    return Part(users, movies, QueryTower.of(query)), values


def _spectral(config: SpectralConfig, rows: Interactions, context: FitContext) -> tuple[Part, int]:
    """The part, and the number of directions, which validation or the plan tells."""
    plan, monitor = context.plan or {}, context.monitor
    if plan or monitor is None or not config.search:
        number = plan.get("directions", config.dimension)
        return _of_sums(rows, *spectral_tables(replace(config, dimension=number), rows, context.seed)), number
    table, candidates = spectral_tables(replace(config, dimension=max(DIMENSIONS)), rows, context.seed)
    parts = {number: _of_sums(rows, table[:, :number], candidates[:, :number]) for number in DIMENSIONS}
    sample = replace(monitor, max_users=USERS)
    best = max(DIMENSIONS, key=lambda number: sample(_of_taste(parts[number], rows)))
    return parts[best], best


def _of_table(table: NeighbourTable, rows: Interactions) -> FactorRecommender:
    return Groups({}, table).weighted({"transitions": 1.0}, rows, None)


def _of_taste(part: Part, rows: Interactions) -> FactorRecommender:
    return FactorRecommender.of(rows, part, rows.movie_counts.astype(np.float32))


def _worth_training(
    config: RetrievalConfig, found: Ingredients, rows: Interactions, context: FitContext
) -> tuple[RetrievalConfig, list[str]]:
    """Names of the parts with towers that are to be trained, and the configuration for as long as there is time."""
    out = nothing_to_learn(config, rows)
    if config.towers == "auto" and found.taste and context.monitor is not None:
        taste, order = next(iter(found.taste.values())).standardised(), found.transitions
        models = [_of_taste(taste, rows)]
        models += [] if order is None else [_of_table(order, rows)]
        sample = replace(context.monitor, max_users=USERS)
        leads, why = order_leads([sample.per_user(model) for model in models])
        losers = ("id", "history", "reconstruction") if leads else ("sequence",)
        if "transitions" in config.parts:
            out |= {name: why for name in losers if name in config.parts}
    by_taste = any(group_of(name) == "taste" for name in config.parts)
    if config.towers == "auto" and context.monitor is None and "sequence" in config.parts and by_taste:
        out.setdefault("sequence", "there is no validation to say what order counts")
    asked = config.sequence.epochs
    config, long = affordable(config, rows, out)
    names: list[str] = [name for name in config.parts if name in BUILDERS and name not in out and name not in long]
    if not names and not found.taste and found.transitions is None and found.linear is None:
        timeless = f"parts: expected timestamps for {', '.join(config.parts)}, got ratings without"
        raise DataError("; ".join(f"{name}: {why}" for name, why in (out | long).items()) or timeless)
    reasons = out | long
    for why in dict.fromkeys(reasons.values()):
        context.notice(f"{', '.join(name for name in reasons if reasons[name] == why)}: left out, {why}")
    if "sequence" in names and config.sequence.epochs < asked:
        context.notice(f"sequence: {config.sequence.epochs} of {asked} epochs fit into {config.budget:g} minutes")
        found.plan["sequence_epochs"] = config.sequence.epochs
    return config, names


def join_parts(config: RetrievalConfig, found: Ingredients, rows: Interactions, context: FitContext) -> Trained:
    """Trained parts and those in closed form as one recommender, in a blend that the plan tells or validation."""
    plan = context.plan or {}
    parts = {name: part.vectors(rows) for name, part in found.trained.items()} | found.taste
    trends = fit_trend(config.trend, rows) if "trend" in config.parts else None
    table, name = (found.transitions, "transitions") if found.linear is None else (found.linear, "linear")
    groups = Groups.of(rows, parts, table, trends, name)
    blend = Blend.from_plan(plan) if plan else choose_blend(groups, rows, config.dimension, context.monitor)
    if not plan and len(config.parts) > 1:
        context.reporter.line(_in_words(blend, parts, found))
    chosen = {"epochs": {name: part.epochs for name, part in found.trained.items()}, **found.plan, **blend.to_plan()}
    history = [row for part in found.trained.values() for row in part.history]
    recommender = blend.recommender(groups, rows)
    by_taste = found.taste["linear"].candidates[:, :_LIKENESS] if "linear" in found.taste else None
    alike = likeness(recommender.candidates if by_taste is None else by_taste, rows.movies, context.dataset)
    alike = by_taste if alike is None else alike
    recommender = replace(recommender, tower=recommender.tower.folded(), likeness=alike)
    return Trained(recommender, plan=plan or chosen, history=history)


def _in_words(blend: Blend, parts: Mapping[str, Part], found: Ingredients) -> str:
    """One line on what was chosen."""
    taste = [name for name in parts if group_of(name) == "taste"]
    weights = {
        f"taste ({', '.join(taste)})" if name == "taste" else name: value
        for name, value in blend.weights.items()
        if value
    }
    settings = {name: value for name, value in found.plan.items() if isinstance(value, (int, float))}
    settings |= {f"ials {name}": value for name, value in found.plan.get("ials", {}).items()}
    return f"blend: {brief({**weights, 'dimension': blend.dimension, **settings})}"
