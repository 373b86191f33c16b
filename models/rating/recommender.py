"""A trained rating model as plain numpy: ratings of users and movies. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.models.rating.time_neighbours import TimeCorrection
from tfrs_lab.models.storage import Stored
from tfrs_lab.models.vectors import cosines


@dataclass(frozen=True, eq=False)
class RatingScale:
    """The ratings that occur, and how a score becomes one of them.

    Attributes:
        levels: [levels] float32 the ratings that occur, ascending.
        thresholds: [levels - 1] float32: at a score of thresholds[j] the rating is above levels[j] with even odds;
            empty where the score is the rating.
        slope: Of the log-odds by the score.
    """

    levels: np.ndarray
    thresholds: np.ndarray
    slope: float = 1.0

    @property
    def ordinal(self) -> bool:
        """Whether scores tell the probability of each rating."""
        return len(self.thresholds) > 0

    def rating(self, score: np.ndarray) -> np.ndarray:
        """Expected ratings of the same shape as the scores, float32."""
        if not self.ordinal:
            return np.clip(score, self.levels[0], self.levels[-1]).astype(np.float32)
        rating = np.full(score.shape, self.levels[0], np.float32)
        for step, threshold in zip(np.diff(self.levels), self.thresholds, strict=True):
            rating += step / (1.0 + np.exp(-self.slope * (score - threshold)))
        return rating

    def probabilities(self, score: np.ndarray) -> np.ndarray:
        """[rows, levels] float32 from scores [rows]: the probability of each rating.

        Raises:
            ValueError: The model was trained on the rating itself and knows no probabilities.
        """
        if not self.ordinal:
            raise ValueError("expected a model with an ordinal head for probabilities, got one trained by regression")
        above = 1.0 / (1.0 + np.exp(-self.slope * (score[:, None] - self.thresholds)))
        ends = np.ones((len(score), 1)), np.zeros((len(score), 1))
        return -np.diff(np.hstack([ends[0], above, ends[1]]), axis=1).astype(np.float32)


_PAIRS_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Crosses:
    """Cross layers as arrays: x ← both · (x W + b) + x, then x · out.

    Attributes:
        kernels: [layers, 2 dim, 2 dim] float32 W.
        biases: [layers, 2 dim] float32 b.
        out: [2 dim] float32.
    """

    kernels: np.ndarray
    biases: np.ndarray
    out: np.ndarray

    def __call__(self, both: np.ndarray) -> np.ndarray:
        """[pairs] from [pairs, 2 dim]."""
        crossed = both
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            crossed = both * (crossed @ kernel + bias) + crossed
        return crossed @ self.out


@dataclass(frozen=True, eq=False)
class RatingRecommender(Stored):
    """Predicts ratings; as a recommender it ranks by them.

    Attributes:
        users: The users of train.
        movies: All movies of the dataset, rated or not.
        queries: [users, dim] float32.
        candidates: [movies, dim] float32.
        user_bias: [users] float32.
        movie_bias: [movies] float32, the mean rating included.
        rated: [movies, dim] float32: what a movie adds to the query of a new user who rated it.
        people: Whose demographics are known, others than ``users`` too.
        of_people: [people, dim + 1] float32: what demographics alone tell, a query and a bias.
        scale: How scores become ratings.
        crosses: Cross layers, if there are any.
        times: What the ratings around the time tell, if the model looks at them.
    """

    users: Vocabulary
    movies: Vocabulary
    queries: np.ndarray
    candidates: np.ndarray
    user_bias: np.ndarray
    movie_bias: np.ndarray
    rated: np.ndarray
    people: Vocabulary
    of_people: np.ndarray
    scale: RatingScale
    crosses: Crosses | None = None
    times: TimeCorrection | None = None

    @property
    def rating(self) -> RatingRecommender:
        """The model itself, as it predicts ratings."""
        return self

    def predict(
        self, user_ids: Iterable[str], movie_ids: Iterable[str], timestamps: np.ndarray | None = None
    ) -> np.ndarray:
        """[rows] float32 ratings of users and movies, [rows] ids each.

        Users and movies that the model does not know are judged by their features, if these are known, and else by the
        mean of the other side. Without timestamps [rows], in seconds, ratings around the time do not count.
        """
        return self.scale.rating(self._pair_scores(user_ids, movie_ids, timestamps))

    def probabilities(
        self, user_ids: Iterable[str], movie_ids: Iterable[str], timestamps: np.ndarray | None = None
    ) -> np.ndarray:
        """[rows, levels] float32: the probability of each of ``scale.levels``; arguments as for ``predict``.

        Raises:
            ValueError: The model was trained by regression and knows no probabilities.
        """
        return self.scale.probabilities(self._pair_scores(user_ids, movie_ids, timestamps))

    def _pair_scores(
        self, user_ids: Iterable[str], movie_ids: Iterable[str], timestamps: np.ndarray | None
    ) -> np.ndarray:
        user_ids = list(user_ids)
        user, movie = self.users.encode(user_ids), self.movies.encode(movie_ids)
        score = np.zeros(len(user), np.float32)
        block = max(1, _PAIRS_AT_ONCE // self.queries.shape[1])
        for start in range(0, len(user), block):
            part = slice(start, start + block)
            queries, bias = self.of_users(user_ids[part])
            candidates, movie_bias = self.of_movies(movie[part])
            score[part] = (queries * candidates).sum(axis=1) + bias + movie_bias
            if self.crosses is not None:
                score[part] += self.crosses(np.hstack([queries, candidates]))
        if self.times is not None and timestamps is not None:
            score += self.times(user, movie, np.asarray(timestamps, np.float64))
        return score

    def of_users(self, user_ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Queries [rows, dim] and biases [rows]; of those who are not in train, what their demographics tell."""
        user = self.users.encode(user_ids)
        queries = self.queries[np.maximum(user, 0)].copy()
        bias = self.user_bias[np.maximum(user, 0)].copy()
        new = np.flatnonzero(user < 0)
        told = self._told([user_ids[int(place)] for place in new])
        queries[new], bias[new] = told[:, :-1], told[:, -1]
        return queries, bias

    def _told(self, user_ids: Sequence[str]) -> np.ndarray:
        """[rows, dim + 1] what demographics tell of these users; zeros where nothing is known."""
        place = self.people.encode(user_ids)
        told = np.zeros((len(place), self.candidates.shape[1] + 1), np.float32)
        told[place >= 0] = self.of_people[place[place >= 0]]
        return told

    def of_movies(self, movie: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Candidates [rows, dim] and biases [rows] of movies [rows] int32; zeros and the mean for -1."""
        known = movie >= 0
        candidates = self.candidates[np.maximum(movie, 0)] * known[:, None]
        return candidates, np.where(known, self.movie_bias[np.maximum(movie, 0)], self.movie_bias.mean())

    def score(self, users: np.ndarray) -> np.ndarray:
        """[batch, movies] float32 ratings for users [batch], -1 for unknown ones; not clipped, so that they differ."""
        known = users >= 0
        queries = self.queries[np.maximum(users, 0)] * known[:, None]
        return self._scores(queries, self.user_bias[np.maximum(users, 0)] * known)

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """Predicted ratings [batch, movies] float32 for users who were not there in training.

        Args:
            history: [batch, movies], nonzero where the user knows the movie; what they gave it is not used.
            user_ids: [batch] ids, to look up demographics; None if nothing is known of the users.
        """
        known = history.astype(bool).astype(np.float32)
        lengths = np.asarray(known.sum(axis=1))
        told = self._told(list(user_ids) if user_ids is not None else [""] * known.shape[0])
        return self._scores(known @ self.rated / np.sqrt(lengths + 1.0) + told[:, :-1], told[:, -1])

    def _scores(self, queries: np.ndarray, bias: np.ndarray) -> np.ndarray:
        scores = queries @ self.candidates.T + bias[:, None] + self.movie_bias
        if self.crosses is not None:
            for row, query in enumerate(queries):
                both = np.hstack([np.broadcast_to(query, self.candidates.shape), self.candidates])
                scores[row] += self.crosses(both)
        return scores.astype(np.float32)

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: cosines of the candidate vectors."""
        return cosines(self.candidates, movies)
