"""LightGCN of RecBole with its own defaults but for the number of epochs, on all train rows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import benchmarks.peers.mended  # noqa: F401  # isort: skip
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed

from benchmarks.peers.lists import read_rows, write_lists

EPOCHS = 50
"""RecBole's default allows 300, which had not ended after twelve minutes; with 50 it has not learned all it could."""


def main() -> None:
    """Trains and writes lists."""
    users, movies = read_rows()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "rows").mkdir()
        rows = pd.DataFrame({"user_id:token": users, "item_id:token": movies})
        rows.to_csv(Path(folder, "rows", "rows.inter"), sep="\t", index=False)
        options = {
            "data_path": folder,
            "checkpoint_dir": folder,
            "load_col": {"inter": ["user_id", "item_id"]},
            "eval_args": {"split": {"RS": [1.0, 0.0, 0.0]}, "order": "RO", "group_by": "user", "mode": "full"},
            "use_gpu": False,
            "show_progress": False,
            "state": "ERROR",
            "epochs": EPOCHS,
        }
        config = Config(model="LightGCN", dataset="rows", config_dict=options)
        init_seed(config["seed"], config["reproducibility"])
        dataset = create_dataset(config)
        train, _, _ = data_preparation(config, dataset)
        model = get_model("LightGCN")(config, train.dataset).to("cpu")
        get_trainer(config["MODEL_TYPE"], "LightGCN")(config, model).fit(train, saved=False, show_progress=False)
    user_vectors, movie_vectors = (side.detach().numpy() for side in model.forward())
    user_rows = dataset.token2id("user_id", np.unique(users).astype(str))
    movie_rows = dataset.token2id("item_id", np.unique(movies).astype(str))
    write_lists(user_vectors[user_rows] @ movie_vectors[movie_rows].T, users, movies)


if __name__ == "__main__":
    main()
