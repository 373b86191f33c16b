"""Lists for every user of a run, written block by block; an interrupted run continues with the next block."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import DataError, Vocabulary
from tfrs_lab.data.storage import write_json, write_parquet
from tfrs_lab.evaluation.judgements import interaction_matrix
from tfrs_lab.evaluation.scoring import Scorer
from tfrs_lab.evaluation.topk import top_k
from tfrs_lab.experiments.storage.directory import locked
from tfrs_lab.experiments.storage.results import read_result
from tfrs_lab.experiments.storage.stored_model import StoredModel, load_model
from tfrs_lab.models.training.reporter import Reporter

CELLS = 1 << 24
"""Scores per block: about 10,000 users with 1,682 movies."""


@dataclass(frozen=True, eq=False)
class Shard:
    """A part of all users: consecutive ones in their order, as many as in each of the others, give or take one."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From ``i/n``.

        >>> Shard.parse("2/3").of(range(8))
        range(2, 5)

        Raises:
            ValueError: It is something else, or there is no such shard.
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise ValueError(f"expected i/n with i from 1 to n, such as 1/4, got {text!r}")
        return cls(int(number), int(count))

    def of(self, users: range) -> range:
        """Its users among all."""
        start, end = ((self.number - 1 + one) * len(users) // self.count for one in (0, 1))
        return users[start:end]


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be written.

    Attributes:
        model: The run's model.
        users: All users, or those of a shard, sorted.
        known: [users, movies] nonzero where the user knows the movie.
        allowed: [movies] bool.
        k: Length of a list.
        block: Users per block.
        identity: What decides the result, for JSON: blocks of another plan are not reused.
    """

    model: StoredModel
    users: list[str]
    known: csr_matrix
    allowed: np.ndarray
    k: int
    block: int
    identity: dict[str, Any]

    def of_shard(self, shard: Shard) -> Plan:
        """The same for the users of a shard."""
        if shard.count > len(self.users):
            raise DataError(f"expected at most as many shards as the {len(self.users)} users, got {shard.count}")
        places = shard.of(range(len(self.users)))
        identity = {**self.identity, "shard": [shard.number, shard.count]}
        users, known = self.users[places.start : places.stop], self.known[places.start : places.stop]
        return replace(self, users=users, known=known, identity=identity)

    def part(self, start: int) -> pl.DataFrame:
        """The lists of a block of users: ``user_id``, ``movie_id``, ``rank`` from 1, ``score``."""
        users = self.users[start : start + self.block]
        known = self.known[start : start + self.block]
        scores = Scorer.of(self.model.recommender, None)(users, known)
        scores[known.nonzero()] = -np.inf
        scores[:, ~self.allowed] = -np.inf
        rows, values = top_k(scores, self.k)
        real = rows >= 0
        rank = np.broadcast_to(np.arange(1, self.k + 1, dtype=np.int32), rows.shape)
        return pl.DataFrame(
            {
                "user_id": np.repeat(np.array(users, dtype=object), real.sum(axis=1)).tolist(),
                "movie_id": self.model.recommender.movies.decode(rows[real]),
                "rank": rank[real],
                "score": values[real],
            },
            schema_overrides={"user_id": pl.String},
        )


def recommend_to_all(plan: Plan, out: Path, reporter: Reporter) -> dict[str, int]:
    """Writes the k best movies that each user does not know."""
    parts = out.with_name(out.name + ".partial")
    parts.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(plan.users), plan.block)
    with locked(parts):
        _go_on_or_begin(parts, plan.identity)
        for number, start in enumerate(starts, start=1):
            file = parts / f"{start:012}.parquet"
            if not file.exists():
                write_parquet(file, plan.part(start))
            reporter.step("users", number, len(starts), f"{min(start + plan.block, len(plan.users)):,}")
        table = pl.concat([pl.scan_parquet(parts / f"{start:012}.parquet") for start in starts])
        temporary = parts / "all"
        table.sink_parquet(temporary)
        rows = int(pl.scan_parquet(temporary).select(pl.len()).collect().item())
        os.replace(temporary, out)
    shutil.rmtree(parts)
    return {"users": len(plan.users), "rows": rows}


def plan_of_run(run: Path, k: int, allow: Collection[str] | None, deny: Collection[str] | None) -> Plan:
    """The lists of a finished run; movies that joined or left its index are in or out here too.

    Scores are the model's own, exact.
    """
    model, removed, generation = _with_index(run, load_model(run))
    config = read_result(run).config
    identity = {"run": hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest(), "index": generation}
    return make_plan(model, k, allow, [*(deny or ()), *removed], identity)


def make_plan(
    model: StoredModel, k: int, allow: Collection[str] | None, deny: Collection[str] | None, identity: dict[str, Any]
) -> Plan:
    """The lists of a model."""
    movies = model.recommender.movies
    allowed = np.ones(len(movies), bool) if allow is None else _mask(movies, allow)
    allowed &= ~_mask(movies, deny or ())
    if not allowed.any():
        raise DataError("expected some movies to recommend, got none that is allowed and not denied")
    users = Vocabulary.from_ids([*model.recommender.users.ids, *model.known["user_id"].unique()])
    identity = {**identity, "k": k, "allowed": hashlib.sha256(np.packbits(allowed).tobytes()).hexdigest()}
    block = max(1, CELLS // len(movies))
    return Plan(model, users.ids, interaction_matrix(model.known, users, movies), allowed, k, block, identity)


def _with_index(run: Path, model: StoredModel) -> tuple[StoredModel, Collection[str], int]:
    """The model with the movies that joined its index, the ids of those that left, and the index's generation."""
    if not (run / "index.json").exists():
        return model, (), 0
    from tfrs_lab.experiments.export.index_store import read_index
    from tfrs_lab.experiments.export.servable import with_movies

    index = read_index(run)
    if index is None:
        return model, (), 0
    if index.added.height:
        model = replace(model, recommender=with_movies(model, index.added))
    return model, index.removed, index.version


def _mask(movies: Vocabulary, ids: Collection[str]) -> np.ndarray:
    """[movies] bool: which are named; ids that the model does not hold name nothing."""
    places = movies.encode(list(ids))
    found = np.zeros(len(movies), bool)
    found[places[places >= 0]] = True
    return found


def _go_on_or_begin(parts: Path, identity: dict[str, Any]) -> None:
    """Clears what an earlier call with another plan left behind."""
    file = parts / "plan.json"
    if file.exists() and json.loads(file.read_text(encoding="utf-8")) == identity:
        return
    for old in parts.glob("*.parquet"):
        old.unlink()
    write_json(file, identity)
