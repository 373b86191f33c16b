"""Recommendations for people: filtered, with titles and reasons, without padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Any

import numpy as np

from tfrs_lab.serving.http.api.question import Question
from tfrs_lab.serving.http.catalogue import Catalogue
from tfrs_lab.serving.http.errors import ApiError, invalid
from tfrs_lab.serving.http.payloads.tensors import default_input
from tfrs_lab.serving.http.servable import DEFAULT_SIGNATURE, Servable
from tfrs_lab.serving.http.signature import Signature
from tfrs_lab.serving.liked import liked

# So many movies are asked of a model whose own graph cannot filter, all if they are too few, and of similar_movies for
# reasons.
_POOL = 2000
_REASONS = 2
_NOTHING = ("", 0.0)
"""Pads a history in which nothing is left."""


@dataclass(frozen=True)
class Found:
    """One movie of an answer: id, title, score, and (movie id, similarity) of the nearest movies of the history."""

    movie_id: str
    movie_title: str
    score: float
    why: tuple[tuple[str, float], ...] = ()


async def recommend(servable: Servable, question: Question) -> list[Found]:
    """Asks a model.

    Args:
        servable: The version that answers.
        question: What is wanted.

    Returns:
        At most ``k`` movies, best first.

    Raises:
        ApiError: The question makes no sense to this model.
    """
    catalogue = servable.catalogue or Catalogue()
    whole = question
    question = without_disliked(spelt_out(question, catalogue), catalogue)
    signature = _signature(servable, question)
    inputs = _inputs(signature, question)
    asked = servable.compute(signature, inputs, 1) if question.strangers else servable.call(signature, inputs)
    found = _rows(await asked)[0]
    if not question.needs <= set(signature.inputs):
        found = await _from_more(servable, signature, inputs, question)
    seen = (*catalogue.users.get(whole.user_id or "", ()), *whole.events, *whole.history)
    if not question.reasons or not seen:
        return found
    return await explain(servable, found, liked(seen))


def spelt_out(question: Question, catalogue: Catalogue) -> Question:
    """The same, of a history where a diverse list is wanted for a user with events: there are graphs for either."""
    stored = catalogue.users.get(question.user_id or "")
    if not (question.diversity and question.events and stored):
        return question
    history = (*((movie_id, 0.0) for movie_id, _ in stored), *question.events)  # as recommend_since takes them
    return replace(question, user_id=None, events=(), history=history)


def without_disliked(question: Question, catalogue: Catalogue) -> Question:
    """The same, asked without what was disliked, by its last rating; such movies are not recommended either."""
    least = catalogue.disliked_below or 0.0
    rated = dict((*question.history, *question.events))
    gone = [movie_id for movie_id, rating in rated.items() if 0 < rating < least]
    if not gone:
        return question
    history = tuple(one for one in question.history if one[0] not in gone)
    history = history or ((_NOTHING,) if question.history else ())
    events = tuple(one for one in question.events if one[0] not in gone)
    return replace(question, events=events, history=history, exclude=(*question.exclude, *gone))


async def _from_more(
    servable: Servable, signature: Signature, inputs: Mapping[str, np.ndarray], question: Question
) -> list[Found]:
    """Of a model whose graph cannot leave out what is not wanted: more is asked for, and that is dropped."""
    catalogue = servable.catalogue or Catalogue()
    if question.filters and not catalogue.movies:
        raise invalid(f"model {servable.name} cannot filter by genre or year: it has no catalogue")
    enough = question.k + len(question.exclude)
    every = len(catalogue.movies) or enough
    accepted: list[Found] = []
    for pool in (max(enough, _POOL), every) if question.filters else (enough,):
        more = np.array(max(question.k, min(pool, every)), dtype=np.int32)
        found = _rows(await servable.compute(signature, {**inputs, "k": more}, 1))[0]
        accepted = [movie for movie in found if question.accepts(movie.movie_id, catalogue)][: question.k]
        if len(accepted) == question.k or pool >= every:
            break
    return accepted


async def explain(servable: Servable, found: Sequence[Found], history: Sequence[str]) -> list[Found]:
    """Adds to each movie those of a history that the model holds most alike; nothing if it cannot tell.

    Args:
        servable: The version that answers.
        found: Movies.
        history: Ids of movies that were liked.
    """
    signature = servable.signatures.get("similar_movies")
    if signature is None or not found:
        return list(found)
    known = len(servable.catalogue.movies) if servable.catalogue else 0
    inputs = _complete(
        signature,
        {
            "movie_id": np.array([movie.movie_id.encode() for movie in found], dtype=object),
            "k": np.array(min(_POOL, known) or 200, dtype=np.int32),
        },
    )
    try:
        nearest = await servable.compute(signature, inputs, len(found))
    except ApiError:  # a model may refuse movies that it has no vector for; the answer stands without reasons
        return list(found)
    seen = {movie_id.encode() for movie_id in history}
    return [
        replace(movie, why=_reasons(ids, scores, seen))
        for movie, ids, scores in zip(found, nearest["movie_id"], nearest["score"], strict=True)
    ]


async def similar(servable: Servable, movie_id: str, k: int) -> list[Found]:
    """The movies that a model holds most alike to one.

    Raises:
        ApiError: The movie is unknown, or the model cannot tell.
    """
    signature = servable.signature("similar_movies")
    given = {"movie_id": np.array([movie_id.encode()], dtype=object), "k": np.array(k, dtype=np.int32)}
    return _rows(await servable.call(signature, _complete(signature, given)))[0]


def _signature(servable: Servable, question: Question) -> Signature:
    """The signature that answers, with filters of its own if it needs any and the model has them."""
    if question.events and question.user_id is None:
        raise invalid("events: expected a user_id with them; what anybody else has seen is a history")
    if (question.user_id is None) == (not question.history):
        raise invalid("expected either user_id or a history with at least one movie")
    name = question.signature
    if name == "recommend_since" and name not in servable.signatures:
        raise ApiError(
            "FAILED_PRECONDITION",
            f"events: model {servable.name} version {servable.version} was exported before it could take them, it has "
            f"no signature {name}; export it again (recs export), or ask without events",
        )
    plain = servable.signature(DEFAULT_SIGNATURE if name == "recommend" and name not in servable.signatures else name)
    filtered = servable.signatures.get(f"{name}_filtered")
    chosen = plain if question.needs <= set(plain.inputs) or filtered is None else filtered
    if question.diversity and "diversity" not in chosen.inputs:
        raise invalid(f"diversity: model {servable.name} has no signature {name} that takes it; ask without")
    return chosen


def _inputs(signature: Signature, question: Question) -> dict[str, np.ndarray]:
    rated = question.history or question.events
    with np.errstate(over="ignore"):  # 1e39 becomes infinity, which is refused later
        rating = np.array([[rating for _, rating in rated]], dtype=np.float32)
    given: dict[str, Any] = {
        "movie_id": _texts([movie_id for movie_id, _ in rated]),
        "rating": rating,
        "timestamp": np.zeros((1, len(rated)), dtype=np.int64),  # they are in order
        "k": np.array(question.k, dtype=np.int32),
        "exclude": _texts(question.exclude),
        "genres": _texts(question.genres),
        "year_from": np.array([question.year_from or 0], dtype=np.int32),
        "year_to": np.array([question.year_to or 0], dtype=np.int32),
        "diversity": np.array(question.diversity, dtype=np.float32),
    }
    if question.user_id is not None:
        given["user_id"] = np.array([question.user_id.encode()], dtype=object)
    return _complete(signature, given)


def _texts(texts: Sequence[str]) -> np.ndarray:
    """[1, any] bytes."""
    return np.array([text.encode() for text in texts], dtype=object).reshape(1, -1)


def _complete(signature: Signature, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inputs that a signature has: those given, and defaults for the others."""
    rows = next(len(array) for array in given.values() if array.ndim)
    return {
        name: np.asarray(given[name]) if name in given else default_input(name, tensor, rows)
        for name, tensor in signature.inputs.items()
    }


def _rows(outputs: Mapping[str, np.ndarray]) -> list[list[Found]]:
    """Each row's movies without the padding."""
    ids, scores = outputs["movie_id"], outputs["score"]
    titles = outputs.get("movie_title", ids)
    return [
        [
            Found(movie_id.decode("utf-8", "replace"), title.decode("utf-8", "replace"), float(str(score)))
            for movie_id, title, score in zip(*row, strict=True)
            if movie_id and np.isfinite(score)
        ]
        for row in zip(ids, titles, scores, strict=True)
    ]


def _reasons(ids: np.ndarray, scores: np.ndarray, history: set[bytes]) -> tuple[tuple[str, float], ...]:
    """The first movies of a history among the nearest of a movie; one that is not alike at all is no reason."""
    pairs = zip(ids, scores, strict=True)
    alike = ((movie_id.decode(), float(str(score))) for movie_id, score in pairs if movie_id in history)
    return tuple(islice(takewhile(lambda reason: reason[1] > 0, alike), _REASONS))
