"""Rows a second into training, and memory: ``python -m benchmarks.shards [--rows 10000000] [--write]``.

The same generated ratings three ways, each in a process of its own: (1) lines of CSV parsed row by row, ids looked up
as text and rows shuffled in a buffer, as tutorials do it; (2) encoded rows in memory; (3) encoded rows in shards on
disk. An epoch of batches is read without training, and then one is trained on (2) and (3). Exits 1 if (3) reads fewer
rows a second than (1), or if training from shards takes as much memory as training in memory.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.contenders.worker import peak_gb
from benchmarks.scale import CONFIG, shape
from benchmarks.shared.record import Record, Target, command, cores, versions_here
from benchmarks.shared.turns import once
from tfrs_lab.data import Interactions, Vocabulary, generate

TEXT_ROWS = 300_000
"""Only this many lines of text are read: the others take as long each."""
SHARDS = 64
TITLES = {"text": "CSV row by row", "memory": "encoded, in memory", "shards": "encoded, in shards"}


def write(folder: Path, rows: int) -> None:
    """The three forms of the ratings."""
    from tfrs_lab.models.training.shards import write_shards

    users, movies = shape(rows)
    ratings = generate(users, movies, rows, half_stars=True, by_user=True).ratings
    ratings.head(TEXT_ROWS).select("user_id", "movie_id").write_csv(folder / "text.csv")
    encoded = Interactions.from_ratings(ratings)
    del ratings
    for name in ("user", "movie"):
        np.save(folder / f"{name}.npy", getattr(encoded, name))
    write_shards(encoded, folder / "shards", SHARDS, seed=0)


def rows_of(way: str, folder: Path) -> Interactions:
    """Ready to be read in batches."""
    from tfrs_lab.models.training.shards import ShardedRows

    stored = ShardedRows(folder / "shards")
    if way == "shards":
        return stored
    user, movie = (np.load(folder / f"{side}.npy", allow_pickle=False) for side in ("user", "movie"))
    return Interactions(stored.users, stored.movies, user, movie)


def read_text(folder: Path) -> float:
    """Rows a second."""
    from tfrs_lab.models.backend import tf

    tables = pl.read_csv(folder / "text.csv", schema_overrides={"user_id": pl.String, "movie_id": pl.String})
    lookups = [tf.keras.layers.StringLookup(vocabulary=Vocabulary.from_ids(column).ids) for column in tables]
    lines = tf.data.TextLineDataset(str(folder / "text.csv")).skip(1)
    rows = lines.map(lambda line: tf.io.decode_csv(line, ["", ""])).shuffle(100_000).batch(CONFIG.batch_size)
    started = time.perf_counter()
    for _ in rows.map(lambda user, movie: (lookups[0](user), lookups[1](movie))).prefetch(2):
        pass
    return len(tables) / (time.perf_counter() - started)


def read(way: str, place: str) -> dict[str, float]:
    """Rows a second read, and where it is this project's way also trained on; and the most memory that it took."""
    folder = Path(place)
    if way == "text":
        return {"read": read_text(folder)}
    from tfrs_lab.models.training.data import TrainingData
    from tfrs_lab.models.two_tower.model import build_pair

    rows = rows_of(way, folder)
    pair = build_pair(CONFIG, TrainingData.without_features(rows), seed=0)
    pair.compile(optimizer=pair.new_optimizer(), steps_per_execution=16)
    started = time.perf_counter()
    for _ in pair.batches(0, 0, 1):
        pass
    reading = time.perf_counter() - started
    started = time.perf_counter()
    pair.fit(pair.batches(0, 0, 1), epochs=1, steps_per_epoch=pair.steps_per_epoch, verbose=0)
    trained = time.perf_counter() - started
    return {"read": len(rows) / reading, "train": len(rows) / trained, "GB": peak_gb()}


def measure(rows: int) -> Record:
    """Writes the ratings and reads them in all ways."""
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-shards-") as name:
        write(Path(name), rows)
        found = {way: once("benchmarks.shards:read", way, name) for way in TITLES}
    columns = {"rows": "", "read, rows/s": ",.0f", "read and trained, rows/s": ",.0f", "peak GB": ".2f"}
    table = [
        dict(zip(columns, (TITLES[way], one["read"], one.get("train"), one.get("GB")), strict=True))
        for way, one in found.items()
    ]
    targets = [
        Target("reading shards against text", found["shards"]["read"] / found["text"]["read"], 1.0),
        Target("memory against rows in memory", found["shards"]["GB"] / found["memory"]["GB"], 1.0, least=False),
    ]
    users, movies = shape(rows)
    conditions = [
        f"{rows:,} generated ratings of {users:,} users and {movies:,} movies, {SHARDS} shards",
        f"{CONFIG.dimension} dimensions",
        f"batches of {CONFIG.batch_size:,}",
        "text: two columns, 300,000 lines, a shuffle buffer of 100,000",
        cores(),
    ]
    return Record("shards", columns, table, conditions, versions_here("tensorflow", "polars"), targets)


main = command(__doc__, measure, rows=(10_000_000, "ratings"))


if __name__ == "__main__":
    sys.exit(main())
