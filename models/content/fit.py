"""Fits the content model: features from the movies of train, then each part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import Interactions, Vocabulary
from tfrs_lab.data.dataset import MOVIES_SCHEMA
from tfrs_lab.data.features import user_features
from tfrs_lab.data.sampling import drawn
from tfrs_lab.models.backend import tf
from tfrs_lab.models.content.config import ContentConfig
from tfrs_lab.models.content.encoder import ContentEncoder, EncoderPart, raw_blocks
from tfrs_lab.models.content.features import MovieFeatures, learn_vocabularies
from tfrs_lab.models.content.inputs import raw_movies
from tfrs_lab.models.content.kernel import KernelTower, fit_kernel
from tfrs_lab.models.content.recommender import ContentRecommender, People
from tfrs_lab.models.content.titles import Numbers
from tfrs_lab.models.content.tower import build_content_pair, tower_weights
from tfrs_lab.models.specification import FitContext, Trained
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import adam, fit_epochs

SAMPLE = 2000
"""Size of the sample of users on which the scale of scores is measured."""


@dataclass(frozen=True)
class FittedTower:
    """A fitted tower.

    Attributes:
        tower: From numbers of movies to history and candidate vectors.
        arrays: What the tower is made of again.
        people: [1 + features, dim] float32: the general query and those of demographics.
        history: One row of losses per epoch.
    """

    tower: Callable[[Numbers], tuple[tf.Tensor, tf.Tensor]]
    arrays: dict[str, np.ndarray]
    people: np.ndarray
    history: list[dict[str, Any]]


def fit_content(config: ContentConfig, rows: Interactions, context: FitContext) -> Trained:
    """Fits every part on the movies of train, and makes vectors of all movies of the dataset.

    Raises:
        FloatingPointError: A loss became NaN or infinite.
    """
    table = context.dataset.movies if context.dataset else pl.DataFrame(schema=MOVIES_SCHEMA)
    movies = Vocabulary.from_ids([*rows.movies.ids, *table["movie_id"]])
    raw, number = raw_movies(table, movies, config.features.sentences), movies.encode(rows.movies.ids)
    known = {name: values[number] for name, values in raw.items()}
    layer = MovieFeatures(learn_vocabularies(config.features, known))
    numbers = _numbers(layer, known)
    ids, features = _demographics(rows, context)
    data = TrainingData(rows, features[ids.encode(rows.users.ids)], np.zeros((len(rows.movies), 0), np.float32))
    fitted = {name: FITTERS[name](config, numbers, data, context) for name in config.parts}
    encoder = ContentEncoder(
        layer,
        {
            name: EncoderPart(one.tower, _scale(one, numbers, data, context.seed), one.arrays)
            for name, one in fitted.items()
        },
    )
    histories, candidates = encoder.vectors(raw)
    model = ContentRecommender(
        users=rows.users,
        movies=movies,
        queries=np.zeros((0, candidates.shape[1]), np.float32),
        candidates=candidates,
        histories=histories,
        people=People(ids, features, np.hstack([one.people for one in fitted.values()])),
        prior=config.prior,
        encoder=encoder.state(),
    )
    own = rows.matrix
    seen = csr_matrix((own.data, number[own.indices], own.indptr), (len(rows.users), len(movies)))
    queries = model.history_queries(seen, rows.users.ids)
    return Trained(replace(model, queries=queries), history=[row for one in fitted.values() for row in one.history])


def _numbers(layer: MovieFeatures, raw: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    """Numbers of all movies at once, from ``MovieFeatures``."""
    blocks = [layer(block) for block in raw_blocks(raw)]
    return {name: tf.concat([block[name] for block in blocks], axis=0) for name in blocks[0]}


def _demographics(rows: Interactions, context: FitContext) -> tuple[Vocabulary, np.ndarray]:
    """Everybody's ids and [people, features] float32, users of train among them."""
    table = context.dataset.users if context.dataset else pl.DataFrame(schema={"user_id": pl.String})
    ids = Vocabulary.from_ids([*rows.users.ids, *table["user_id"]])
    return ids, user_features(table, ids)


def _scale(part: FittedTower, numbers: Numbers, data: TrainingData, seed: int) -> float:
    """1 / the deviation of scores from each user's mean, of a sample of users; 1 if all movies are alike."""
    histories, candidates = _vectors(part, numbers)
    known = data.rows.matrix[drawn(len(data.rows.users), SAMPLE, seed)]
    queries = known @ histories / np.maximum(np.diff(known.indptr), 1)[:, None]
    spread = _root_mean_square(queries, candidates - candidates.mean(axis=0))
    return 1.0 / spread if spread > 1e-6 * _root_mean_square(queries, candidates) else 1.0


def _vectors(part: FittedTower, numbers: Numbers, block: int = 4096) -> tuple[np.ndarray, np.ndarray]:
    """History and candidate vectors of all movies, [movies, dim] each; towers are wide inside, so block by block."""
    starts = range(0, len(next(iter(numbers.values()))), block)
    blocks = [part.tower({name: rows[start : start + block] for name, rows in numbers.items()}) for start in starts]
    histories, candidates = (np.concatenate([block[side].numpy() for block in blocks]) for side in (0, 1))
    return histories, candidates


def _root_mean_square(queries: np.ndarray, candidates: np.ndarray) -> float:
    """Of all scores; none is computed."""
    one, other = (side.T.astype(np.float64) @ side / max(len(side), 1) for side in (queries, candidates))
    return float(np.sqrt(max((one * other).sum(), 0.0)))


def _fit_kernel(config: ContentConfig, numbers: Numbers, data: TrainingData, context: FitContext) -> FittedTower:
    """The closed form."""
    arrays, people = fit_kernel(config.kernel, numbers, data.rows.matrix, data.user_features)
    return FittedTower(KernelTower(config.kernel, arrays), arrays, people, [])


def _fit_tower(config: ContentConfig, numbers: Numbers, data: TrainingData, context: FitContext) -> FittedTower:
    """The towers, with a step size that falls to zero."""
    own = config.tower
    tf.keras.utils.set_random_seed(context.seed)
    pair = build_content_pair(own, numbers, data, config.prior, context.seed)
    steps = own.epochs * pair.steps_per_epoch
    schedule = tf.keras.optimizers.schedules.CosineDecay(own.learning_rate, steps)
    pair.compile(optimizer=adam(schedule))
    rows = fit_epochs(pair, own.epochs, "tower", context, label="content tower")
    tower = pair.candidate_tower.tower
    tower(numbers)
    return FittedTower(tower, tower_weights(tower), pair.query_tower.people_queries(), rows)


FITTERS: dict[str, Callable[[ContentConfig, Numbers, TrainingData, FitContext], FittedTower]] = {
    "kernel": _fit_kernel,
    "tower": _fit_tower,
}
