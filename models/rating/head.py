"""From what is known of users and movies to ratings: histories on both sides, biases, features."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from tfrs_lab.models.backend import tf, tfrs
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.known_ratings import KnownRatings
from tfrs_lab.models.rating.time_neighbours import MOVIE_SCALES, USER_SCALES, time_neighbours

_ROUNDS = 3


class MovieVectors(NamedTuple):
    """Vectors that a rating is predicted from, each [movies, dim] float32.

    Attributes:
        rated: Implicit-feedback factors (y of SVD++): what it tells of a user that they rated a movie.
        liked: Residual factors: what it tells of a user to rate a movie higher than expected.
        candidate: A movie's own factors, apart from its ratings and features.
        of_features: [features, dim] float32: what each feature of a movie adds to them.
    """

    rated: tf.Tensor
    liked: tf.Tensor
    candidate: tf.Tensor
    of_features: tf.Tensor


class MovieTables(Protocol):
    """A source of vectors of movies: tables of its own, or other tasks'."""

    def vectors(self) -> MovieVectors:
        """The vectors as they stand."""
        ...


class OwnTables(tf.keras.layers.Layer):
    """Three vectors per movie, and one per feature."""

    def __init__(self, movies: int, features: int, config: RatingConfig, seed: int) -> None:
        super().__init__()
        self.tables = [
            weights((rows, config.dimension), config.deviation, seed + place)
            for place, rows in enumerate((movies, movies, movies, features))
        ]

    def vectors(self) -> MovieVectors:
        """The tables themselves."""
        return MovieVectors(*self.tables)


class Representations(NamedTuple):
    """What the kept ratings say of users and movies.

    Attributes:
        mean: Scalar, of the kept ratings.
        user_bias: [users].
        movie_bias: [movies].
        residual: [n] rating less mean and biases, 0 where it is not kept.
        queries: [users, dim].
        candidates: [movies, dim].
    """

    mean: tf.Tensor
    user_bias: tf.Tensor
    movie_bias: tf.Tensor
    residual: tf.Tensor
    queries: tf.Tensor
    candidates: tf.Tensor


