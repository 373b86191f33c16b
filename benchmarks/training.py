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

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.contenders.environment import peers_python
from benchmarks.shared.record import TURNS, Record, Target, command, cores
from benchmarks.shared.turns import Contender, ready, versions_of

TRAIN_ROWS = 80_000
OURS = "TFRS Lab"
TARGETS = {8192: 3.0, 1024: 1.3}
EPOCHS = {8192: 1, 1024: 4}
ROUNDING = 1e-5


def write_rows(file: Path) -> None:
    """The tutorial's train set: 80,000 of MovieLens-100K's rows, users by id and movies by title.

    Writes ``user_id`` and ``movie_title`` [rows] strings, and ``user`` and ``movie`` [rows] int32.
    """
    from tfrs_lab.data import Interactions, load

    dataset = load("100k")
    titled = dataset.ratings.join(dataset.movies.select("movie_id", "movie_title"), on="movie_id", how="left")
    rows = titled.select("user_id", movie_id="movie_title").sample(TRAIN_ROWS, seed=42, shuffle=True)
    encoded = Interactions.from_ratings(rows)
    titles = np.array([title.encode() for title in rows["movie_id"]])
    users = rows["user_id"].to_numpy().astype(np.bytes_)
    np.savez(file, user_id=users, movie_title=titles, user=encoded.user, movie=encoded.movie)


def measure(rounds: int) -> Record:
    """Runs the contenders in turns."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.npz")
        write_rows(rows)
        contenders = {
            "TFRS tutorial": Contender("benchmarks.contenders.training", ["tutorial", str(rows)]),
            "keras-rs (Keras 3)": Contender(
                "benchmarks.contenders.training_keras_rs", [str(rows)], python=peers_python()
            ),
            OURS: Contender("benchmarks.contenders.training", ["ours", str(rows)]),
        }
        with ready(contenders, OURS) as (present, left_out):
            best = {(name, batch_size): (0.0, 0.0) for batch_size in TARGETS for name in present}
            for _ in range(rounds):
                for batch_size, epochs in EPOCHS.items():
                    for name, contender in present.items():
                        speed = contender.turn(f"{batch_size} {epochs}")
                        busy = contender.busy / (epochs * TRAIN_ROWS) * 1e6
                        best[name, batch_size] = max(best[name, batch_size], (speed, busy))
            away = present[OURS].turn("difference")
            versions = versions_of(present)
    columns = {"batch": ",", "pipeline": "", "examples/s": ",.0f", "ours": ".1f", "processor s a million": ",.0f"}
    targets = [Target("loss and gradients differ from TFRS's task by", away, ROUNDING, "of the largest", least=False)]
    table = []
    for (name, batch_size), (speed, busy) in best.items():
        times = best[OURS, batch_size][0] / speed
        table.append(dict(zip(columns, (batch_size, name, speed, times, busy), strict=True)))
        if name != OURS:
            targets.append(Target(f"against {name} at {batch_size:,}", times, TARGETS[batch_size]))
    conditions = [f"MovieLens-100K, {TRAIN_ROWS:,} rows", "32 dimensions", "Adagrad at .1", cores()]
    return Record("training", columns, table, conditions, versions, targets, left_out)


main = command(__doc__, measure, rounds=(5, TURNS))


if __name__ == "__main__":
    sys.exit(main())
