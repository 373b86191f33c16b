"""The hybrid model's way from histories to queries, and from raw features to candidates, as graphs."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.experiments.export.servable_vectors import CandidateEncoder, Vectors
from tfrs_lab.models.content.encoder import load_encoder
from tfrs_lab.models.hybrid.calibration import LEAST_GENERAL, SHORTEST, TYPICAL, Calibration
from tfrs_lab.models.hybrid.recommender import HybridRecommender
from tfrs_lab.serving.backend import tf
from tfrs_lab.serving.queries import MeanQuery, count


def hybrid_vectors(model: HybridRecommender) -> Vectors:
    """Of both models, calibrated; new movies can join."""
    nothing = csr_matrix((1, len(model.movies)), dtype=np.float32)
    return Vectors(
        queries=model.queries,
        default_query=model.history_queries(nothing)[0],
        candidates=model.candidates,
        history=HybridQuery(model),
        of_histories=model.history_queries,
        likeness=_likeness(model),
        encoder=HybridEncoder(model),
        people=model.content.people.ids.ids,
        following=None if model.warm.neighbours is None else HybridFollowing(model),
    )


def _likeness(model: HybridRecommender) -> tuple[np.ndarray, np.ndarray]:
    """Collaborative vectors of rated movies, zeros for others; and content vectors."""
    rated = np.zeros((len(model.movies), model.warm.alike.shape[1]), np.float32)
    rated[model.rated] = model.warm.alike
    return rated, model.content.candidates


class HybridFollowing(tf.Module):
    """The neighbours of rated movies, in the hybrid's rows."""

    def __init__(self, model: HybridRecommender) -> None:
        super().__init__()
        assert model.warm.neighbours is not None
        self.neighbours = model.warm.neighbours.module
        self.place = tf.constant(_places_of_rated(model))
        self.rated = tf.constant(np.append(model.rated, -1), tf.int32)  # the last: of none

    def __call__(self, movies: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """See ``Following``."""
        rows, added = self.neighbours(among(self.place, movies))
        return tf.gather(self.rated, tf.where(rows < 0, tf.size(self.rated) - 1, rows)), added


def _places_of_rated(model: HybridRecommender) -> np.ndarray:
    """[movies] int32: places of the hybrid's movies among the rated ones, -1 for none."""
    place = np.full(len(model.movies), -1, np.int32)
    place[model.rated] = np.arange(len(model.rated), dtype=np.int32)
    return place


def among(place: tf.Tensor, movies: tf.Tensor) -> tf.Tensor:
    """[batch, any] int32 places of movies [batch, any], -1 for none."""
    return tf.where(movies < 0, -1, tf.gather(place, tf.maximum(movies, 0)))


class HybridQuery(tf.Module):
    """``HybridRecommender.history_queries`` of people whose demographics are not known."""

    def __init__(self, model: HybridRecommender) -> None:
        super().__init__()
        anybody = model.content.people.queries[0].astype(np.float32)
        self.place = tf.constant(_places_of_rated(model))
        self.warm = model.warm.tower.module
        self.content = MeanQuery(model.content.histories, anybody, start=anybody, prior=model.content.prior)
        self.features = len(model.affinity)
        self.prior = model.prior
        self.calibration = _Terms(model.calibration)

    def __call__(self, movies: tf.Tensor, rating: tf.Tensor) -> tf.Tensor:
        """Ratings are not used."""
        own = among(self.place, movies)
        number = count(own)
        trust = number / (number + self.prior)
        warm = trust * self.warm(own)
        (warm_offset, warm_slope), (offset, slope, by_general) = self.calibration(count(movies))
        affinity = tf.pad(warm_slope * (1 - trust), [[0, 0], [0, self.features - 1]])
        rated, others = [warm_slope * warm, affinity, warm_offset], [slope * self.content(movies, rating), by_general]
        return tf.concat([*rated, *others, offset, warm_slope * trust], axis=1)


class _Terms:
    """``Calibration.warm_terms`` and ``cold_terms``, in the graph."""

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration

    def __call__(self, lengths: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tuple[tf.Tensor, ...]]:
        """Terms [batch, 1] each, from lengths [batch, 1]."""
        logarithm = tf.math.log1p(tf.maximum(lengths, SHORTEST)) - TYPICAL
        warm, cold = (
            tuple(terms[place] + terms[place + 1] * logarithm for place in range(0, len(terms), 2))
            for terms in (self.calibration.warm, self.calibration.cold)
        )
        return warm, (cold[0] + self.calibration.cold_start_offset, *cold[1:])


class HybridEncoder(CandidateEncoder):
    """From raw features to the candidate vectors of movies that nobody has rated."""

    def __init__(self, model: HybridRecommender) -> None:
        super().__init__(load_encoder(model.content.encoder))
        self.anybody = tf.constant(model.content.people.queries[0], tf.float32)
        self.before = model.candidates.shape[1] - model.content.candidates.shape[1] - 3

    def __call__(self, raw: dict[str, tf.Tensor]) -> tf.Tensor:
        """[batch, dim] float32."""
        content = super().__call__(raw)
        general = tf.math.log(tf.maximum(tf.linalg.matvec(content, self.anybody), LEAST_GENERAL))[:, None]
        cold = tf.concat([content, general, tf.ones_like(general)], axis=1)
        return tf.pad(cold, [[0, 0], [self.before, 1]])
