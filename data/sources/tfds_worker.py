"""What needs TensorFlow Datasets, as a program of its own: ``python -m tfrs_lab.data.sources.tfds_worker --help``.

It runs in another process (see ``tfrs_lab.data.sources.tfds_bridge``) because importing TensorFlow takes seconds and
has to wait for ``TF_USE_LEGACY_KERAS``, which is none of this room's business. The last
line on stdout is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tensorflow_datasets as tfds
from tensorflow_datasets.core import hashing
from tensorflow_datasets.structured.movielens import Movielens

TABLES = ("ratings", "movies")
_RATINGS = ("user_id", "movie_id", "user_rating", "timestamp")
_USERS = ("user_id", "user_gender", "raw_user_age", "bucketized_user_age", "user_occupation_text", "user_zip_code")


def prepare(name: str, files: Path, tfds_dir: Path) -> dict[str, Any]:
    """Prepares ``movielens/<name>-ratings`` and ``-movies`` from files in the official format, without a download."""
    with tfds.core.registered.skip_registration():

        class FromFiles(Movielens):
            """TFDS's own builder, pointed to a folder."""

            name = "movielens"

            def _split_generators(self, dl_manager: Any) -> list[Any]:
                return [tfds.core.SplitGenerator(name=tfds.Split.TRAIN, gen_kwargs={"dir_path": str(files)})]

    # Statistics are for TFDS's catalogue pages; without them it takes less time.
    config = tfds.download.DownloadConfig(compute_stats=tfds.download.ComputeStatsMode.SKIP)
    counts = {}
    for table in TABLES:
        builder = FromFiles(data_dir=str(tfds_dir), config=f"{name}-{table}")
        try:
            builder.download_and_prepare(download_config=config)
        except Exception:
            if not (Path(builder.data_dir) / "dataset_info.json").exists():  # else another process was faster
                raise
        counts[table] = builder.info.splits["train"].num_examples
    return counts


def restore(name: str, out: Path, tfds_dir: Path) -> dict[str, Any]:
    """Writes prepared datasets as ratings.parquet, movies.parquet and users.parquet, in the source files' row order."""
    builder = tfds.builder(f"movielens/{name}-ratings", data_dir=str(tfds_dir))
    present = set(builder.info.features)
    wanted = [feature for feature in dict.fromkeys((*_RATINGS, *_USERS)) if feature in present]
    ratings = pl.DataFrame(dict(_columns(builder, wanted)))[_file_order(builder)]
    ratings.select(_RATINGS).write_parquet(out / "ratings.parquet")
    users = ratings.select(feature for feature in _USERS if feature in present).unique("user_id", maintain_order=True)
    users.sort(pl.col("user_id").cast(pl.Int64)).write_parquet(out / "users.parquet")

    builder = tfds.builder(f"movielens/{name}-movies", data_dir=str(tfds_dir))
    label = builder.info.features["movie_genres"].feature.int2str
    movies = [
        (row["movie_id"].decode(), row["movie_title"].decode(), [label(int(genre)) for genre in row["movie_genres"]])
        for row in tfds.as_numpy(_rows(builder))
    ]
    names = ["movie_id", "movie_title", "movie_genres"]
    pl.DataFrame(movies, schema=names, orient="row")[_file_order(builder)].write_parquet(out / "movies.parquet")
    return {"ratings": ratings.height, "movies": len(movies)}


def _rows(builder: Any, **options: Any) -> Any:
    """All examples in the order of the shards."""
    in_order = tfds.ReadConfig(interleave_cycle_length=1, shuffle_seed=None)
    return builder.as_dataset(split="train", shuffle_files=False, read_config=in_order, **options)


def _columns(builder: Any, features: list[str]) -> Iterator[tuple[str, pl.Series]]:
    wanted = tfds.decode.PartialDecoding({feature: builder.info.features[feature] for feature in features})
    batches = list(tfds.as_numpy(_rows(builder, decoders=wanted).batch(1 << 14)))
    for feature in features:
        values = np.concatenate([batch[feature] for batch in batches])
        yield feature, pl.Series(values.astype(str) if values.dtype == object else values)


def _file_order(builder: Any) -> np.ndarray:
    """Where each row of the source file ended up.

    TFDS sorts examples by the MD5 of their key, salted with the split's name; MovieLens keys are row numbers. So the
    order of the hashes of 0 … n-1 is the order of the rows in the shards, and its inverse leads back.
    """
    if builder.info.disable_shuffling:
        return np.arange(builder.info.splits["train"].num_examples)
    hasher = hashing.Hasher("train")
    hashes = [hasher.hash_key(row) for row in range(builder.info.splits["train"].num_examples)]
    order = np.array(sorted(range(len(hashes)), key=hashes.__getitem__))
    return np.argsort(order)


def download(url: str, tfds_dir: Path) -> dict[str, Any]:
    """Downloads an archive as TFDS does: into its folder, checked against its checksum where it has one."""
    manager = tfds.download.DownloadManager(
        download_dir=str(tfds_dir / "downloads"),
        dataset_name="movielens",
        url_infos=Movielens.url_infos,
    )
    return {"path": str(manager.download(url))}


def main(arguments: list[str] | None = None) -> None:
    """Runs one of the functions above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("prepare", "restore", "download"))
    parser.add_argument("what", help="dataset, or for download its address")
    parser.add_argument("--tfds-dir", type=Path, required=True)
    parser.add_argument("--files", type=Path, help="folder with official files, for prepare")
    parser.add_argument("--out", type=Path, help="folder for Parquet files, for restore")
    given = parser.parse_args(arguments)
    try:
        if given.command == "prepare":
            result = prepare(given.what, given.files, given.tfds_dir)
        elif given.command == "restore":
            result = restore(given.what, given.out, given.tfds_dir)
        else:
            result = download(given.what, given.tfds_dir)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}".splitlines()[0]}))
        sys.exit(1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
