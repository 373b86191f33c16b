"""BiVAE of cornac, with the settings of Microsoft Recommenders' notebook on this data set."""

from __future__ import annotations

import numpy as np

import benchmarks.peers.mended  # noqa: F401  # isort: skip
from cornac.data import Dataset
from cornac.models import BiVAECF

from benchmarks.peers.lists import read_rows, write_lists


def main() -> None:
    """Trains and writes lists."""
    users, movies = read_rows()
    rows = Dataset.from_uir(zip(users.tolist(), movies.tolist(), np.ones(len(users)), strict=True), seed=42)
    model = BiVAECF(
        k=50,
        encoder_structure=[100],
        act_fn="tanh",
        likelihood="pois",
        n_epochs=500,
        batch_size=128,
        learning_rate=0.001,
        seed=42,
        use_gpu=False,
    )
    model.fit(rows)
    scores = np.empty((rows.num_users, rows.num_items), np.float32)
    for user, row in rows.uid_map.items():
        scores[user, list(rows.iid_map)] = model.score(row)
    write_lists(scores, users, movies)


if __name__ == "__main__":
    main()
