import json
from dataclasses import replace

import numpy as np
import pytest

from tfrs_lab.data import Interactions
from tfrs_lab.evaluation import evaluate
from tfrs_lab.evaluation.monitor import Monitor
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.fit import fit_retrieval
from tfrs_lab.models.sequential.config import SequenceConfig
from tfrs_lab.models.specification import FitContext
from tfrs_lab.models.training import callbacks
from tfrs_lab.models.training import loop as training
from tfrs_lab.models.training.callbacks import MONITOR, TrainingState, best_epoch, should_stop
from tfrs_lab.models.training.reporter import Reporter
from tfrs_lab.models.two_tower.config import PairConfig

SMALL = {"dimension": 8, "epochs": 8, "learning_rate": 0.02, "patience": 3}
CONFIG = RetrievalConfig(
    parts=("in_batch", "history", "sequence", "transitions", "trend"),
    dimension=16,
    in_batch=PairConfig(batch_size=64, **SMALL),
    history=PairConfig(query=("history",), objective="softmax", bias=True, batch_size=16, **SMALL),
    sequence=SequenceConfig(positions=128, **SMALL),
)


def context(directory, planted=None, **arguments) -> FitContext:
    return FitContext(
        seed=0,
        checkpoints=directory / "checkpoints",
        tensorboard=directory / "tb",
        monitor=Monitor(planted.validation, planted.train) if planted is not None else None,
        **arguments,
    )


def test_early_stopping_follows_from_the_history():
    history = [{MONITOR: value} for value in (0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.2, 0.2, 0.2)]
    assert best_epoch(history) == 6  # the first whose last five epochs are all at the height
    assert should_stop(history, patience=3)
    assert not should_stop(history, patience=4)
    assert not should_stop(history, patience=None)
    assert best_epoch([{"loss": 1.0}] * 3) == 3


def curve(scores) -> list[dict[str, float]]:
    return [{MONITOR: float(score)} for score in scores]


@pytest.mark.parametrize("epochs", [10, 20, 40])
def test_on_a_noisy_plateau_the_first_epochs_are_no_likelier_than_others(epochs):
    rng = np.random.default_rng(0)
    best = [best_epoch(curve(0.3 + 0.01 * rng.standard_normal(epochs))) for _ in range(1000)]
    assert np.mean(np.array(best) < callbacks.WINDOW) < 1.1 * (callbacks.WINDOW - 1) / epochs
    assert len(set(best)) > epochs / 2


def test_a_short_training_and_one_that_soon_overfits_keep_their_early_best():
    assert best_epoch(curve([0.3, 0.2, 0.1])) == 1
    assert best_epoch(curve([0.2, 0.3, 0.35])) == 3
    overfits = curve([0.34, 0.34, 0.32, 0.30, 0.27, 0.25, 0.24, 0.23])
    assert best_epoch(overfits) == 1
    assert should_stop(overfits[:6], patience=5)
    assert not should_stop(overfits[:5], patience=5)


def test_what_is_best_never_goes_back_to_an_epoch_whose_weights_are_gone():
    rng = np.random.default_rng(0)
    for _ in range(200):
        history = curve(rng.standard_normal(14) - 0.3 * np.arange(14) * rng.integers(0, 4))
        kept = 0
        for end in range(1, len(history) + 1):
            best = best_epoch(history[:end])
            assert best in (kept, end)
            kept = best


def test_the_monitor_is_the_protocols_ndcg(planted, tmp_path):
    rows = Interactions.from_ratings(planted.train)
    model = fit_retrieval(RetrievalConfig(parts=("in_batch",)), rows, context(tmp_path, plan=None)).recommender
    whole = evaluate(model, planted.validation, seen=planted.train, ks=(10,), bootstrap=0).metrics["ndcg@10"]
    assert Monitor(planted.validation, planted.train)(model) == pytest.approx(whole)


