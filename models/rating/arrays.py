"""From a trained rating head to the recommender made of plain arrays."""

from __future__ import annotations

import numpy as np

from tfrs_lab.data.interactions import Interactions, Vocabulary
from tfrs_lab.models.backend import tf
from tfrs_lab.models.rating.head import RatingHead
from tfrs_lab.models.rating.output import RatingScale
from tfrs_lab.models.rating.recommender import Crosses, RatingRecommender
from tfrs_lab.models.rating.time_neighbours import TimeCorrection


def rating_recommender(
    head: RatingHead,
    scale: RatingScale,
    rows: Interactions,
    movies: tuple[Vocabulary, np.ndarray],
    people: tuple[Vocabulary, np.ndarray],
) -> RatingRecommender:
    """The head with all known ratings kept.

    Args:
        head: Trained.
        scale: How its scores become ratings.
        rows: What it was trained on.
        movies: All movies, those of ``rows`` among them, and their features [movies, features].
        people: All users whose demographics are known, and these [people, features].
    """
    found = head.evidence(tf.ones(len(head.known)))
    ids, features = movies
    place = ids.encode(rows.movies.ids)
    candidates = features @ head.tables.of_features().numpy()
    candidates[place] = found.candidates.numpy()
    bias = features @ head.movie_feature_bias.numpy()
    bias[place] = found.movie_bias.numpy()
    rated = np.zeros_like(candidates)
    rated[place] = head.tables.rated().numpy()
    of_people = np.column_stack(
        [people[1] @ head.of_user_features.numpy(), people[1] @ head.user_feature_bias.numpy()]
    ).astype(np.float32)
    return RatingRecommender(
        users=rows.users,
        movies=ids,
        queries=found.queries.numpy(),
        candidates=candidates.astype(np.float32),
        user_bias=found.user_bias.numpy(),
        movie_bias=(bias + found.mean.numpy()).astype(np.float32),
        rated=rated,
        people=people[0],
        of_people=of_people,
        scale=scale,
        crosses=_crosses(head),
        times=_times(head, found.residual.numpy(), place),
    )


def _crosses(head: RatingHead) -> Crosses | None:
    if head.of_crosses is None:
        return None
    layers = [layer.get_weights() for layer in head.crosses]
    kernels, biases = (np.stack(column) for column in zip(*layers, strict=True))
    return Crosses(kernels, biases, head.of_crosses.numpy()[:, 0])


def _times(head: RatingHead, residual: np.ndarray, place: np.ndarray) -> TimeCorrection | None:
    """With movies numbered as in the recommender."""
    if head.times is None or head.known.timestamp is None:
        return None
    return TimeCorrection(
        user=head.known.user.numpy(),
        movie=place[head.known.movie.numpy()].astype(np.int32),
        time=head.known.timestamp,
        residual=residual,
        weights=head.times.weights_of_scales.numpy(),
        strengths=np.exp(head.times.log_strengths.numpy()),
        neighbours=head.config.neighbours,
        past=head.config.time_neighbours == "past",
    )
