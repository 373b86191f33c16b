"""The multitask network: tasks alone and together, weights of losses, guards."""

from dataclasses import replace

import numpy as np
import pytest

from tfrs_lab.data import Interactions, generate
from tfrs_lab.data.features import movie_features, user_features
from tfrs_lab.models.backend import tf
from tfrs_lab.models.multitask.config import JointConfig, TaskWeights
from tfrs_lab.models.multitask.model import build_joint
from tfrs_lab.models.multitask.towers import shared_embeddings
from tfrs_lab.models.rating.config import RatingConfig
from tfrs_lab.models.training.callbacks import CollapseGuard
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import Schedule, fit_keras
from tfrs_lab.models.training.reporter import Reporter
from tfrs_lab.models.two_tower.config import PairConfig

HISTORY = PairConfig(query=("history",), tied=False, objective="softmax", dimension=16)
SMALL = JointConfig(
    retrieval=replace(
        HISTORY, objective="reconstruction", normalize=False, batch_size=32, learning_rate=0.02, epochs=12
    ),
    content=replace(HISTORY, candidate=("features",), dimension=8, bias=True),
    rating=RatingConfig(dimension=8, learning_rate=0.02),
    rating_every=2,
)


@pytest.fixture(scope="module")
def dataset():
    return generate(100, 80, 3000, tastes=4, noise=0.1, seed=3)


@pytest.fixture(scope="module")
def data(dataset):
    rows = Interactions.from_ratings(dataset.ratings)
    return TrainingData(rows, user_features(dataset.users, rows.users), movie_features(dataset.movies, rows.movies))


def trained(config, data, directory, epochs=4):
    tf.keras.utils.set_random_seed(0)
    model = build_joint(config, data, 0)
    model.compile(optimizer=model.new_optimizer())
    _, history = fit_keras(
        model,
        Schedule(epochs, epochs),
        seed=0,
        checkpoints=directory / "c",
        tensorboard=directory / "t",
        reporter=Reporter(),
        label="joint",
        score=None,
    )
    return model, history


@pytest.mark.parametrize("weighting", ["fixed", "uncertainty", "gradnorm"])
def test_every_task_learns_whatever_weighs_them(weighting, data, tmp_path):
    config = replace(SMALL, weighting=weighting)
    before = build_joint(config, data, 0).rating.head.user_implicit_factors.numpy()
    model, history = trained(config, data, tmp_path, epochs=12)
    assert np.abs(model.rating.head.user_implicit_factors.numpy() - before).mean() > 0.01
    # The rating task predicts other ratings at each step: tests/models/test_rating.
    for task, left in (("retrieval", 0.65), ("content", 0.87)):
        losses = [row[f"{task}_loss"] for row in history]
        assert sum(losses[-3:]) < left * sum(losses[:3])
    assert all(history[-1][f"{task}_weight"] > 0 for task in config.tasks)


@pytest.mark.parametrize("tasks", [("retrieval",), ("content",), ("rating",), ("retrieval", "rating")])
def test_any_task_can_stand_alone(tasks, data, tmp_path):
    model, history = trained(replace(SMALL, tasks=tasks), data, tmp_path)
    assert len(history) == 4
    learned = "loss" if len(tasks) == 1 else "retrieval_loss"
    assert history[-1][learned] < 0.95 * history[0][learned]
    assert (model.rating is not None) == ("rating" in tasks)
    if tasks == ("rating",):
        with pytest.raises(ValueError, match="expected a retrieval or content task"):
            model.vectors()
    else:
        queries, candidates = model.vectors()
        assert (len(queries), len(candidates)) == (data.users, data.movies)


def test_vectors_are_shared_the_rating_task_moves_those_of_retrieval(data):
    """One step of the rating task alone reaches the retrieval task's vectors of movies."""
    model = build_joint(SMALL, data, 0)
    with tf.GradientTape() as tape:
        loss = model.rating(tf.constant([0, 0]))
    for gradient in tape.gradient(loss, shared_embeddings(model.pair)):
        assert float(tf.linalg.global_norm([gradient])) > 0


def test_gradients_are_as_long_as_gradnorm_says(data):
    model = build_joint(replace(SMALL, weighting="gradnorm"), data, 0)
    shared = shared_embeddings(model.pair)
    losses = {"retrieval": 3.0, "content": 0.02, "rating": 40.0}
    with tf.GradientTape(persistent=True) as tape:
        values = {task: factor * tf.reduce_sum(shared[0] ** 2) for task, factor in losses.items()}
        model.loss_weights.combine(values, tape, shared)
    for task, factor in losses.items():
        assert float(model.loss_weights.weight(task)) * factor == pytest.approx(3.0, rel=1e-4)


def test_uncertainty_begins_with_equal_shares(data):
    model = build_joint(replace(SMALL, weighting="uncertainty"), data, 0)
    values = {"retrieval": tf.constant(70.0), "content": tf.constant(30.0), "rating": tf.constant(0.8)}
    with tf.GradientTape(persistent=True) as tape:
        total = model.loss_weights.combine(values, tape, [])
    assert float(total) == pytest.approx(3.0 + sum(np.log([70.0, 30.0, 0.8])), rel=1e-5)


def test_tasks_that_the_data_does_not_allow_are_left_out(data):
    bare = TrainingData.without_features(replace(data.rows, rating=None))
    assert build_joint(SMALL, bare, 0).config.tasks == ("retrieval",)


def test_an_interrupted_training_ends_where_an_undisturbed_one_does(data, tmp_path):
    whole, _ = trained(SMALL, data, tmp_path / "whole", epochs=4)
    trained(SMALL, data, tmp_path / "cut", epochs=2)
    resumed, _ = trained(SMALL, data, tmp_path / "cut", epochs=4)
    for one, other in zip(whole.vectors(), resumed.vectors(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_collapse_stops_the_training_with_a_clear_message(data):
    model = build_joint(SMALL, data, 0)
    guard = CollapseGuard()
    guard.set_model(model)
    guard.on_epoch_end(0, {})
    for table in shared_embeddings(model.pair):
        table.assign(tf.ones_like(table))
    with pytest.raises(FloatingPointError, match=r"epoch 3: the vectors have collapsed.*try a lower learning rate"):
        guard.on_epoch_end(2, {})


def test_a_loss_that_is_no_number_stops_the_training(data, tmp_path):
    with pytest.raises(FloatingPointError, match="training diverged"):
        trained(replace(SMALL, retrieval=replace(SMALL.retrieval, learning_rate=1e30)), data, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": ()}, "tasks: expected at least one"),
        ({"tasks": ("rating", "rating")}, "tasks: expected at least one, each once"),
        ({"rating_every": 0}, "rating_every: expected an integer of at least 1, got 0"),
        ({"retrieval": PairConfig()}, "retrieval: expected a history as query"),
        ({"content": PairConfig()}, "content.objective: expected softmax"),
    ],
)
def test_nonsense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)


def test_a_task_without_weight_is_refused():
    with pytest.raises(ValueError, match="rating: expected a number above 0, got 0"):
        TaskWeights(rating=0)