def test_training_learns_keeps_the_best_epochs_and_is_reproducible(planted, tmp_path):
    rows = Interactions.from_ratings(planted.train)
    first = fit_retrieval(CONFIG, rows, context(tmp_path / "a", planted))
    again = fit_retrieval(CONFIG, rows, context(tmp_path / "b", planted))
    assert first.history == again.history
    assert first.plan == again.plan
    np.testing.assert_array_equal(first.recommender.queries, again.recommender.queries)
    for part in ("in_batch", "history", "sequence"):
        curve = [row for row in first.history if row["part"] == part]
        assert first.plan["epochs"][part] == best_epoch(curve)
        assert [row["epoch"] for row in curve] == list(range(1, len(curve) + 1))
        assert curve[-1]["loss"] < curve[0]["loss"]


def test_a_plan_is_followed(planted, tmp_path):
    rows = Interactions.from_ratings(planted.train)
    plan = fit_retrieval(CONFIG, rows, context(tmp_path / "a", planted)).plan
    plan = json.loads(json.dumps(plan)) | {"epochs": {"in_batch": 2, "history": 3}}
    plan["weights"]["sequence"] = 0.0
    plan["dimension"] = 5
    final = fit_retrieval(CONFIG, rows, context(tmp_path / "b", plan=plan))
    assert [(row["part"], row["epoch"]) for row in final.history] == [
        ("in_batch", 1),
        ("in_batch", 2),
        ("history", 1),
        ("history", 2),
        ("history", 3),
    ]
    assert final.recommender.queries.shape == (60, 5)


@pytest.mark.parametrize("part", ["in_batch", "history", "sequence"])
def test_an_interrupted_training_ends_like_an_undisturbed_one(planted, tmp_path, monkeypatch, part):
    rows = Interactions.from_ratings(planted.train)
    whole = fit_retrieval(CONFIG, rows, context(tmp_path / "whole", planted))

    class Killed(Exception):
        pass

    class Killer(training.Progress):
        def on_epoch_end(self, epoch, logs):
            if (self.label, epoch) == (part, 2):
                raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(training, "Progress", Killer)
        patched.setattr(callbacks, "SECONDS_BETWEEN", 0.0)
        with pytest.raises(Killed):
            fit_retrieval(CONFIG, rows, context(tmp_path / "cut", planted))
    state = json.loads((tmp_path / "cut" / "checkpoints" / part / "state.json").read_text())
    assert len(state["history"]) == 3
    resumed = fit_retrieval(CONFIG, rows, context(tmp_path / "cut", planted))
    assert resumed.history == whole.history
    np.testing.assert_array_equal(resumed.recommender.candidates, whole.recommender.candidates)


def test_what_came_after_the_last_checkpoint_is_trained_again(planted, tmp_path, monkeypatch):
    rows = Interactions.from_ratings(planted.train)
    config = replace(CONFIG, parts=("history",))
    whole = fit_retrieval(config, rows, context(tmp_path / "whole", planted))

    class Lost(training.TrainingState):
        def on_epoch_end(self, epoch, logs):
            monkeypatch.setattr(callbacks, "SECONDS_BETWEEN", 0.0 if epoch == 1 else 1e9)
            if epoch == 4:
                raise KeyboardInterrupt
            super().on_epoch_end(epoch, logs)

    with monkeypatch.context() as patched:
        patched.setattr(training, "TrainingState", Lost)
        with pytest.raises(KeyboardInterrupt):
            fit_retrieval(config, rows, context(tmp_path / "cut", planted))
    kept = tmp_path / "cut" / "checkpoints" / "history"
    assert len(json.loads((kept / "state.json").read_text())["history"]) == 2
    for epoch in (2, 3):  # as TensorFlow leaves a checkpoint that it could not finish
        (kept / f"epoch-{epoch}_temp").mkdir()
        (kept / f"epoch-{epoch}_temp" / "part-00000-of-00001.index").touch()
    resumed = fit_retrieval(config, rows, context(tmp_path / "cut", planted))
    assert resumed.history == whole.history
    np.testing.assert_array_equal(resumed.recommender.candidates, whole.recommender.candidates)
    assert not [path for path in kept.iterdir() if path.is_dir()]


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
    state = TrainingState(model, tmp_path, patience=None, epochs=9)
    with pytest.raises(FloatingPointError, match=r"epoch 3.*learning_rate"):
        state.on_epoch_end(2, {"loss": float("nan")})
