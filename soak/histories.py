"""People with histories and events of every kind, asked of a toy whose every answer numpy computes once more."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from benchmarks.shared.toy_export import FADING, Toy
from soak.reference import Refused, single
from soak.tally import Tally

PREDICT, RECOMMEND = "/v1/models/recs:predict", "/api/recommend"
USUAL_RATING = 5.0
LARGEST_BODY = 4 * 2**20
TIMES = (0, 1, -1, 2**31, -(2**31), 2**40, 2**62, -(2**62))
HUGE = (2**62 + 1, 2**63 - 1, -(2**63), 2**63, 10**30)
LENGTHS = (*(0, 1, 1, 2, 2, 3, 3, 5, 5, 8, 20, 100) * 8, 2_000, 20_000)
ENDLESS = 120_000
FITS = {PREDICT: range(-(2**63), 2**63), RECOMMEND: range(-(2**62), 2**62 + 1)}
"""Which times an API takes."""
CLOSE = 1e-2
"""Scores are sums of float32."""


@dataclass(frozen=True)
class Person:
    """A user, or somebody without an id, and what they have seen: (movie id, rating, time), None where not said."""

    user: str | None
    events: tuple[tuple[str, float | None, int | None], ...]


def person(rng: random.Random, toy: Toy, known: bool) -> Person:
    """Somebody; with a user id where ``known``, which is now and then nobody's."""
    user = rng.choice((*(rng.choice(toy.user_ids) for _ in range(5)), "nobody", "")) if known else None
    length = ENDLESS if rng.random() < 0.001 else rng.choice(LENGTHS)
    movies = [rng.choice(toy.movie_ids) if rng.random() < 0.9 else f"x{rng.randrange(9)}" for _ in range(length)]
    ratings: list[float | None] = [rng.choice((None, -3.0, 0.5, 1.0, 2.5, 4.0, 5.0)) for _ in movies]
    if ratings and rng.random() < 0.03:
        ratings[rng.randrange(length)] = rng.choice((1e39, -1e39, math.nan, math.inf))
    return Person(user, tuple(zip(movies, ratings, _times(rng, length), strict=True)))


