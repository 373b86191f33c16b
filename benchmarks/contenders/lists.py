"""Contenders that recommend: ``python -m benchmarks.contenders.lists NAME KNOWN ASKED LISTS``, three Parquet files.

Each is fitted on the rows of KNOWN (``user_id``, ``movie_id``, ``timestamp`` where there is one), writes the movies
that it ranks first for the users of ASKED, without those that they know, and says the seconds that fitting took.
Users who are not in KNOWN get the most popular movies. The peers' environment has none of this project's packages.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from benchmarks.contenders.worker import say

DEPTH, BLOCK = 100, 1024
PLANS: dict[str, dict[str, Any]] = {
    "linear": {"epochs": {}, "dimension": 64},
    "reconstruction": {"epochs": {"reconstruction": 65}, "dimension": 128},
}
"""What ``recs run retrieval --split stratified --retrieval.parts PART`` chooses on validation: its ``plan.json``."""
REST = {"new_users": "popularity"}
LIGHTGCN_EPOCHS = 50
"""RecBole's default allows 300, which had not ended after twelve minutes; with 50 it has not learned all it could."""
TRANSFORMER: dict[str, Any] = {"n_factors": 128, "n_blocks": 2, "session_max_len": 50, "epochs": 30}
"""As eSASRec's authors compare them (RecSys 2025), but smaller, so that two processors fit it in minutes."""
SAMPLED: dict[str, Any] = {"loss": "sampled_softmax", "n_negatives": 256}
LARGE = 5_000
"""Movies from which the transformers' softmax is over sampled negatives."""

Lists = Callable[[np.ndarray], np.ndarray]
"""From users [n] to their best movies [n, depth], numbers both, best first, -1 where there are no more."""


@dataclass(frozen=True)
class Rows:
    """What contenders are fitted on: numbers of users and movies [rows] int32, seconds [rows] int64, and ids."""

    file: Path
    user: np.ndarray
    movie: np.ndarray
    time: np.ndarray | None
    users: list[str]
    movies: list[str]

    @classmethod
    def read(cls, file: Path) -> Rows:
        """From a Parquet file."""
        table = pq.read_table(file)
        sides = [table[name].combine_chunks().dictionary_encode() for name in ("user_id", "movie_id")]
        numbers, ids = [side.indices.to_numpy() for side in sides], [side.dictionary.to_pylist() for side in sides]
        time = table["timestamp"].to_numpy() if "timestamp" in table.column_names else None
        return cls(file, numbers[0], numbers[1], time, ids[0], ids[1])

    @property
    def depth(self) -> int:
        """Length of lists."""
        return min(DEPTH, len(self.movies))

    @property
    def matrix(self) -> sparse.csr_matrix:
        """[users, movies] float32, 1 for what is known."""
        return sparse.csr_matrix((np.ones(len(self.user), np.float32), (self.user, self.movie)))


def ranked(rows: Rows, scores: Callable[[np.ndarray], np.ndarray]) -> Lists:
    """Lists by scores [n, movies] of users [n]."""
    known = rows.matrix

    def best(users: np.ndarray) -> np.ndarray:
        found = scores(users).astype(np.float32)
        found[known[users].nonzero()] = -np.inf
        order = np.argsort(-found, axis=1, kind="stable")[:, : rows.depth]
        return np.where(np.isfinite(np.take_along_axis(found, order, axis=1)), order, -1)

    return lambda users: np.concatenate([best(users[at : at + BLOCK]) for at in range(0, len(users), BLOCK)])


def ours(part: Any, rows: Rows) -> Lists:
    """One part of the retrieval model, fitted once with settings that were chosen on validation before."""
    import polars as pl

    from tfrs_lab.data import Interactions
    from tfrs_lab.models.retrieval.config import RetrievalConfig
    from tfrs_lab.models.retrieval.specification import SPECIFICATION
    from tfrs_lab.models.specification import FitContext

    known = Interactions.from_ratings(pl.read_parquet(rows.file))
    with tempfile.TemporaryDirectory() as folder:
        plan = {**PLANS[part], **REST, "weights": {"taste": 1.0}}
        context = FitContext(0, Path(folder, "checkpoints"), Path(folder, "tensorboard"), plan=plan)
        model = SPECIFICATION.fit(RetrievalConfig(parts=(part,)), known, context).recommender
    queries = model.queries[known.users.encode(pl.Series(rows.users))]
    candidates = model.candidates[known.movies.encode(pl.Series(rows.movies))]
    return ranked(rows, lambda users: queries[users] @ candidates.T)


