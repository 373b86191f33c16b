"""Fits the rating model, and makes recommenders of rating heads."""

from __future__ import annotations

from tfrs_lab.data import Interactions, Vocabulary
from tfrs_lab.models.backend import tf
from tfrs_lab.models.multitask.config import JointConfig
from tfrs_lab.models.multitask.model import build_joint
from tfrs_lab.models.multitask.rating_task import RatingTask
from tfrs_lab.models.rating.arrays import rating_recommender
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.rating.recommender import RatingRecommender
from tfrs_lab.models.specification import FitContext, Trained
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import Schedule, compile_model, fit_keras


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
    _, history = fit_keras(
        model,
        Schedule(config.epochs, config.epochs),
        seed=context.seed,
        checkpoints=context.checkpoints / "rating",
        tensorboard=context.tensorboard / "rating",
        reporter=context.reporter,
        label="rating",
        score=None,
    )
    curve = [{"part": "rating", "epoch": number, **row} for number, row in enumerate(history, start=1)]
    assert model.rating is not None
    return Trained(ratings_of(model.rating, rows, context), history=curve)


def ratings_of(task: RatingTask, rows: Interactions, context: FitContext) -> RatingRecommender:
    """A trained rating task as a recommender of all movies that the dataset names."""
    dataset = context.dataset
    movies = Vocabulary.from_ids([*rows.movies.ids, *(dataset.movies["movie_id"] if dataset else ())])
    people = Vocabulary.from_ids([*rows.users.ids, *(dataset.users["user_id"] if dataset else ())])
    of_people, of_movies = context.features(people, movies, words=task.config.title_words, known=rows.movies)
    return rating_recommender(task.head, task.rating_loss.scale(), rows, (movies, of_movies), (people, of_people))
