"""Makes the index of a run: tunes it, lets movies join and leave, builds it anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tfrs_lab.data import DataError, did_you_mean
from tfrs_lab.data.tables import movies_table
from tfrs_lab.experiments.command_line.id_lists import HOW, parse_ids
from tfrs_lab.experiments.export.index_store import StoredIndex, change_index, no_movies
from tfrs_lab.experiments.export.servable import to_servable
from tfrs_lab.experiments.storage.stored_model import StoredModel, load_model
from tfrs_lab.models.training.reporter import Reporter
from tfrs_lab.serving.index import IndexSetting
from tfrs_lab.serving.servable import Servable
from tfrs_lab.serving.tuning import tune

MOST_QUERIES = 2000


@dataclass(frozen=True)
class TuningTarget:
    """What tuning aims at.

    Attributes:
        recall: Recall against brute force.
        k: Length of the lists.
        seed: Of the choice of users and of ScaNN's clustering.
        only_scann: Choose ScaNN even where brute force is faster.
    """

    recall: float = 0.99
    k: int = 100
    seed: int = 0
    only_scann: bool = False


def tune_index(run: Path, target: TuningTarget, reporter: Reporter, *, afresh: bool = False) -> StoredIndex:
    """Tunes and builds the index of a run."""
    model = load_model(run)

    def change(present: StoredIndex | None) -> StoredIndex:
        added, removed = (no_movies(), ()) if present is None else (present.added, present.removed)
        servable = to_servable(model, added=added, removed=removed)
        tuning = tuned(servable, target, reporter)
        setting = IndexSetting(**tuning["chosen"]["setting"])
        return StoredIndex(setting, tuning, added, tuple(removed)).build(servable)

    return change_index(run, change, afresh=afresh)


def tuned(servable: Servable, target: TuningTarget, reporter: Reporter) -> dict[str, Any]:
    """What tuning finds, with the queries of some users; a ranker needs all that it ranks, however short the lists."""
    users = np.random.default_rng(target.seed).permutation(len(servable.queries))[:MOST_QUERIES]
    found = tune(
        servable.candidates[servable.rows],
        servable.queries[users],
        k=min(max(target.k, servable.reranker.depth if servable.reranker else 0), len(servable.rows)),
        target=target.recall,
        seed=target.seed,
        only_scann=target.only_scann,
        report=reporter.line,
    )
    return found.as_dict()


def change_movies(run: Path, added: pl.DataFrame | None, removed: Sequence[str]) -> StoredIndex:
    """Lets movies join and leave; the index is built again with the setting that it has.

    Args:
        run: A finished run with an index.
        added: New movies by their raw features: ``movie_id`` and any other columns of ``Dataset.movies``; or None.
        removed: Ids of movies that shall not be recommended any more, or several with commas between them.

    Raises:
        DataError: There is no index, a movie is known already or not at all, or the model can't take in movies.
    """
    model = load_model(run)

    def change(present: StoredIndex | None) -> StoredIndex:
        if present is None:
            raise DataError("expected a run with an index, got one without: recs index RUN makes it", file=run)
        joined = present.added if added is None else _joined(model, present.added, movies_table(added))
        gone = tuple(sorted({*present.removed, *_known(model, joined, removed)}))
        servable = to_servable(model, added=joined, removed=gone)
        return StoredIndex(present.setting, present.tuning, joined, gone).build(servable)

    return change_index(run, change)


def _joined(model: StoredModel, present: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """All movies that have joined."""
    known = {*model.recommender.movies.ids, *present["movie_id"]}
    for movie in added["movie_id"]:
        if movie in known:
            raise DataError(f"expected movies that the index does not know yet, got {movie!r}")
    return pl.concat([present, added])


def _known(model: StoredModel, added: pl.DataFrame, removed: Sequence[str]) -> Sequence[str]:
    """The ids that are meant."""
    known = {*model.recommender.movies.ids, *added["movie_id"]}
    found = parse_ids(removed, known, option="--remove")
    for movie in found:
        if movie not in known:
            raise DataError(
                f"expected ids of movies in the index to remove, got {movie!r}{did_you_mean(movie, known)} ({HOW})"
            )
    return found