def ials(rows: Rows) -> Lists:
    """IALS of implicit, with what was best on validation: 32 factors, α 5, penalty 40, 15 iterations."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    model = AlternatingLeastSquares(factors=32, alpha=5.0, regularization=40.0, iterations=15, random_state=0)
    with threadpool_limits(limits=1, user_api="blas"):  # as its documentation asks for
        model.fit(rows.matrix, show_progress=False)
    return ranked(rows, lambda users: model.user_factors[users] @ model.item_factors.T)


def lightfm(rows: Rows) -> Lists:
    """LightFM with WARP loss, as in its quickstart; 32 components and 10 epochs are best on validation."""
    from lightfm import LightFM

    model = LightFM(loss="warp", no_components=32, random_state=0)
    model.fit(rows.matrix.tocoo(), epochs=10, num_threads=2)
    user_bias, user_vectors = model.get_user_representations()
    movie_bias, movie_vectors = model.get_item_representations()
    return ranked(rows, lambda users: user_vectors[users] @ movie_vectors.T + user_bias[users, None] + movie_bias)


def rectools(build: Callable[[Rows], Any], rows: Rows) -> Lists:
    """A model of RecTools."""
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset

    model = build(rows)
    when = "2000-01-01" if rows.time is None else pd.to_datetime(rows.time, unit="s")
    columns = {Columns.User: rows.user, Columns.Item: rows.movie, Columns.Weight: 1.0, Columns.Datetime: when}
    table = pd.DataFrame(columns)
    dataset = Dataset.construct(table)
    model.fit(dataset)

    def lists(users: np.ndarray) -> np.ndarray:
        latest = table.sort_values(Columns.Datetime, kind="stable").drop_duplicates(Columns.User, keep="last")
        when = {"context": latest.drop(columns=Columns.Item)} if model.require_recommend_context else {}
        found = model.recommend(users, dataset, rows.depth, filter_viewed=True, on_unsupported_targets="ignore", **when)
        best = np.full((len(users), rows.depth), -1)
        place = pd.Series(np.arange(len(users)), index=users)
        best[place[found[Columns.User]], found[Columns.Rank] - 1] = found[Columns.Item]
        return best

    return lists


def ease(rows: Rows) -> Any:
    """EASE, with the penalty that was best on validation."""
    from rectools.models import EASEModel

    return EASEModel(regularization=800.0)


def transformer(name: str, rows: Rows) -> Any:
    """SASRec or HSTU."""
    import pytorch_lightning
    from rectools.models import HSTUModel, SASRecModel

    pytorch_lightning.seed_everything(0)
    loss = SAMPLED if len(rows.movies) > LARGE else {}
    return {"sasrec": SASRecModel, "hstu": HSTUModel}[name](**TRANSFORMER, **loss)


def lightgcn(rows: Rows) -> Lists:
    """LightGCN of RecBole with its own defaults but for the number of epochs, on all train rows."""
    mend()
    import pandas as pd
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer, init_seed

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "rows").mkdir()
        table = pd.DataFrame({"user_id:token": rows.user, "item_id:token": rows.movie})
        table.to_csv(Path(folder, "rows", "rows.inter"), sep="\t", index=False)
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
    vectors = [side.detach().numpy() for side in model.forward()]
    places = [
        dataset.token2id(field, np.arange(len(ids)).astype(str))
        for field, ids in (("user_id", rows.users), ("item_id", rows.movies))
    ]
    queries, candidates = (side[place] for side, place in zip(vectors, places, strict=True))
    return ranked(rows, lambda users: queries[users] @ candidates.T)


def bivae(rows: Rows) -> Lists:
    """BiVAE of cornac, with the settings of Microsoft Recommenders' notebook on this data set."""
    mend()
    from cornac.data import Dataset
    from cornac.models import BiVAECF

    data = Dataset.from_uir(zip(rows.user.tolist(), rows.movie.tolist(), np.ones(len(rows.user)), strict=True), seed=42)
    shape = {"k": 50, "encoder_structure": [100], "act_fn": "tanh", "likelihood": "pois"}
    model = BiVAECF(**shape, n_epochs=500, batch_size=128, learning_rate=0.001, seed=42, use_gpu=False)
    model.fit(data)

    def scores(users: np.ndarray) -> np.ndarray:
        found = np.empty((len(users), data.num_items), np.float32)
        for place, user in enumerate(users.tolist()):
            found[place, list(data.iid_map)] = model.score(data.uid_map[user])
        return found

    return ranked(rows, scores)


def mend() -> None:
    """Lets cornac 2.2.1 and RecBole 1.2.1, which are imported afterwards, run beside the other peers' packages."""
    # TensorBoard's writer, which RecBole makes, would load TensorFlow, beside which PyTorch's Triton crashes.
    blocked: dict[str, Any] = {"tensorflow": None}
    sys.modules.update(blocked)
    # SciPy 1.14, which RecTools needs, has taken these away.
    sparse.spmatrix.A = property(lambda matrix: matrix.toarray())
    sparse.dok_matrix._update = lambda matrix, cells: matrix._dict.update(cells)


CONTENDERS: dict[str, Callable[[Rows], Lists]] = {part: partial(ours, part) for part in PLANS} | {
    **{"ials": ials, "lightfm": lightfm, "lightgcn": lightgcn, "bivae": bivae, "ease": partial(rectools, ease)},
    **{name: partial(rectools, partial(transformer, name)) for name in ("sasrec", "hstu")},
}


def main() -> None:
    """Fits, asks, writes."""
    name, known, asked, out = sys.argv[1:]
    rows = Rows.read(Path(known))
    started = time.perf_counter()
    lists = CONTENDERS[name](rows)
    seconds = time.perf_counter() - started
    users = pq.read_table(asked)["user_id"].unique().to_pylist()
    places = {user: place for place, user in enumerate(rows.users)}
    of_asked = np.array([places.get(user, -1) for user in users])
    popular = np.argsort(-np.bincount(rows.movie, minlength=len(rows.movies)), kind="stable")[: rows.depth]
    best = np.tile(popular, (len(users), 1))
    best[of_asked >= 0] = lists(of_asked[of_asked >= 0])
    place, rank = np.nonzero(best >= 0)
    ids = [np.array(users)[place], np.array(rows.movies)[best[place, rank]], rank + 1]
    pq.write_table(pa.table(dict(zip(("user_id", "movie_id", "rank"), ids, strict=True))), out)
    say({"seconds": seconds})


if __name__ == "__main__":
    main()
