"""Whether XLA (``jit_compile``) makes training steps faster, and leaves their numbers alone.

    python -m benchmarks.xla [--write]

Steps on MovieLens-100K, stratified: loss, gradients and optimizer on one batch, again and again. XLA needs shapes that
do not change: this project's own steps do not compile, since the number of distinct movies and of those hidden changes
with each batch. So the same losses are also written out on whole matrices, where XLA compiles loss and gradients.
Exits 1 if the losses after some steps differ by more than rounding.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.contenders.training import tutorial_config
from benchmarks.shared.record import Record, Target, command, cores, versions_here
from tfrs_lab.data import Interactions, load, split
from tfrs_lab.models.backend import tf
from tfrs_lab.models.multitask.config import reconstruction_pair
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.two_tower.config import PairConfig
from tfrs_lab.models.two_tower.model import TowerPair, build_pair

STEPS, ROUNDS, ROUNDING = 10, 6, 1e-5
Losses = Callable[[TowerPair, dict[str, Any], dict[str, Any]], tf.Tensor]


def as_matrix(pair: TowerPair, batch: dict[str, Any], dense: dict[str, Any]) -> tf.Tensor:
    """In-batch softmax over the matrix of all scores, as ``tfrs.tasks.Retrieval`` does it."""
    scores = tf.matmul(pair.query_tower(batch), pair.candidate_tower(batch), transpose_b=True)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(tf.shape(scores)[0]), scores))


def as_dense(pair: TowerPair, batch: dict[str, Any], dense: dict[str, Any]) -> tf.Tensor:
    """``tfrs_lab.models.two_tower.objectives.Reconstruction`` from histories as matrices [users, movies]."""
    config, kept = pair.objective.config, dense["kept"]
    (sources, _), (candidates, _) = pair.tables()
    queries = tf.matmul(kept, sources) / tf.maximum(tf.reduce_sum(kept, axis=1), 1.0)[:, None]
    scores = tf.matmul(queries, candidates, transpose_b=True)
    hidden = config.positive_weight * (scores - 1.0) ** 2 * (dense["all"] - kept)
    penalty = 2 * tf.add_n([tf.nn.l2_loss(weight) for weight in pair.trainable_variables])
    return tf.reduce_sum(scores**2 * (1.0 - kept) + hidden) / float(kept.shape[0]) + config.weight_decay * penalty


def histories(pair: TowerPair, batch: dict[str, Any]) -> dict[str, Any]:
    """What of the histories is kept, and all of it, both [users, movies]; nothing where there are none."""
    if "history" not in batch:
        return {}
    history, objective = batch["history"], pair.objective
    kept = objective.kept(batch, tf.stack([pair.seed, 8 * pair.steps]))  # type: ignore[attr-defined]
    places = tf.stack([history.value_rowids(), tf.cast(history.flat_values, tf.int64)], axis=1)
    shape = tf.stack([history.nrows(), tf.constant(objective.data.movies, tf.int64)])
    whole = [tf.scatter_nd(places, values, shape) for values in (tf.cast(kept, tf.float32), tf.ones(kept.shape[0]))]
    return {"kept": whole[0], "all": whole[1]}


def stepper(config: PairConfig, data: TrainingData, loss_of: Losses | None, xla: bool) -> Callable[[], float]:
    """A new pair's step on its first batch; returns the loss. Without ``loss_of`` this project's own."""
    pair = build_pair(config, data, 0)
    pair.compile(optimizer=pair.new_optimizer())
    batch = next(iter(pair.batches(0, 0, 1)))
    if loss_of is None:
        own = tf.function(lambda: pair.train_step(batch), jit_compile=xla)

        def own_step() -> float:
            pair.mean_loss.reset_state()
            return float(own()["loss"])

        return own_step
    inputs = {name: column for name, column in batch.items() if name != "history"}

    @tf.function(jit_compile=xla)
    def gradients(inputs: dict[str, Any], dense: dict[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(pair, inputs, dense)
        return loss, tape.gradient(loss, pair.trainable_variables)

    @tf.function
    def step() -> tf.Tensor:
        loss, found = gradients(inputs, histories(pair, batch))
        pair.optimizer.apply_gradients(zip(found, pair.trainable_variables, strict=True))
        pair.steps.assign_add(1)
        return loss

    return lambda: float(step())


def fastest(steps: list[Callable[[], float]]) -> list[float]:
    """Milliseconds a step of each, which take turns."""
    best = [float("inf")] * len(steps)
    for _ in range(ROUNDS):
        for place, step in enumerate(steps):
            started = time.perf_counter()
            for _ in range(STEPS):
                step()
            best[place] = min(best[place], 1e3 * (time.perf_counter() - started) / STEPS)
    return best


def measure() -> Record:
    """All steps, with XLA and without."""
    rows = Interactions.from_ratings(split(load("100k"), "stratified").train_and_validation)
    data = TrainingData.without_features(rows)
    asked: dict[str, tuple[PairConfig, Losses]] = {
        "in-batch, 1,024 rows": (tutorial_config(1024), as_matrix),
        "in-batch, 8,192 rows": (tutorial_config(8192), as_matrix),
        "reconstruction, 64 users": (reconstruction_pair(), as_dense),
    }
    table, away, left_out = [], 0.0, {}
    for name, (config, loss_of) in asked.items():
        steps = [stepper(config, data, *one) for one in ((None, False), (loss_of, False), (loss_of, True))]
        losses = [[step() for _ in range(STEPS)][-1] for step in steps]
        away = max(away, *(abs(loss / losses[0] - 1) for loss in losses[1:]))
        own, plain, compiled = fastest(steps)
        table.append({"step": name, "matrices ms": plain, "with XLA ms": compiled, "TFRS Lab ms": own})
        try:
            stepper(config, data, None, True)()
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            why = error.message.splitlines()[0].rpartition("XLA_CPU_JIT: ")[2].partition(" (")[0].rstrip(".")
            left_out[f"TFRS Lab with XLA, {name}"] = why
    return Record(
        "xla",
        {"step": "", "matrices ms": ".1f", "with XLA ms": ".1f", "TFRS Lab ms": ".1f"},
        table,
        ["MovieLens-100K, stratified split", "in-batch: 32 dimensions", f"best of {ROUNDS} turns", cores()],
        versions_here("tensorflow", "tf-keras"),
        [Target(f"losses after {STEPS} steps differ by", away, ROUNDING, "of their size", least=False)],
        left_out,
    )


main = command(__doc__, measure)


if __name__ == "__main__":
    sys.exit(main())
