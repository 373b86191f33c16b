"""The hybrid model as plain numpy: rated movies by a collaborative score, others by a content score, in one product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data.interactions import Vocabulary
from tfrs_lab.models.closed_form.neighbours import add_to
from tfrs_lab.models.content.recommender import ContentRecommender
from tfrs_lab.models.hybrid.calibration import Calibration, log_general_score
from tfrs_lab.models.rating.recommender import RatingRecommender
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.storage import Stored, named


@dataclass(frozen=True, eq=False)
class HybridRecommender(Stored):
    """Scores are dot products of user and movie vectors, and what the collaborative model's neighbours add.

    A vector has a block for rated and one for unrated movies, each with its score's vectors and calibration; movies
    have zeros in the other block. The last number of a query is what neighbours count; movies have a zero there.

    Attributes:
        warm: The collaborative model; its movies are those that have been rated.
        content: The content model; its movies are all.
        calibration: Brings both scores to one scale.
        affinity: [1 + features, rated movies] float32: popularity, and what each of the content model's demographic
            features adds to it; scaled like collaborative scores.
        prior: For new users the affinity counts like this many movies of their own.
        lengths: [users] int: number of movies of each user of train.
        rating: Predicts ratings, from vectors that the collaborative model shares; None without a rating task.
    """

    warm: FactorRecommender
    content: ContentRecommender
    calibration: Calibration
    affinity: np.ndarray = field(metadata=named("crowd"))
    prior: float
    lengths: np.ndarray
    rating: RatingRecommender | None = None

    @property
    def users(self) -> Vocabulary:
        """The users of train."""
        return self.warm.users

    @property
    def movies(self) -> Vocabulary:
        """The candidate movies, rated or not."""
        return self.content.movies

    @cached_property
    def rated(self) -> np.ndarray:
        """[rated movies] int32: places of the collaborative model's movies among all."""
        return self.movies.encode(self.warm.movies.ids)

    @cached_property
    def candidates(self) -> np.ndarray:
        """[movies, dim] float32."""
        unrated = np.ones(len(self.movies), np.float32)
        unrated[self.rated] = 0.0
        general = self.content.candidates @ self.content.people.queries[0]
        ones = np.ones_like(general)
        cold = np.column_stack([self.content.candidates, log_general_score(general), ones]) * unrated[:, None]
        warm = np.zeros((len(self.movies), self.warm.candidates.shape[1] + len(self.affinity) + 1), np.float32)
        warm[self.rated] = np.column_stack([self.warm.candidates, self.affinity.T, ones[self.rated]])
        return np.hstack([warm, cold, np.zeros((len(self.movies), 1), np.float32)])

    @cached_property
    def queries(self) -> np.ndarray:
        """[users, dim] float32: users of train."""
        known = np.zeros((len(self.users), len(self.affinity)), np.float32)
        trust = np.ones((len(self.users), 1), np.float32)
        return self._queries(self.warm.queries, known, trust, self.content.queries, self.lengths)

    def _queries(
        self,
        warm: np.ndarray,
        affinity: np.ndarray,
        trust: np.ndarray,
        content: np.ndarray,
        lengths: np.ndarray,
    ) -> np.ndarray:
        """[batch, dim] float32 from both models' queries, demographics and history lengths.

        Own movies and their neighbours count as much as ``trust`` [batch, 1] says.
        """
        warm_offset, warm_slope = (term[:, None] for term in self.calibration.warm_terms(lengths))
        offset, slope, by_general = (term[:, None] for term in self.calibration.cold_terms(lengths))
        rated = [warm_slope * warm, warm_slope * affinity, warm_offset]
        return np.hstack([*rated, slope * content, by_general, offset, warm_slope * trust])

    def _scores(self, queries: np.ndarray, history: csr_matrix | None) -> np.ndarray:
        """[batch, movies] of queries, and of histories [batch, rated movies]."""
        scores = queries @ self.candidates.T
        if self.warm.neighbours is not None and history is not None:
            added = self.warm.neighbours.scores(history).tocoo()
            weighted = added.data * queries[added.row, -1]
            add_to(scores, csr_matrix((weighted, (added.row, self.rated[added.col])), scores.shape))
        return scores

    def score(self, users: np.ndarray) -> np.ndarray:
        """[batch, movies] float32 scores of users [batch] int32, -1 for an unknown one."""
        unknown = self.history_queries(csr_matrix((1, len(self.movies)), dtype=np.float32))
        number = np.maximum(users, 0)
        queries = np.where(users[:, None] >= 0, self.queries[number], unknown)
        return self._scores(queries, None if self.warm.recent is None else self.warm.recent[number])

    def score_history(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """Scores [batch, movies] float32 for users who were not there in training.

        Args:
            history: [batch, movies]: a movie's place in the history, 1 for the oldest; equal values where the order is
                not known; rows may be empty.
            user_ids: [batch] ids, to look up demographics; None if nothing is known of the users.
        """
        return self._scores(self.history_queries(history, user_ids), csr_matrix(history)[:, self.rated])

    def history_queries(self, history: csr_matrix, user_ids: Sequence[str] | None = None) -> np.ndarray:
        """[batch, dim] float32: own movies weigh n / (n + prior), demographics the rest; see ``score_history``."""
        own = csr_matrix(history)[:, self.rated]
        count = np.diff(own.indptr)[:, None].astype(np.float32)
        trust = count / (count + self.prior)
        warm = trust * self.warm.tower.queries(own)
        affinity = (1 - trust) * self.content.people.design_matrix(user_ids, len(trust))
        content = self.content.history_queries(history, user_ids)
        lengths = np.diff(csr_matrix(history).indptr)
        return self._queries(warm, affinity, trust, content, lengths).astype(np.float32)

    def similarity(self, movies: np.ndarray) -> np.ndarray:
        """[batch, movies] float32: cosines of collaborative vectors where both movies are rated, else of content."""
        alike = self.content.similarity(movies)
        place = self.warm.movies.encode(self.movies.decode(movies))
        known = np.flatnonzero(place >= 0)
        alike[np.ix_(known, self.rated)] = self.warm.similarity(place[known])
        return alike

    def with_movies(self, table: pl.DataFrame) -> HybridRecommender:
        """The same model with further candidates, which nobody has rated; nothing is trained.

        ``table`` holds ``movie_id`` and any other columns of ``Dataset.movies``.

        Raises:
            DataError: A movie is there already.
        """
        return replace(self, content=self.content.with_movies(table))

    def with_cold_start_offset(self, offset: float) -> HybridRecommender:
        """The same model with unrated movies further to the front or to the back."""
        return replace(self, calibration=replace(self.calibration, cold_start_offset=offset))
