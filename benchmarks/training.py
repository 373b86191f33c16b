"""Examples per second of in-batch training, at the model of TFRS's tutorial "basic_retrieval".

    python -m benchmarks.training [--rounds 5] [--write]

MovieLens-100K's 80,000 train rows, vectors of 32 numbers, Adagrad at .1, softmax over the batch without corrections:
(1) the tutorial's own pipeline, strings and all, without its metrics; (2) Keras 3 on TensorFlow, as in keras-rs's
guides; (3) this project's ``in-batch`` objective through the function that trains every experiment, checkpoints and
TensorBoard included. Each is a process of its own; they take turns and the best turn counts. Exits 1 if (3) is not at
least 3 times as fast as both others at batches of 8,192 and 1.3 times at 1,024, or if its loss and gradients differ
from those of ``tfrs.tasks.Retrieval`` by more than rounding. ``--write`` keeps the record for docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.environment import peers_python
from benchmarks.record import Record, Target, cores
from benchmarks.training_data import TRAIN_ROWS, write_rows
from benchmarks.turns import Contender, Failed

OURS = "TFRS Lab"
TARGETS = {8192: 3.0, 1024: 1.3}
EPOCHS = {8192: 1, 1024: 4}
ROUNDING = 1e-5


def contenders(rows: Path) -> dict[str, Contender]:
    """Who is compared."""
    return {
        "TFRS tutorial": Contender("benchmarks.training_tutorial", [str(rows)]),
        "keras-rs (Keras 3)": Contender("benchmarks.peers.training_keras_rs", [str(rows)], python=peers_python()),
        OURS: Contender("benchmarks.training_ours", [str(rows)]),
    }


def measure(rounds: int) -> Record:
    """Lets all take turns."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        rows = Path(folder, "rows.npz")
        write_rows(rows)
        present, left_out = {}, {}
        for name, contender in contenders(rows).items():
            try:
                present[name] = stack.enter_context(contender)
            except Failed as error:
                if name == OURS:
                    raise
                left_out[name] = str(error)
        best = {(name, batch_size): (0.0, 0.0) for name in present for batch_size in TARGETS}
        for _ in range(rounds):
            for batch_size, epochs in EPOCHS.items():
                for name, contender in present.items():
                    speed = contender.turn(f"{batch_size} {epochs}")
                    busy = contender.busy / (epochs * TRAIN_ROWS) * 1e6
                    best[name, batch_size] = max(best[name, batch_size], (speed, busy))
        away = present[OURS].turn("difference")
        versions = {name: version for one in present.values() for name, version in one.versions.items()}
    return record(best, away, versions, left_out)


def record(
    best: dict[tuple[str, int], tuple[float, float]], away: float, versions: dict[str, str], left_out: dict[str, str]
) -> Record:
    """The table and the verdicts."""
    columns = {"batch": ",", "pipeline": "", "examples/s": ",.0f", "ours": ".1f", "processor s a million": ",.0f"}
    targets = [Target("loss and gradients differ from TFRS's task by", away, ROUNDING, "of the largest", least=False)]
    rows = []
    for (name, batch_size), (speed, busy) in sorted(best.items(), key=lambda one: -one[0][1]):
        times = best[OURS, batch_size][0] / speed
        rows.append(dict(zip(columns, (batch_size, name, speed, times, busy), strict=True)))
        if name != OURS:
            targets.append(Target(f"against {name} at {batch_size:,}", times, TARGETS[batch_size]))
    conditions = [f"MovieLens-100K, {TRAIN_ROWS:,} rows", "32 dimensions", "Adagrad at .1", cores()]
    return Record("training", columns, rows, conditions, versions, targets, left_out)


def main(words: list[str] | None = None) -> int:
    """Measures, prints, keeps; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, of which the best counts (default 5)")
    parser.add_argument("--write", action="store_true", help="keep the record in docs/results/training.json")
    given = parser.parse_args(words)
    return measure(given.rounds).finish(given.write)


if __name__ == "__main__":
    sys.exit(main())
