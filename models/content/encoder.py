"""From raw features of movies to their vectors: what lets a trained model take in movies that it never saw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tfrs_lab.models.backend import tf
from tfrs_lab.models.content.config import ContentTowerConfig, KernelConfig
from tfrs_lab.models.content.features import MovieFeatures
from tfrs_lab.models.content.inputs import RawMovies
from tfrs_lab.models.content.kernel import KernelTower
from tfrs_lab.models.content.titles import Numbers
from tfrs_lab.models.content.tower import ContentTower, tower_from_weights
from tfrs_lab.models.storage import State, under

MovieVectors = tuple[np.ndarray, np.ndarray]
"""What movies add to the query of those who rated them, and as candidates: both [movies, dim] float32."""


@dataclass(frozen=True, eq=False)
class EncoderPart:
    """One fitted tower.

    Attributes:
        tower: From numbers of movies to history and candidate vectors.
        scale: What its candidate vectors are multiplied by, so that the scores of parts can be added.
        arrays: What the tower is made of again.
    """

    tower: Callable[[Numbers], tuple[tf.Tensor, tf.Tensor]]
    scale: float
    arrays: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class ContentEncoder:
    """Towers side by side over the same features.

    Attributes:
        features: From raw features to numbers.
        parts: The fitted towers; their vectors are concatenated.
    """

    features: MovieFeatures
    parts: Mapping[str, EncoderPart]

    def __call__(self, raw: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        """History and candidate vectors [batch, dim] of movies, in the graph; see ``inputs.RawMovies``."""
        numbers = self.features(raw)
        vectors = [(*part.tower(numbers), part.scale) for part in self.parts.values()]
        histories = tf.concat([history for history, _, _ in vectors], axis=1)
        return histories, tf.concat([candidates * scale for _, candidates, scale in vectors], axis=1)

    def vectors(self, raw: RawMovies) -> MovieVectors:
        """Of many movies, by blocks."""
        blocks = [[side.numpy() for side in self(block)] for block in raw_blocks(raw)]
        return np.concatenate([block[0] for block in blocks]), np.concatenate([block[1] for block in blocks])

    def state(self) -> State:
        """The arrays that ``load_encoder`` needs, free of Python objects."""
        found = {f"vocabulary/{name}": values for name, values in self.features.vocabularies.items()}
        for name, part in self.parts.items():
            settings = {"config": asdict(part.tower.config), "scale": part.scale}  # type: ignore[attr-defined]
            found[f"{name}/settings"] = np.array(json.dumps(settings))
            found |= {f"{name}/arrays/{key}": values for key, values in part.arrays.items()}
        return found


def raw_blocks(raw: RawMovies, block: int = 4096) -> Iterator[dict[str, tf.Tensor]]:
    """Raw features of many movies as tensors, by blocks of movies."""
    for start in range(0, max(len(raw["movie_title"]), 1), block):
        part = {name: values[start : start + block] for name, values in raw.items()}
        yield {name: tf.constant(v.tolist(), tf.string) if v.dtype.kind == "U" else v for name, v in part.items()}


def load_encoder(state: Mapping[str, np.ndarray]) -> ContentEncoder:
    """The inverse of ``ContentEncoder.state``."""
    features = MovieFeatures(under("vocabulary/", state))
    parts = {}
    for name, restore in (("kernel", _restore_kernel), ("tower", _restore_tower)):
        if f"{name}/settings" in state:
            settings = json.loads(str(state[f"{name}/settings"]))
            arrays = under(f"{name}/arrays/", state)
            parts[name] = EncoderPart(restore(settings["config"], arrays, features), settings["scale"], arrays)
    return ContentEncoder(features, parts)


def _restore_kernel(config: dict[str, Any], arrays: Mapping[str, np.ndarray], features: MovieFeatures) -> KernelTower:
    return KernelTower(KernelConfig(**config), arrays)


def _restore_tower(config: dict[str, Any], arrays: Mapping[str, np.ndarray], features: MovieFeatures) -> ContentTower:
    return tower_from_weights(ContentTowerConfig(**config), arrays, features.size, lambda: features(features.nothing()))
