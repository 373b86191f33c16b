"""How long TFRS's tutorial "basic_retrieval" trains until its lists are at their best, and this project until as good.

    python -m benchmarks.tutorial [--rounds 2] [--write]

MovieLens-100K's stratified split, vectors of 32 numbers. The tutorial trains at batches of 8,192 by Adagrad at .1, as
it is published (it computes factorized top-k as it trains) and without those metrics. This project trains its
``in_batch`` part with that part's defaults, through the function that trains every experiment. The clock starts with
an empty model, its graph still to be built, and stops while nDCG@10 is computed after each epoch. Contenders are
processes of their own that take turns; the best turn counts. Exits 1 if this project is not 10 times as fast as the
published tutorial in getting to the best nDCG@10 that this has after any epoch.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.contenders.training import TutorialModel, train
from benchmarks.shared.record import TURNS, Record, Target, command, cores, versions_here
from benchmarks.shared.turns import once
from tfrs_lab.data import Interactions, load, split
from tfrs_lab.evaluation import evaluate
from tfrs_lab.models.backend import tf
from tfrs_lab.models.retrieval.config import RetrievalConfig
from tfrs_lab.models.retrieval.fit_part import as_recommender
from tfrs_lab.models.retrieval.query_tower import QueryTower
from tfrs_lab.models.retrieval.recommender import FactorRecommender
from tfrs_lab.models.training.data import TrainingData
from tfrs_lab.models.training.loop import compile_model
from tfrs_lab.models.two_tower.model import build_pair

TIMES = 10.0
OURS, PUBLISHED = "TFRS Lab, in_batch", "TFRS tutorial, as published"
EPOCHS = {PUBLISHED: 3, "TFRS tutorial, no metrics while training": 3, OURS: 3}
"""Contender → how many epochs it trains: the tutorial trains three, and its lists only get worse then."""
WORDS = dict(zip(EPOCHS, ("published", "bare", "ours"), strict=True))
Epochs = list[tuple[float, float]]
"""After each epoch: seconds of training until then, and nDCG@10."""


Model = Callable[[], FactorRecommender]


def tutorial(rows: Interactions, titles: list[str], *, metrics: bool) -> Iterator[Model]:
    """TFRS's, epoch by epoch; the first time it only has its data."""
    movies = np.array(titles)
    columns = {"user_id": np.array(rows.users.ids)[rows.user], "movie_title": movies[rows.movie]}
    batches = tf.data.Dataset.from_tensor_slices(columns).shuffle(100_000).batch(8_192).cache()

    def recommender() -> FactorRecommender:
        vectors = model.user_model(tf.constant(rows.users.ids)), model.movie_model(tf.constant(titles))
        queries, candidates = (one.numpy() for one in vectors)
        popularity, tower = rows.movie_counts.astype(np.float32), QueryTower.mean_of(candidates)
        return FactorRecommender(rows.users, rows.movies, queries, candidates, popularity, tower)

    yield recommender
    model = TutorialModel(*(np.unique(column) for column in columns.values()), metrics=metrics)
    model.compile(optimizer=tf.keras.optimizers.Adagrad(learning_rate=0.1))
    while True:
        model.fit(batches, epochs=1, verbose=0)
        yield recommender


def ours(rows: Interactions) -> Iterator[Model]:
    """This project's in the same way."""
    data = TrainingData.without_features(rows)
    yield lambda: as_recommender(pair, data)
    pair = build_pair(replace(RetrievalConfig().in_batch, dimension=32), data, 0)
    compile_model(pair)
    for epoch in range(100):
        train(pair, 1, seed=epoch)
        yield lambda: as_recommender(pair, data)


def trained(word: str, epochs: str) -> Epochs:
    """Trains ``published``, ``bare`` or ``ours``."""
    tf.keras.utils.set_random_seed(0)
    dataset = load("100k")
    parts = split(dataset, "stratified")
    rows, seen = parts.encoded("train_and_validation"), parts.train_and_validation
    titles = dict(dataset.movies.select("movie_id", "movie_title").iter_rows())
    named = [titles[movie_id] for movie_id in rows.movies.ids]
    models = ours(rows) if word == "ours" else tutorial(rows, named, metrics=word == "published")
    next(models)
    seconds, found = 0.0, []
    for _ in range(int(epochs)):
        started = time.perf_counter()
        recommender = next(models)
        seconds += time.perf_counter() - started
        metrics = evaluate(recommender(), parts.test, seen=seen, ks=(10,), bootstrap=0).metrics
        found.append((seconds, metrics["ndcg@10"]))
    return found


def reached(epochs: Epochs, asked: float) -> float | None:
    """Seconds until nDCG@10 was at least so high.

    >>> reached([(2.0, 0.1), (4.0, 0.3)], 0.2), reached([(2.0, 0.1)], 0.2)
    (4.0, None)
    """
    return next((seconds for seconds, ndcg in epochs if ndcg >= asked), None)


def measure(rounds: int) -> Record:
    """Runs the contenders in turns."""
    best: dict[str, Epochs] = {}
    for _ in range(rounds):
        for name, epochs in EPOCHS.items():
            found = [tuple(one) for one in once("benchmarks.tutorial:trained", WORDS[name], epochs)]
            best[name] = min(best.get(name, found), found, key=lambda epochs: epochs[-1][0])
    return record(best)


def record(best: dict[str, Epochs]) -> Record:
    """The table and the verdict."""
    asked = max(ndcg for _, ndcg in best[PUBLISHED])
    ours, there = reached(best[OURS], asked), reached(best[PUBLISHED], asked)
    columns = {"by": "", "nDCG@10 by epoch": "", "s by epoch": "", "s to the tutorial's best": ",.1f", "ours": ".1f"}
    rows = []
    for name, epochs in best.items():
        seconds = reached(epochs, asked)
        scores, times = " ".join(f"{ndcg:.3f}" for _, ndcg in epochs), " ".join(f"{taken:.1f}" for taken, _ in epochs)
        as_ours = seconds / ours if seconds and ours else None
        rows.append(dict(zip(columns, (name, scores, times, seconds, as_ours), strict=True)))
    times_as_fast = there / ours if there and ours else 0.0
    targets = [Target(f"to {asked:.3f} nDCG@10 against the published tutorial", times_as_fast, TIMES)]
    conditions = ["MovieLens-100K, stratified split", "75,066 train rows", "32 dimensions", cores()]
    versions = versions_here("tensorflow", "tf-keras", "tensorflow-recommenders")
    return Record("tutorial", columns, rows, conditions, versions, targets)


main = command(__doc__, measure, rounds=(2, TURNS))


if __name__ == "__main__":
    sys.exit(main())