def _times(rng: random.Random, length: int) -> list[int | None]:
    """Missing, equal, in order, out of it, negative, some missing, or some that are too large."""
    kind = rng.choice(("missing", "missing", "equal", "ascending", "shuffled", "shuffled", "odd", "some", "huge"))
    if kind == "missing":
        return [None] * length
    if kind == "equal":
        return [rng.choice(TIMES)] * length
    if kind == "ascending":
        return [1_600_000_000 + place // 2 for place in range(length)]
    if kind == "shuffled":
        return [rng.randrange(-length, length) for _ in range(length)]
    others = {"odd": TIMES, "some": (None, 7), "huge": (*TIMES, *HUGE)}
    return [rng.choice(others[kind]) for _ in range(length)]


def scores(toy: Toy, asked: Person, fits: range) -> np.ndarray:
    """[movies] scores of a person, -inf for what they have seen; ``fits`` has every time that may be said.

    Raises:
        Refused: Nothing can be recommended to such a person.
    """
    times = [time for _, _, time in asked.events if time is not None]
    if len(times) not in (0, len(asked.events)) or any(time not in fits for time in times):
        raise Refused("times")
    places = {movie: place for place, movie in enumerate(toy.movie_ids)}
    query, hidden, weight = np.zeros(toy.movies.shape[1]), np.zeros(len(places), bool), 1.0
    for movie, rating, _ in sorted(asked.events, key=lambda event: event[2] or 0)[::-1]:
        if rating is not None and not _is_single(rating):
            raise Refused("rating")
        if movie in places:
            query += weight * (USUAL_RATING if rating is None else rating) * toy.movies[places[movie]]
            hidden[places[movie]] = True
            weight *= FADING
    if asked.user in toy.user_ids:
        row = toy.user_ids.index(asked.user)
        query, hidden = query + toy.users[row], hidden | toy.seen[row]
    elif not hidden.any():
        raise Refused("nothing is known")
    return np.where(hidden, -np.inf, toy.movies @ query)


def _is_single(value: float) -> bool:
    try:
        return math.isfinite(single(value))
    except OverflowError:
        return False


def wrong(found: Sequence[tuple[str, float]], expected: np.ndarray, k: int, toy: Toy) -> str:
    """What is wrong with an answer (movie id, score), best first; nothing if it is ``""``."""
    ids = [movie for movie, _ in found]
    best = np.sort(expected[np.isfinite(expected)])[::-1][:k]
    if len(set(ids)) != len(ids) or len(ids) != len(best) or not set(ids) <= set(toy.movie_ids):
        return f"expected {len(best)} movies, got {ids}"
    own = expected[[toy.movie_ids.index(movie) for movie in ids]] if ids else best
    if not np.allclose(own, best, atol=CLOSE):
        return f"expected scores {best.tolist()}, got movies of {own.tolist()}"
    told = [score for _, score in found]
    return "" if np.allclose(told, own, atol=CLOSE) else f"expected scores {own.tolist()}, got {told}"


def ask(http: httpx.Client, rng: random.Random, toy: Toy, tally: Tally, repeat: str) -> None:
    """Asks one of the APIs, and compares the answer."""
    known, k = rng.random() < 0.6, rng.randint(1, 12)
    path = rng.choice((PREDICT, RECOMMEND))
    people = [person(rng, toy, known) for _ in range(rng.randint(1, 3) if path == PREDICT else 1)]
    document, allowed = _plain(people, k), np.ones(len(toy.movies), bool)
    if path == RECOMMEND:
        document, allowed = _friendly(people[0], k, rng, toy)
    body = json.dumps(document)
    try:
        expected = [np.where(allowed, scores(toy, one, FITS[path]), -np.inf) for one in people]
        status = 200
    except Refused:
        expected, status = [], 400
    tally.count("requests", "histories")
    try:
        answer = http.post(path, content=body)
        trouble = _compared(answer, 413 if len(body) > LARGEST_BODY else status, expected, k, toy)
    except (httpx.HTTPError, ValueError, KeyError) as error:
        trouble = f"a lost answer: {type(error).__name__}: {error}"
    if trouble:
        tally.fail(f"{path} {body[:200]}: {trouble}", repeat)


def _compared(answer: httpx.Response, status: int, expected: Sequence[np.ndarray], k: int, toy: Toy) -> str:
    if answer.status_code != status:
        return f"expected status {status}, got {answer.status_code} {answer.text[:150]}"
    content = answer.json()
    if status != 200:
        return "" if list(content) == ["error"] else f"expected an error, got {content}"
    if "recommendations" in content:
        rows = [[(movie["movie_id"], movie["score"]) for movie in content["recommendations"]]]
    else:
        found = content["outputs"]
        pairs = [zip(*row, strict=True) for row in zip(found["movie_id"], found["score"], strict=True)]
        rows = [[(movie, score) for movie, score in row if movie] for row in pairs]
    troubles = [wrong(row, one, k, toy) for row, one in zip(rows, expected, strict=True)]
    return "; ".join(filter(None, troubles))


def _plain(people: Sequence[Person], k: int) -> dict[str, Any]:
    """A request to TensorFlow Serving's API: shorter rows are padded, and times are left out if nobody has any."""
    width = max(len(one.events) for one in people)
    padding = ("", 0.0, 0)
    timed = [any(time is not None for _, _, time in one.events) for one in people]
    rows = [[*one.events, *[padding] * (width - len(one.events))] for one in people]
    inputs: dict[str, Any] = {
        "movie_id": [[movie for movie, _, _ in row] for row in rows],
        "rating": [[USUAL_RATING if rating is None else rating for _, rating, _ in row] for row in rows],
        "k": k,
    }
    if any(timed):
        inputs["timestamp"] = [[time if own else 0 for _, _, time in row] for row, own in zip(rows, timed, strict=True)]
    if people[0].user is None:
        return {"signature_name": "recommend_for_history", "inputs": inputs}
    return {"signature_name": "recommend_since", "inputs": {**inputs, "user_id": [one.user for one in people]}}


def _friendly(asked: Person, k: int, rng: random.Random, toy: Toy) -> tuple[dict[str, Any], np.ndarray]:
    """A request to /api, and which movies [movies] its filters let through."""
    names = ("movie_id", "rating", "timestamp")
    events = [
        {name: value for name, value in zip(names, event, strict=True) if value is not None} for event in asked.events
    ]
    who = {"history": events} if asked.user is None else {"user_id": asked.user, "events": events}
    document: dict[str, Any] = {**who, "k": k, "reasons": rng.random() < 0.5}
    allowed = np.ones(len(toy.movies), bool)
    places = np.arange(len(toy.movies))
    if rng.random() < 0.3:
        document["exclude"] = rng.choices(toy.movie_ids, k=rng.choice((1, 3, 60)))
        allowed &= ~np.isin(toy.movie_ids, document["exclude"])
    if rng.random() < 0.2:
        document["genres"] = ["Comedy"]
        allowed &= places % 2 == 1
    if rng.random() < 0.2:
        document["year_from"] = 1998
        allowed &= places % 10 >= 8
    return document, allowed
