"""Fits the rating model, and makes recommenders of rating heads."""

from __future__ import annotations

import numpy as np

from tfrs_lab.data import Interactions, Vocabulary
from tfrs_lab.models.backend import tf
from tfrs_lab.models.multitask.config import JointConfig
from tfrs_lab.models.multitask.model import build_joint
from tfrs_lab.models.multitask.rating_task import RatingTask
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.head import RatingHead
from tfrs_lab.models.rating.recommender import Crosses, RatingRecommender, RatingScale
from tfrs_lab.models.rating.time_neighbours import TimeCorrection
from tfrs_lab.models.specification import FitContext, Trained
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import compile_model, fit_epochs


def fit_ranking(config: RatingConfig, rows: Interactions, context: FitContext) -> Trained:
    """Trains the multitask network with the rating task alone.

    Raises:
        DataError: The rows have no ratings, or all the same.
        ValueError: They have no timestamps where these are asked for.
        FloatingPointError: The loss became NaN or infinite.
    """
    data = TrainingData(rows, *context.features(rows.users, rows.movies, words=config.title_words))
    tf.keras.utils.set_random_seed(context.seed)
    model = build_joint(JointConfig(tasks=("rating",), rating=config), data, context.seed)
    compile_model(model)
    curve = fit_epochs(model, config.epochs, "rating", context)
    assert model.rating is not None
    return Trained(ratings_of(model.rating, rows, context), history=curve)


def ratings_of(task: RatingTask, rows: Interactions, context: FitContext) -> RatingRecommender:
    """A trained rating task as a recommender of all movies that the dataset names."""
    dataset = context.dataset
    movies = Vocabulary.from_ids([*rows.movies.ids, *(dataset.movies["movie_id"] if dataset else ())])
    people = Vocabulary.from_ids([*rows.users.ids, *(dataset.users["user_id"] if dataset else ())])
    of_people, of_movies = context.features(people, movies, words=task.config.title_words, known=rows.movies)
    return rating_recommender(task.head, task.rating_loss.scale(), rows, (movies, of_movies), (people, of_people))


def rating_recommender(
    head: RatingHead,
    scale: RatingScale,
    rows: Interactions,
    movies: tuple[Vocabulary, np.ndarray],
    people: tuple[Vocabulary, np.ndarray],
) -> RatingRecommender:
    """The trained head with all known ratings kept; its scores become ratings by ``scale``.

    Args:
        head: Trained.
        scale: Of the ratings.
        rows: What it was trained on.
        movies: All movies, those of ``rows`` among them, and their features [movies, features].
        people: All users whose demographics are known, and these [people, features].
    """
    found = head.representations(tf.ones(len(head.known)))
    vectors = head.tables.vectors()
    ids, features = movies
    place = ids.encode(rows.movies.ids)
    candidates = features @ vectors.of_features.numpy()
    candidates[place] = found.candidates.numpy()
    bias = features @ head.movie_feature_bias.numpy()
    bias[place] = found.movie_bias.numpy()
    rated = np.zeros_like(candidates)
    rated[place] = vectors.rated.numpy()
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
