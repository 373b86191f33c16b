import json

import numpy as np
import pytest

from data import Interactions
from evaluation import evaluate
from experiments import training
from experiments.callbacks import MONITOR, TrainingState, best_epoch, should_stop
from experiments.experiment import FitContext
from experiments.reporter import Reporter
from experiments.training import fit_retrieval, training_batches
from models.config import RetrievalConfig

CONFIG = RetrievalConfig(dimension=8, batch_size=64, epochs=12, learning_rate=0.02, patience=3)


def context(directory, planted=None, **arguments) -> FitContext:
    monitor = None
    if planted is not None:

        def monitor(recommender):
            result = evaluate(recommender, planted.validation, seen=planted.train, ks=(10,), bootstrap=0)
            return result.metrics["ndcg@10"]

    return FitContext(
        seed=0,
        checkpoints=directory / "checkpoints",
        tensorboard=directory / "tb",
        monitor=monitor,
        **arguments,
    )


def batches(rows, first, last, seed=0):
    return [{k: v.numpy() for k, v in batch.items()} for batch in training_batches(rows, 64, seed, first, last)]


def test_each_epoch_visits_each_row_once_in_an_order_of_its_own(planted):
    rows = Interactions.from_ratings(planted.train)
    per_epoch = -(-len(rows) // 64)
    seen = batches(rows, 0, 2)
    assert len(seen) == 2 * per_epoch
    epochs = [seen[:per_epoch], seen[per_epoch:]]
    for epoch in epochs:
        pairs = sorted((u, m) for batch in epoch for u, m in zip(batch["user"], batch["movie"], strict=True))
        assert pairs == sorted(zip(rows.user, rows.movie, strict=True))
    assert (epochs[0][0]["user"] != epochs[1][0]["user"]).any()


def test_a_later_start_sees_the_batches_that_it_would_have_seen(planted):
    rows = Interactions.from_ratings(planted.train)
    per_epoch = -(-len(rows) // 64)
    for late, whole in zip(batches(rows, 1, 3), batches(rows, 0, 3)[per_epoch:], strict=True):
        np.testing.assert_array_equal(late["movie"], whole["movie"])
    assert (batches(rows, 0, 1, seed=1)[0]["user"] != batches(rows, 0, 1)[0]["user"]).any()


def test_early_stopping_follows_from_the_history():
    history = [{MONITOR: value} for value in (0.1, 0.3, 0.2, 0.3, 0.1)]
    assert best_epoch(history) == 2
    assert should_stop(history, patience=3)
    assert not should_stop(history, patience=4)
    assert not should_stop(history, patience=None)
    assert best_epoch([{"loss": 1.0}] * 3) == 3


def test_training_learns_keeps_the_best_epoch_and_is_reproducible(planted, tmp_path):
    rows = Interactions.from_ratings(planted.train)
    first = fit_retrieval(CONFIG, rows, context(tmp_path / "a", planted))
    again = fit_retrieval(CONFIG, rows, context(tmp_path / "b", planted))
    assert first.history == again.history
    assert first.epochs == best_epoch(first.history)
    assert first.history[-1]["loss"] < first.history[0]["loss"]
    np.testing.assert_array_equal(first.recommender.queries, again.recommender.queries)
    best = max(row[MONITOR] for row in first.history)
    assert context(tmp_path, planted).monitor(first.recommender) == pytest.approx(best)


def test_an_interrupted_training_ends_like_an_undisturbed_one(planted, tmp_path, monkeypatch):
    rows = Interactions.from_ratings(planted.train)
    whole = fit_retrieval(CONFIG, rows, context(tmp_path / "whole", planted))

    class Killed(Exception):
        pass

    class Killer(training.Progress):
        def on_epoch_end(self, epoch, logs):
            if epoch == 3:
                raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(training, "Progress", Killer)
        with pytest.raises(Killed):
            fit_retrieval(CONFIG, rows, context(tmp_path / "cut", planted))
    state = json.loads((tmp_path / "cut" / "checkpoints" / "state.json").read_text())
    assert len(state["history"]) == 4
    resumed = fit_retrieval(CONFIG, rows, context(tmp_path / "cut", planted))
    assert resumed.history == whole.history
    np.testing.assert_array_equal(resumed.recommender.candidates, whole.recommender.candidates)


def test_a_finished_training_is_not_trained_again(planted, tmp_path):
    rows = Interactions.from_ratings(planted.train)
    first = fit_retrieval(CONFIG, rows, context(tmp_path, planted))

    class NoTraining(Reporter):
        def step(self, task, done, total, text):
            raise AssertionError("trained again")

    again = fit_retrieval(CONFIG, rows, context(tmp_path, planted, reporter=NoTraining()))
    np.testing.assert_array_equal(first.recommender.queries, again.recommender.queries)


def test_a_diverging_loss_stops_with_advice(planted, tmp_path):
    import tensorflow as tf

    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    state = TrainingState(model, tmp_path, patience=None)
    with pytest.raises(FloatingPointError, match=r"epoch 3.*learning_rate"):
        state.on_epoch_end(2, {"loss": float("nan")})
