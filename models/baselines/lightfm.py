"""LightFM: matrix factorisation where a movie's vector is the sum of its features' vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Interactions
from tfrs_lab.models.baselines.base import FittedBaseline
from tfrs_lab.models.baselines.content import MovieTable, widened
from tfrs_lab.models.checks import Checked, Count, Finite
from tfrs_lab.models.vectors import cosines


@dataclass(frozen=True)
class LightFMConfig(Checked):
    """Settings of LightFM, passed on under the same names.

    Attributes:
        no_components: Length of the vectors.
        learning_rate: First step size of Adagrad.
        epochs: Passes over the train rows.
    """

    no_components: Count = 32
    learning_rate: Finite = 0.05
    epochs: Count = 30


@dataclass(frozen=True)
class LightFMModel(FittedBaseline):
    """Scores = user vector · movie vector. LightFM has no fold-in: users who took no part get what is popular.

    Attributes:
        user_vectors: [users, components + 1] float32, ending in 1.
        movie_vectors: [movies, components + 1] float32, ending in the movie's bias.
    """

    user_vectors: np.ndarray
    movie_vectors: np.ndarray

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: cosine of the vectors without bias."""
        return cosines(self.movie_vectors[:, :-1], movies)

    def _score_users(self, users: np.ndarray) -> np.ndarray:
        return self.user_vectors[users] @ self.movie_vectors.T

    def _score_histories(self, history: csr_matrix) -> np.ndarray:
        return self._fallback(history.shape[0])


def fit_lightfm(
    interactions: Interactions, config: LightFMConfig, *, table: MovieTable, seed: int, now: int | None
) -> LightFMModel:
    """Fits LightFM with the WARP loss on features of movies, without ids of movies.

    Kula, "Metadata embeddings for user and item cold-start recommendations", CBRecSys 2015; Weston et al., "WSABIE",
    IJCAI 2011 (the loss). The package is no extra of ours: it builds with old tools only. Ids of movies beside the
    features make new movies worse. One thread: several give other results each time.

    Raises:
        ImportError: If `lightfm` is not installed.
    """
    try:
        from lightfm import LightFM
    except ImportError as error:
        raise ImportError(
            "lightfm needs the package of that name, setuptools and a C compiler: pip install lightfm"
        ) from error
    known, popularity = widened(interactions, table)
    features = csr_matrix(table.features)
    model = LightFM(
        no_components=config.no_components, loss="warp", learning_rate=config.learning_rate, random_state=seed
    )
    model.fit(known, item_features=features, epochs=config.epochs, num_threads=1)
    user_biases, users = model.get_user_representations()
    biases, movies = model.get_item_representations(features)
    return LightFMModel(
        interactions.users,
        table.movies,
        popularity,
        user_vectors=np.column_stack([users, np.ones_like(user_biases)]),
        movie_vectors=np.column_stack([movies, biases]),
    )
