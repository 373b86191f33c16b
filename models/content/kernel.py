"""Kernel ridge regression on content: users are regressed on the movies they rated, in closed form and low rank."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh
from scipy.sparse import csr_matrix

from tfrs_lab.models.backend import tf
from tfrs_lab.models.content.config import KernelConfig
from tfrs_lab.models.content.titles import Numbers

TEXTS = ("words", "grams", "tags", "sentence")


class KernelTower(tf.keras.layers.Layer):
    """Vectors of movies from how alike they are to landmarks, movies of train.

    k = k_age k_kind + k_age + k_kind + .3 k_era k_kind + Σ weight · cosine, with Gaussian kernels of log-age (k_era
    three times as wide) and of genres and flags (k_kind), and cosines of words, n-grams, tags and sentence vectors.

    Args:
        config: Widths.
        arrays: ``age`` [landmarks, 1], ``kinds`` [landmarks, kinds], ``embedding`` [landmarks, 2 dim - 1], ``mean``
            [dim - 1], and for each text that counts, for instance ``words`` [vocabulary, 2 dim - 1]: Σ over landmarks
            of the text's numbers times the embedding, so that texts need no landmarks. See ``fit_kernel``.
    """

    def __init__(self, config: KernelConfig, arrays: Mapping[str, np.ndarray]) -> None:
        super().__init__(trainable=False)
        self.config = config
        self.arrays = dict(arrays)
        self.texts = [name for name in TEXTS if name in arrays]

    def call(self, numbers: Numbers) -> tuple[tf.Tensor, tf.Tensor]:
        """What movies add to the query of those who rated them, and as candidates: both [batch, dim] float32."""
        arrays = self.arrays
        total = tf.matmul(_likeness(self.config, numbers, arrays["age"], arrays["kinds"]), arrays["embedding"])
        for name in self.texts:
            total += tf.matmul(numbers[name], arrays[name])
        split = len(arrays["mean"])
        history = total[:, :split] - arrays["mean"]
        return tf.concat([history, tf.ones_like(total[:, :1])], axis=1), total[:, split:]


def _likeness(config: KernelConfig, numbers: Numbers, age: np.ndarray, kinds: np.ndarray) -> tf.Tensor:
    """[batch, landmarks] float32: the kernel without texts."""
    apart = (numbers["age"] - tf.transpose(age)) ** 2 / (2 * config.age_width**2)
    kind = tf.exp(-_squares(_kinds(numbers), kinds) / (2 * config.genre_width**2))
    near, era = tf.exp(-apart), tf.exp(-apart / 9)
    return near * kind + near + kind + 0.3 * era * kind


def _kinds(numbers: Numbers) -> tf.Tensor:
    return tf.concat([numbers["genres"], numbers["flags"]], axis=1)


def _squares(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """[n, m] squared distances of [n, dim] and [m, dim]."""
    norms = tf.reduce_sum(one**2, axis=1)[:, None] + tf.reduce_sum(other**2, axis=1)
    return norms - 2 * tf.matmul(one, other, transpose_b=True)


def fit_kernel(
    config: KernelConfig, numbers: Numbers, known: csr_matrix, people: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Regresses users on the movies they rated, and what movies they rate on their demographics.

    Args:
        config: What to fit.
        numbers: Of the movies of train, from ``MovieFeatures``.
        known: [users, movies], 1 where a user rated a movie.
        people: [users, features] float32, demographics; may have no columns.

    Returns:
        The arrays of ``KernelTower``, and [1 + features, dim] float32: the query of someone who rated nothing is the
        first row and the sum of the rows of their features.
    """
    counts = np.asarray(known.sum(axis=0)).ravel()
    landmarks = np.sort(np.argsort(-counts, kind="stable")[: config.landmarks])
    chosen = {name: tf.gather(values, landmarks) for name, values in numbers.items()}
    weights = {name: getattr(config, "sentences" if name == "sentence" else name) for name in TEXTS}
    texts = {name: chosen[name].numpy() for name in TEXTS if name in chosen and chosen[name].shape[1] and weights[name]}
    age, kinds = chosen["age"].numpy(), _kinds(chosen).numpy()
    kernel = _likeness(config, chosen, age, kinds).numpy()
    for name, values in texts.items():
        kernel += weights[name] * (values @ values.T)
    embedding, history, mean = _solve(config, kernel, known[:, landmarks])
    arrays = {"age": age, "kinds": kinds, "embedding": embedding, "mean": mean}
    arrays |= {name: weights[name] * (values.T @ embedding) for name, values in texts.items()}
    return arrays, _people_queries(config, known[:, landmarks], history - mean, people)


def _solve(config: KernelConfig, kernel: np.ndarray, known: csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The regression in low rank, from likenesses K [landmarks, landmarks] and known movies x [users, landmarks].

    What all users like is regressed separately from what a user likes more than others do, and penalised less: it rests
    on more ratings. With m the share of each movie in all ratings and n the number of a user's movies, a movie with
    likeness k to the landmarks scores n mᵀ (K + λ₀I)⁻¹ k + (x − n m)ᵀ (K + λI)⁻¹ k. Of the second term those directions
    are kept in which the predictions for all users and landmarks vary most. Returns ``embedding`` [landmarks, 2 dim -
    1], of which dim - 1 columns make history vectors and the others candidates; the landmarks' ``history``; its
    ``mean``.
    """
    size = len(kernel)
    kernel = kernel.astype(np.float64)
    factor = cho_factor(kernel + config.regularization * np.eye(size), lower=True)
    share = np.asarray(known.sum(axis=0), np.float64).ravel() / max(known.sum(), 1)
    lengths = np.asarray(known.sum(axis=1), np.float64).ravel()
    weighted = known.T @ lengths
    gram = (known.T @ known).toarray().astype(np.float64)
    gram -= np.outer(weighted, share) + np.outer(share, weighted) - (lengths**2).sum() * np.outer(share, share)
    smoother = cho_solve(factor, kernel)
    kept = min(config.dimension - 1, size)
    strength, basis = eigh(smoother.T @ gram @ smoother, subset_by_index=[size - kept, size - 1])
    real = strength > max(1e-9 * strength[-1], 1e-12 * np.trace(gram))  # none are where all movies are alike
    basis, strength = basis[:, real], strength[real]
    history = smoother @ basis
    personal = cho_solve(factor, gram @ history) / strength
    common = np.linalg.solve(kernel + config.common_regularization * np.eye(size), share)
    embedding = np.hstack([cho_solve(factor, basis), personal, common[:, None]])
    return embedding.astype(np.float32), history.astype(np.float32), (share @ history).astype(np.float32)


def _people_queries(config: KernelConfig, known: csr_matrix, history: np.ndarray, people: np.ndarray) -> np.ndarray:
    """[1 + features, dim]: ridge regression of users' mean history vectors on demographics, by number of movies."""
    lengths = np.maximum(np.asarray(known.sum(axis=1)), 1.0)
    weighted = people * lengths
    penalty = config.people_regularization * np.eye(people.shape[1])
    slopes = np.linalg.solve(people.T @ weighted + penalty, people.T @ (known @ history)).astype(np.float32)
    queries = np.zeros((1 + people.shape[1], history.shape[1] + 1), np.float32)
    queries[1:, :-1] = slopes
    queries[0, -1] = 1.0
    return queries
