"""Exports a run: a SavedModel with the run's index, checked against brute force before it appears."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tfrs_lab.data import DataError
from tfrs_lab.data.storage import without_nan, write_json, write_text
from tfrs_lab.evaluation.topk import top_k
from tfrs_lab.experiments.command_line.settings import public
from tfrs_lab.experiments.display.plots import accuracy_and_diversity
from tfrs_lab.experiments.export.diversity import diversity_curve
from tfrs_lab.experiments.export.index_store import StoredIndex, no_movies, read_index
from tfrs_lab.experiments.export.servable import catalogue, to_servable
from tfrs_lab.experiments.export.servable_scores import scores_of
from tfrs_lab.experiments.storage.results import read_result
from tfrs_lab.experiments.storage.stored_model import load_model
from tfrs_lab.models.training.reporter import Reporter
from tfrs_lab.serving.backend import HAS_SCANN, tf
from tfrs_lab.serving.export import export
from tfrs_lab.serving.index import LEAST_SCANN, IndexSetting, usual_setting
from tfrs_lab.serving.measure import recall
from tfrs_lab.serving.module import RecommenderModule
from tfrs_lab.serving.reranking import rerank
from tfrs_lab.serving.servable import Servable

Kind = Literal["scann", "brute-force"]
USERS = 512
"""Number of users whose lists are compared with brute force."""
BLOCK = 128


@dataclass(frozen=True)
class Exported:
    """What an export came to.

    Attributes:
        version: Its directory.
        setting: Of its index.
        recall: Share of brute force's lists, known movies left out, that it gives.
        k: Length of those lists.
        curve: Accuracy and diversity, see ``tfrs_lab.experiments.export.diversity``; empty where nothing can be tested.
    """

    version: Path
    setting: IndexSetting
    recall: float
    k: int
    curve: list[dict[str, float]]


def export_run(run: Path, out: Path, kind: Kind | None, min_recall: float, reporter: Reporter) -> Exported:
    """Writes the next version under ``out``.

    Args:
        run: A finished run.
        out: Holds the versions.
        kind: Of the index; None: what ``recs index`` chose, without one ScaNN where it can be had.
        min_recall: Less than this is not exported.
        reporter: Progress reporter.

    Raises:
        DataError: The model can't be served, or the index finds too little.
    """
    model, stored = load_model(run), read_index(run) or StoredIndex(IndexSetting(), {}, no_movies())
    servable = to_servable(model, added=stored.added, removed=stored.removed)
    setting = choose(stored, kind, len(servable.rows))
    stored = stored if setting == stored.setting else replace(stored, setting=setting).build(servable)
    module = RecommenderModule(servable, stored.restore(servable))
    k = min(stored.tuning.get("k", 100), len(servable.rows))
    reached = list_recall(module, servable, k)
    users = min(USERS, len(servable.queries))
    reporter.line(f"{setting.kind}: {reached:.4f} of brute force's first {k}, over {users} users")
    if reached < min_recall:
        raise DataError(
            f"expected lists with at least {min_recall} of brute force's first {k}, got {reached:.4f}: tune with "
            "`recs index`, take --index brute-force, or lower --min-recall"
        )
    curve = diversity_curve(module, servable, model)
    record = {"kind": setting.kind, "setting": vars(setting), f"recall@{k}": reached, "tuning": stored.tuning}

    people = catalogue(servable, model.known)

    def extra(directory: Path) -> None:
        result = read_result(run)
        write_json(directory / "config.json", public(result.config))
        write_json(directory / "metrics.json", result.metrics)
        write_json(directory / "index.json", record)
        write_text(directory / "catalogue.json", json.dumps(without_nan(people), ensure_ascii=False))
        if curve:
            write_json(directory / "diversity.json", {"curve": curve})
            write_text(directory / "diversity.svg", accuracy_and_diversity(curve))

    return Exported(export(module, out, extra), setting, reached, k, curve)


def choose(stored: StoredIndex, kind: Kind | None, movies: int) -> IndexSetting:
    """The setting of an export."""
    possible = HAS_SCANN and movies >= LEAST_SCANN
    if kind == "scann" and not possible:
        why = f"it needs {LEAST_SCANN} movies, there are {movies}" if HAS_SCANN else "it exists for Linux only"
        raise DataError(f"expected --index brute-force where ScaNN can't be had, got scann: {why}")
    if kind is None and stored.tuning:
        return stored.setting
    if kind == "brute-force" or not possible:
        return IndexSetting()
    if stored.setting.kind == "scann":
        return stored.setting
    return _best_scann(stored.tuning) or usual_setting(movies)


def _best_scann(tuning: dict[str, Any]) -> IndexSetting | None:
    """The fastest ScaNN setting that reached the target, else the one with the highest recall; None without any."""
    curve = tuning.get("curve", [])
    if not curve:
        return None
    enough = [one for one in curve if one["recall"] >= tuning["target_recall"]]
    best = max(enough or curve, key=lambda one: one["queries_per_second"] if enough else one["recall"])
    return IndexSetting(**best["setting"])


def list_recall(module: RecommenderModule, servable: Servable, k: int) -> float:
    """Share of brute force's first k, known movies left out, that the graph's lists have, over some users."""
    users = np.random.default_rng(0).permutation(len(servable.queries))[:USERS]
    found, true = [], []
    for block in np.split(users, range(BLOCK, len(users), BLOCK)):
        ids = tf.constant(servable.user_ids[block].tolist())
        answer = module.recommend(ids, tf.fill([len(block), 1], ""), tf.constant(k))
        found.append(module.movies.rows(answer["movie_id"]).numpy())
        true.append(exact_lists(servable, block, k))
    return recall(np.concatenate(found), np.concatenate(true)) if len(users) else 1.0


def exact_lists(servable: Servable, users: np.ndarray, k: int) -> np.ndarray:
    """[users, k] int32 rows of the best movies that the users [users] do not know, ranked, padded with -1."""
    scores = np.full((len(users), len(servable.movie_ids)), -np.inf, np.float32)
    scores[:, servable.rows] = scores_of(servable, users, servable.queries[users])[:, servable.rows]
    values, starts = servable.seen
    for row, user in enumerate(users):
        scores[row, values[starts[user] : starts[user + 1]]] = -np.inf
    if servable.reranker is None:
        return top_k(scores, k)[0]
    rows, values = (tf.constant(each) for each in top_k(scores, max(k, servable.reranker.depth)))
    found: np.ndarray = rerank(servable.reranker, tf.constant(users, tf.int32), values, rows, tf.constant(k))[1].numpy()
    return found
