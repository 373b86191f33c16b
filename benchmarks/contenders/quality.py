"""Contenders of ``benchmarks.quality``: ``python -m benchmarks.contenders.quality NAME ROWS LISTS``.

Each trains on the rows of a file and writes a list of movies for each user. The peers' packages are in an environment
of their own, which has none of this project's.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

DEPTH = 100
PLANS: dict[str, dict[str, Any]] = {
    "linear": {"epochs": {}, "dimension": 64},
    "reconstruction": {"epochs": {"reconstruction": 65}, "dimension": 128},
}
"""What ``recs run retrieval --split stratified --retrieval.parts PART`` chooses on validation: its ``plan.json``."""
REST = {"new_users": "popularity"}
LIGHTGCN_EPOCHS = 50
"""RecBole's default allows 300, which had not ended after twelve minutes; with 50 it has not learned all it could."""


def ours(part: Any, users: np.ndarray, movies: np.ndarray, times: np.ndarray) -> np.ndarray:
    """One part of the retrieval model, fitted once with settings that were chosen on validation before."""
    import polars as pl

    from tfrs_lab.data import Interactions
    from tfrs_lab.models.retrieval.config import RetrievalConfig
    from tfrs_lab.models.retrieval.specification import SPECIFICATION
    from tfrs_lab.models.specification import FitContext

    table = pl.DataFrame({"user_id": users, "movie_id": movies, "timestamp": times})
    rows = Interactions.from_ratings(table.with_columns(pl.col("user_id", "movie_id").cast(pl.String).str.zfill(4)))
    with tempfile.TemporaryDirectory() as folder:
        plan = {**PLANS[part], **REST, "weights": {"taste": 1.0}}
        context = FitContext(0, Path(folder, "checkpoints"), Path(folder, "tensorboard"), plan=plan)
        model = SPECIFICATION.fit(RetrievalConfig(parts=(part,)), rows, context).recommender
    scores: np.ndarray = model.queries @ model.candidates.T
    return scores


def ials(users: np.ndarray, movies: np.ndarray, _: np.ndarray) -> Any:
    """IALS of implicit, with what was best on validation: 32 factors, α 5, penalty 40, 15 iterations."""
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    model = AlternatingLeastSquares(factors=32, alpha=5.0, regularization=40.0, iterations=15, random_state=0)
    with threadpool_limits(limits=1, user_api="blas"):  # as its documentation asks for
        model.fit(csr_matrix((np.ones(len(users), np.float32), (users, movies))), show_progress=False)
    return model.user_factors @ model.item_factors.T


def rectools(users: np.ndarray, movies: np.ndarray, _: np.ndarray) -> Any:
    """EASE of RecTools, with the penalty that was best on validation."""
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import EASEModel

    named = {Columns.User: users, Columns.Item: movies, Columns.Weight: 1.0, Columns.Datetime: "2000-01-01"}
    dataset = Dataset.construct(pd.DataFrame(named))
    model = EASEModel(regularization=800.0)
    model.fit(dataset)
    scores = dataset.get_user_item_matrix() @ model.weight
    order = dataset.user_id_map.convert_to_internal(range(scores.shape[0]))
    return scores[order][:, dataset.item_id_map.convert_to_internal(range(scores.shape[1]))]


def lightfm(users: np.ndarray, movies: np.ndarray, _: np.ndarray) -> Any:
    """LightFM with WARP loss, as in its quickstart; 32 components and 10 epochs are best on validation."""
    from lightfm import LightFM
    from scipy.sparse import coo_matrix

    model = LightFM(loss="warp", no_components=32, random_state=0)
    model.fit(coo_matrix((np.ones(len(users), np.float32), (users, movies))), epochs=10, num_threads=2)
    user_bias, user_vectors = model.get_user_representations()
    movie_bias, movie_vectors = model.get_item_representations()
    return user_vectors @ movie_vectors.T + user_bias[:, None] + movie_bias


def lightgcn(users: np.ndarray, movies: np.ndarray, _: np.ndarray) -> Any:
    """LightGCN of RecBole with its own defaults but for the number of epochs, on all train rows."""
    mend()
    import pandas as pd
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer, init_seed

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "rows").mkdir()
        rows = pd.DataFrame({"user_id:token": users, "item_id:token": movies})
        rows.to_csv(Path(folder, "rows", "rows.inter"), sep="\t", index=False)
        options = {
            **{"data_path": folder, "checkpoint_dir": folder, "load_col": {"inter": ["user_id", "item_id"]}},
            "eval_args": {"split": {"RS": [1.0, 0.0, 0.0]}, "order": "RO", "group_by": "user", "mode": "full"},
            **{"use_gpu": False, "show_progress": False, "state": "ERROR", "epochs": LIGHTGCN_EPOCHS},
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
    return user_vectors[user_rows] @ movie_vectors[movie_rows].T


def bivae(users: np.ndarray, movies: np.ndarray, _: np.ndarray) -> Any:
    """BiVAE of cornac, with the settings of Microsoft Recommenders' notebook on this data set."""
    mend()
    from cornac.data import Dataset
    from cornac.models import BiVAECF

    rows = Dataset.from_uir(zip(users.tolist(), movies.tolist(), np.ones(len(users)), strict=True), seed=42)
    shape = {"k": 50, "encoder_structure": [100], "act_fn": "tanh", "likelihood": "pois"}
    model = BiVAECF(**shape, n_epochs=500, batch_size=128, learning_rate=0.001, seed=42, use_gpu=False)
    model.fit(rows)
    scores = np.empty((rows.num_users, rows.num_items), np.float32)
    for user, row in rows.uid_map.items():
        scores[user, list(rows.iid_map)] = model.score(row)
    return scores


def mend() -> None:
    """Lets cornac 2.2.1 and RecBole 1.2.1, which are imported afterwards, run beside the other peers' packages."""
    from scipy import sparse

    # TensorBoard's writer, which RecBole makes, would load TensorFlow, beside which PyTorch's Triton crashes.
    blocked: dict[str, Any] = {"tensorflow": None}
    sys.modules.update(blocked)
    # SciPy 1.14, which RecTools needs, has taken these away.
    sparse.spmatrix.A = property(lambda matrix: matrix.toarray())
    sparse.dok_matrix._update = lambda matrix, cells: matrix._dict.update(cells)


CONTENDERS = {part: partial(ours, part) for part in PLANS} | {
    **{"ials": ials, "rectools": rectools, "lightfm": lightfm, "lightgcn": lightgcn, "bivae": bivae}
}


def main() -> None:
    """Scores [users, movies]; the best that are not among the train rows are written."""
    name, rows, lists = sys.argv[1:]
    stored = np.load(rows, allow_pickle=False)
    users, movies = stored["user"], stored["movie"]
    scores = CONTENDERS[name](users, movies, stored["timestamp"])
    scores[users, movies] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    np.savez(Path(lists), movie=best, score=np.take_along_axis(scores, best, axis=1))


if __name__ == "__main__":
    main()
