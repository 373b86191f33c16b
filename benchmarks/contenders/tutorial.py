"""Trains one contender of ``benchmarks.tutorial``, and reports seconds and nDCG@10 after each epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.contenders.training_ours import train
from benchmarks.contenders.training_tutorial import TutorialModel
from benchmarks.contenders.worker import say
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


def main() -> None:
    """Trains ``published``, ``bare`` or ``ours`` for a number of epochs."""
    word, epochs = sys.argv[1], int(sys.argv[2])
    tf.keras.utils.set_random_seed(0)
    dataset = load("100k")
    parts = split(dataset, "stratified")
    rows, seen = parts.encoded("train_and_validation"), parts.train_and_validation
    titles = dict(dataset.movies.select("movie_id", "movie_title").iter_rows())
    named = [titles[movie_id] for movie_id in rows.movies.ids]
    models = ours(rows) if word == "ours" else tutorial(rows, named, metrics=word == "published")
    next(models)
    seconds, found = 0.0, []
    for _ in range(epochs):
        started = time.perf_counter()
        recommender = next(models)
        seconds += time.perf_counter() - started
        metrics = evaluate(recommender(), parts.test, seen=seen, ks=(10,), bootstrap=0).metrics
        found.append((seconds, metrics["ndcg@10"]))
    say(found)


if __name__ == "__main__":
    main()