class RatingHead(tf.keras.layers.Layer):
    """r̂ = μ + b_u + b_m + q·v + features, SVD++ on both sides.

    Koren, "Factorization meets the neighborhood", KDD 2008 (SVD++): a user is the movies they rated, here weighted by
    residuals as well; so is a movie the users who rated it. Deviations: no vector of the user's own, biases are shrunk
    means of the kept ratings rather than learned, and the ratings to be predicted are hidden from both histories.

    Args:
        config: What to build.
        known: All known ratings.
        user_features: [users, features] float32, may have no columns.
        movie_features: [movies, features] float32, may have no columns.
        tables: Vectors of movies.
        seed: Seed of the initial weights.
    """

    def __init__(
        self,
        config: RatingConfig,
        known: KnownRatings,
        user_features: np.ndarray,
        movie_features: np.ndarray,
        tables: MovieTables,
        seed: int,
    ) -> None:
        super().__init__()
        self.config, self.known, self.tables = config, known, tables
        dim, deviation = config.dimension, config.deviation
        self.user_features, self.movie_features = tf.constant(user_features), tf.constant(movie_features)
        self.user_implicit_factors = weights((known.users, dim), deviation, seed + 4)
        self.user_residual_factors = weights((known.users, dim), deviation, seed + 5)
        self.of_user_features = weights((user_features.shape[1], dim), deviation, seed + 6)
        self.user_feature_bias = tf.Variable(tf.zeros(user_features.shape[1]))
        self.movie_feature_bias = tf.Variable(tf.zeros(movie_features.shape[1]))
        self.crosses = [tfrs.layers.dcn.Cross(kernel_initializer=_normal(deviation, seed + 8 + i), use_bias=True)
                        for i in range(config.cross_layers)]  # fmt: skip
        for layer in self.crosses:
            layer(tf.zeros((1, 2 * dim)))  # makes its weights, which ``build`` does not
        self.of_crosses = weights((2 * dim, 1), deviation, seed + 7) if self.crosses else None
        self.times = TimeMeans(config, known) if config.time_neighbours != "none" else None

    def penalised(self) -> list[tf.Tensor]:
        """Weights under the penalty: vectors, wherever they come from, and biases of features."""
        users = [self.user_implicit_factors, self.user_residual_factors]
        features = [self.of_user_features, self.user_feature_bias, self.movie_feature_bias]
        crosses = [weight for layer in self.crosses for weight in layer.trainable_weights]
        return [*self.tables.vectors(), *users, *features, *crosses, *([self.of_crosses] if crosses else [])]

    def representations(self, kept: tf.Tensor) -> Representations:
        """Of users and movies from the kept ratings; ``kept`` [n] float32 is 1 or 0."""
        known, movies = self.known, self.tables.vectors()
        mean, user_bias, movie_bias = shrunken_biases(self.config, known, kept)
        residual = known.rating - mean - tf.gather(user_bias, known.user) - tf.gather(movie_bias, known.movie)
        residual *= kept
        queries = known.users_times(kept, movies.rated) + known.users_times(residual, movies.liked)
        queries /= tf.sqrt(known.of_users(kept) + 1.0)[:, None]
        users = known.movies_times(kept, self.user_implicit_factors)
        users += known.movies_times(residual, self.user_residual_factors)
        candidates = movies.candidate + users / tf.sqrt(known.of_movies(kept) + 1.0)[:, None]
        return Representations(
            mean,
            user_bias + tf.linalg.matvec(self.user_features, self.user_feature_bias),
            movie_bias + tf.linalg.matvec(self.movie_features, self.movie_feature_bias),
            residual,
            queries + tf.matmul(self.user_features, self.of_user_features),
            candidates + tf.matmul(self.movie_features, movies.of_features),
        )

    def call(self, rows: tf.Tensor, kept: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """[rows] float32 predictions at ``rows`` [rows] from the ``kept`` ratings [n]; dropout by ``seed`` [2]."""
        found = self.representations(kept)
        queries = tf.nn.experimental.stateless_dropout(found.queries, self.config.dropout, seed)
        candidates = tf.nn.experimental.stateless_dropout(found.candidates, self.config.dropout, seed + 1)
        user, movie = tf.gather(self.known.user, rows), tf.gather(self.known.movie, rows)
        query, candidate = tf.gather(queries, user), tf.gather(candidates, movie)
        total = found.mean + tf.gather(found.user_bias, user) + tf.gather(found.movie_bias, movie)
        total += tf.reduce_sum(query * candidate, axis=1)
        if self.crosses:
            both = crossed = tf.concat([query, candidate], axis=1)
            for layer in self.crosses:
                crossed = layer(both, crossed)
            total += tf.matmul(crossed, self.of_crosses)[:, 0]
        return total if self.times is None else total + self.times(rows, kept, found.residual)


def shrunken_biases(
    config: RatingConfig, known: KnownRatings, kept: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Mean (scalar), user [users] and movie biases [movies] of the kept ratings [n], by alternating ridge steps."""
    mean = tf.reduce_sum(kept * known.rating) / tf.maximum(tf.reduce_sum(kept), 1.0)
    users, movies = known.of_users(kept) + config.user_shrink, known.of_movies(kept) + config.movie_shrink
    user_bias = tf.zeros(known.users)
    for _ in range(_ROUNDS):
        movie_bias = known.of_movies(kept * (known.rating - mean - tf.gather(user_bias, known.user))) / movies
        user_bias = known.of_users(kept * (known.rating - mean - tf.gather(movie_bias, known.movie))) / users
    return mean, user_bias, movie_bias


class TimeMeans(tf.keras.layers.Layer):
    """Weighted means of the residuals around the time of a rating; see ``time_neighbours.TimeCorrection``.

    Raises:
        ValueError: The ratings have no timestamps.
    """

    def __init__(self, config: RatingConfig, known: KnownRatings) -> None:
        super().__init__()
        time = known.timestamp
        if time is None:
            raise ValueError(
                f"time_neighbours: expected none for ratings without timestamps, got {config.time_neighbours}"
            )
        own = np.arange(len(known))
        self.scales = (USER_SCALES, MOVIE_SCALES)
        self.sides = []
        for group in (known.user.numpy(), known.movie.numpy()):
            asked = (group, time)
            found = time_neighbours(asked, asked, config.neighbours, past=config.time_neighbours == "past", own=own)
            self.sides.append((tf.constant(found.index), tf.constant(found.seconds_apart)))
        count = len(USER_SCALES) + len(MOVIE_SCALES)
        self.weights_of_scales = tf.Variable(tf.zeros(count), name="time_weights")
        self.log_strengths = tf.Variable(tf.ones(count), name="time_log_strengths")

    def call(self, rows: tf.Tensor, kept: tf.Tensor, residual: tf.Tensor) -> tf.Tensor:
        """[rows] float32 from places [rows], what is kept [n] and residuals [n], 0 where not kept."""
        sums, totals = [], []
        for (index, apart), scales in zip(self.sides, self.scales, strict=True):
            near = tf.gather(index, rows)
            weight = tf.exp(-tf.gather(apart, rows)[..., None] / tf.constant(scales)) * tf.gather(kept, near)[..., None]
            sums.append(tf.reduce_sum(weight * tf.gather(residual, near)[..., None], axis=1))
            totals.append(tf.reduce_sum(weight, axis=1))
        means = tf.concat(sums, axis=1) / (tf.concat(totals, axis=1) + tf.exp(self.log_strengths))
        return tf.linalg.matvec(means, self.weights_of_scales)


def _normal(deviation: float, seed: int) -> tf.keras.initializers.Initializer:
    return tf.keras.initializers.RandomNormal(stddev=deviation, seed=seed)


def weights(shape: tuple[int, int], deviation: float, seed: int) -> tf.Variable:
    """Normally distributed initial weights."""
    return tf.Variable(_normal(deviation, seed)(shape))
