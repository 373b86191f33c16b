"""Plays events to a finished run or an export: with growing histories, with frozen ones, and trained again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import DataError, Dataset, Interactions, parse_columns, read_ratings_file
from tfrs_lab.data.names import OwnNames
from tfrs_lab.evaluation.replay import Answer, Request
from tfrs_lab.evaluation.scoring import Scorer
from tfrs_lab.evaluation.topk import top_k
from tfrs_lab.models.specification import FitContext, Specification
from tfrs_lab.models.training.reporter import Reporter

Histories = Callable[[Request], tuple[str, ...]]


def of_run(recommender: Any, k: int) -> dict[str, Answer]:
    """How a run's model answers, ``live`` from the history up to the event and ``frozen`` as of its training.

    Args:
        recommender: The model.
        k: Length of the lists.
    """
    scorer = Scorer.of(recommender, None)

    def live(asked: Sequence[Request]) -> list[list[str]]:
        history = _matrix(recommender, asked, lambda one: (*one.known, *one.since))
        users = [one.user_id for one in asked]
        return _best(recommender, np.array(recommender.score_history(history, users)), asked, k)

    def frozen(asked: Sequence[Request]) -> list[list[str]]:
        history = _matrix(recommender, asked, lambda one: one.known)
        return _best(recommender, scorer([one.user_id for one in asked], history), asked, k)

    return {"live": live, "frozen": frozen}


def trained_again(
    specification: Specification,
    config: Any,
    dataset: Dataset,
    known: pl.DataFrame,
    events: pl.DataFrame,
    *,
    every: int,
    plan: dict[str, Any] | None,
    seed: int,
    k: int,
) -> Answer:
    """How the same model answers that is trained again after every so many events, as the plan of the run says.

    Args:
        specification: Of the model.
        config: Its configuration.
        dataset: Movies and users.
        known: What the run was trained on.
        events: All events, in order; requests come in the same order, in blocks that divide ``every``.
        every: So many events are between two trainings.
        plan: What the run found on validation.
        seed: Of everything random.
        k: Length of the lists.
    """
    played, fresh = 0, 0
    answer: Answer | None = None

    def answers(asked: Sequence[Request]) -> Sequence[Sequence[str]]:
        nonlocal played, fresh, answer
        if answer is None or played - fresh >= every:
            rows = pl.concat([known.select(events.columns), events[:played]])
            with tempfile.TemporaryDirectory() as directory:
                context = FitContext(seed, Path(directory), Path(directory) / "logs", plan=plan, dataset=dataset)
                model = specification.fit(config, Interactions.from_ratings(rows), context).recommender
            answer, fresh = of_run(model, k)["frozen"], played
        played += len(asked)
        return answer(asked)

    return answers


def of_export(version: Path, k: int) -> dict[str, Answer]:
    """The same of an export, by its signatures ``recommend_since`` and ``recommend``.

    Args:
        version: The directory of the version.
        k: Length of the lists.

    Raises:
        DataError: It was made before there was ``recommend_since``.
    """
    export = AskedExport(version, k)
    return {"live": lambda asked: export.recommended(asked)[0], "frozen": export.frozen}


class AskedExport:
    """An export that answers requests, in this process."""

    def __init__(self, version: Path, k: int) -> None:
        """See ``of_export``."""
        from tfrs_lab.serving.http import tensorflow

        self._k, self._call = np.array(k, np.int32), tensorflow.call
        self._loaded = tensorflow.load_functions(version)
        if "recommend_since" not in self._loaded[1]:
            raise DataError("expected an export with the signature recommend_since; export the run again", file=version)

    def recommended(self, asked: Sequence[Request]) -> tuple[list[list[str]], list[list[float]]]:
        """Lists with what came since, and their scores."""
        movies = _padded([one.since for one in asked])
        rating, timestamp = np.zeros(movies.shape, np.float32), np.zeros(movies.shape, np.int64)
        return self._ask("recommend_since", asked, movie_id=movies, rating=rating, timestamp=timestamp)

    def frozen(self, asked: Sequence[Request]) -> list[list[str]]:
        """Lists as of the training, without what came since."""
        return self._ask("recommend", asked, exclude=_padded([one.since for one in asked]))[0]

    def _ask(
        self, name: str, asked: Sequence[Request], **arrays: np.ndarray
    ) -> tuple[list[list[str]], list[list[float]]]:
        users = np.array([one.user_id for one in asked], dtype=object)
        found = self._call(self._loaded[1][name], {"user_id": users, "k": self._k, **arrays})
        movies = [[movie.decode() for movie in row if movie] for row in found["movie_id"]]
        return movies, [
            [float(score) for score in row[: len(of)]] for row, of in zip(found["score"], movies, strict=True)
        ]


def _padded(rows: Sequence[Sequence[str]]) -> np.ndarray:
    width = max(1, *map(len, rows))
    return np.array([[*row, *[""] * (width - len(row))] for row in rows], dtype=object)


def read_events(file: Path, columns: str | None, reporter: Reporter) -> pl.DataFrame:
    """Reads a file of events and says what was read; ``columns`` as of ``--columns``.

    Raises:
        DataError: It is no such file.
    """
    table, summary = read_ratings_file(file, names=OwnNames(parse_columns(columns)))
    reporter.line(summary.line)
    return table


def known_to(version: Path, known: Path | None, columns: str | None, reporter: Reporter) -> pl.DataFrame:
    """What an export was trained on: the rows of a file, or without one the histories that it holds.

    Raises:
        DataError: It holds none, and there is no file.
    """
    table = _histories_in(version) if known is None else read_events(known, columns, reporter)
    if table.is_empty():
        raise DataError(
            "--known: expected the rows that the export was trained on, which it does not hold", file=version
        )
    return table


def _histories_in(version: Path) -> pl.DataFrame:
    """``user_id`` and ``movie_id``, each user's oldest first."""
    from tfrs_lab.serving.http.catalogue import Catalogue, read_catalogue

    users = (read_catalogue(version) or Catalogue()).users
    rows = [(user_id, movie_id) for user_id, history in users.items() for movie_id, _ in history]
    return pl.DataFrame(rows, schema={"user_id": pl.String, "movie_id": pl.String}, orient="row")


def plan_of(run: Path) -> dict[str, Any] | None:
    """What a run found on validation; None for nothing."""
    file = run / "plan.json"
    return (json.loads(file.read_text(encoding="utf-8")) or None) if file.exists() else None


def _matrix(recommender: Any, asked: Sequence[Request], history: Histories) -> csr_matrix:
    """[asked, movies]: what each has had, stored with its place in their order, 1 for the oldest."""
    rows, columns, places = [], [], []
    for row, one in enumerate(asked):
        movies = recommender.movies.encode(list(history(one)))
        movies = movies[movies >= 0]
        rows.append(np.full(len(movies), row))
        columns.append(movies)
        places.append(np.arange(1, len(movies) + 1, dtype=np.float32))
    shape = (len(asked), len(recommender.movies))
    return csr_matrix((np.concatenate(places), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def _best(recommender: Any, scores: np.ndarray, asked: Sequence[Request], k: int) -> list[list[str]]:
    """The k best movies that each has not had."""
    scores = scores.astype(np.float32)
    had = _matrix(recommender, asked, lambda one: (*one.known, *one.since))
    scores[had.nonzero()] = -np.inf
    best, _ = top_k(scores, k)
    ids = np.array([*recommender.movies.ids, ""], dtype=object)
    return [[movie for movie in row if movie] for row in ids[best]]
