"""What requests ask with and what they are shown, for Prometheus: whether either drifts away from the training data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tfrs_lab.serving.http.catalogue import Catalogue

_RECOMMEND = ("recommend", "serving_default")
"""How the names of signatures begin that answer with recommendations."""
_ROWS = 64
"""Of one request, so many rows are looked at."""


@dataclass(frozen=True)
class Watched:
    """What was seen of one request.

    Attributes:
        lengths: Number of movies in each history that came with it.
        known: How many of these movies the model knows.
        unknown: How many it does not know.
        scores: Of the best movie of each list.
        popularity: For each movie that is shown, the share of the movies that are no more popular; empty where the
            export says nothing of its users.
    """

    lengths: list[int] = field(default_factory=list)
    known: int = 0
    unknown: int = 0
    scores: list[float] = field(default_factory=list)
    popularity: list[float] = field(default_factory=list)


class Watch:
    """Looks at the lists of one version."""

    def __init__(self, catalogue: Catalogue | None) -> None:
        """Counts how popular each movie was in training."""
        self._movies = {movie.encode() for movie in catalogue.movies} if catalogue else set()
        counts = Counter(movie for history in (catalogue.users if catalogue else {}).values() for movie, _ in history)
        ordered = np.sort(np.array([counts[movie.decode()] for movie in self._movies]))
        self._popularity = {
            movie: float(np.searchsorted(ordered, counts[movie.decode()], side="right") / len(ordered))
            for movie in (self._movies if counts else ())
        }

    def __call__(
        self, signature: str, inputs: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]
    ) -> Watched | None:
        """Of a call of a signature that recommends; None for any other, such as ``similar_movies``."""
        lists, scores = outputs.get("movie_id"), outputs.get("score")
        if not signature.startswith(_RECOMMEND) or lists is None or scores is None or not self._movies:
            return None
        history = inputs.get("movie_id", np.empty((0, 0), object))
        rows = [[movie for movie in row if movie] for row in history[:_ROWS]] if history.ndim == 2 else []
        known = [movie in self._movies for row in rows for movie in row]
        shown = [movie for row in lists[:_ROWS] for movie in row if movie]
        best = scores[:_ROWS, 0] if scores.shape[1] else np.empty(0)
        return Watched(
            lengths=[len(row) for row in rows],
            known=sum(known),
            unknown=len(known) - sum(known),
            scores=[float(score) for score in best if np.isfinite(score)],
            popularity=[self._popularity[movie] for movie in shown if movie in self._popularity],
        )
