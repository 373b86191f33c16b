"""Writes a recommender as a version of a SavedModel: whole, or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.index import ExactIndex
from tfrs_lab.serving.manifest import NAME, write_manifest
from tfrs_lab.serving.module import RecommenderModule
from tfrs_lab.serving.warmup import write_warmup

EXTRA = "assets.extra"
"""Folder of a SavedModel that TensorFlow leaves alone."""
WARMUP_BATCH = 2


def versions(directory: Path) -> list[int]:
    """The versions in a directory of exports, ascending."""
    if not directory.is_dir():
        return []
    return sorted(int(entry.name) for entry in directory.iterdir() if entry.name.isdigit() and entry.is_dir())


def export(module: RecommenderModule, directory: Path, extra: Callable[[Path], object] | None = None) -> Path:
    """Writes the next version.

    Args:
        module: The recommender as a graph.
        directory: Holds the versions 1, 2, …; made if it is not there.
        extra: Called with the new version's ``assets.extra`` before the version appears under its name.

    Returns:
        The version's directory.

    Raises:
        FileExistsError: ``directory`` is a file, or holds something else than versions.
    """
    _check(directory)
    directory.mkdir(parents=True, exist_ok=True)
    partial = directory / f".partial-{os.getpid()}"  # TensorFlow Serving looks at numbers only
    try:
        graphs = module.signatures()
        write_saved_model(module, graphs, partial)
        write_warmup(partial / EXTRA, warmup_requests(module, graphs))
        if extra is not None:
            extra(partial / EXTRA)
        write_manifest(partial, [file for file in partial.rglob("*") if file.is_file()], partial / EXTRA / NAME)
        return _appear(partial, directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_saved_model(module: RecommenderModule, graphs: dict[str, Any], directory: Path) -> None:
    """Writes the graphs of the module; ScaNN's ops are allowed only where they are needed."""
    custom = [] if isinstance(module.search.value, ExactIndex) else ["Scann"]
    options = tf.saved_model.SaveOptions(namespace_whitelist=custom)
    tf.saved_model.save(module, str(directory), signatures=graphs, options=options)


def warmup_requests(module: RecommenderModule, graphs: dict[str, Any]) -> dict[str, dict[str, tf.Tensor]]:
    """A request for each signature: a batch of the first user and the first movie, with nothing filtered."""
    values = {
        "user_id": module.users.first,
        "movie_id": module.movies.ids[1:2],
        "k": tf.constant(10),
    }
    found = {}
    for name, graph in graphs.items():
        inputs = graph.get_concrete_function().structured_input_signature
        found[name] = {one.name: _example(one, values) for one in _specs(inputs)}
    return found


def _specs(structure: object) -> list[tf.TensorSpec]:
    return [one for one in tf.nest.flatten(structure) if isinstance(one, tf.TensorSpec)]


def _example(spec: tf.TensorSpec, values: dict[str, tf.Tensor]) -> tf.Tensor:
    """A value of the input: a known one, or zeros, empty texts and so on, which mean nothing special."""
    shape = [WARMUP_BATCH if place == 0 else 1 if size is None else size for place, size in enumerate(spec.shape)]
    value = values.get(spec.name)
    if value is None:
        return tf.zeros(shape, spec.dtype) if spec.dtype != tf.string else tf.fill(shape, "")
    return tf.broadcast_to(value, shape)


def _check(directory: Path) -> None:
    if directory.is_file():
        raise FileExistsError(f"expected a directory for versions, got a file: {directory}")
    others = [entry.name for entry in directory.iterdir()] if directory.is_dir() else []
    others = [name for name in others if not name.isdigit() and not name.startswith(".")]
    if others:
        raise FileExistsError(f"expected a directory of versions 1, 2, …, got one that holds {others[0]}: {directory}")


def _appear(partial: Path, directory: Path) -> Path:
    """Gives the version the next free number; two exports at once get two numbers."""
    while True:
        target = directory / str(max(versions(directory), default=0) + 1)
        try:
            os.rename(partial, target)  # fails where the target is a directory with something in it
        except OSError:
            if not target.exists():
                raise
        else:
            return target
