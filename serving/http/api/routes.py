"""The JSON API for people and the page, under ``/api``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query

from tfrs_lab.serving.http.api.question import Question
from tfrs_lab.serving.http.api.recommend import Found, recommend, similar
from tfrs_lab.serving.http.api.schemas import (
    ErrorAnswer,
    ModelAnswer,
    MovieOut,
    Rated,
    Reason,
    RecommendAnswer,
    Recommended,
    RecommendRequest,
    SeenMovie,
    UserAnswer,
    UserFound,
)
from tfrs_lab.serving.http.api.search import find_movies, find_users
from tfrs_lab.serving.http.catalogue import Catalogue, Movie
from tfrs_lab.serving.http.errors import ApiError, invalid
from tfrs_lab.serving.http.models import Models
from tfrs_lab.serving.http.servable import Servable
from tfrs_lab.serving.http.versions import Model

_ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorAnswer} for status in (400, 404, 413, 429)}
Text = Annotated[str, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=100)]


def api_router(models: Models) -> APIRouter:
    """The routes.

    Args:
        models: What they ask.
    """
    router = APIRouter(prefix="/api", responses=_ERRORS)
    _add_recommending(router, models)
    _add_looking(router, models)
    return router


def _add_recommending(router: APIRouter, models: Models) -> None:
    @router.post("/recommend", tags=["recommend"], summary="Movies for a user, or for somebody who names some movies")
    async def post_recommend(request: RecommendRequest) -> RecommendAnswer:
        return await _recommend(models, request)

    @router.get("/recommend", tags=["recommend"], summary="Movies for a user")
    async def get_recommend(user_id: Text, k: int = 10, model: str | None = None) -> RecommendAnswer:
        return await _recommend(models, RecommendRequest(user_id=user_id, k=k, model=model))

    @router.get("/models/{name}/movies/{movie_id}/similar", tags=["recommend"], summary="Movies like one")
    async def get_similar(name: str, movie_id: str, k: int = 10) -> RecommendAnswer:
        with models.named(name).use() as servable:
            return _answer(servable, await similar(servable, movie_id, k))


def _add_looking(router: APIRouter, models: Models) -> None:
    # not async: these run in threads, so that a search through a large catalogue holds up no recommendation
    @router.get("/models", tags=["look"], summary="The models and what they can be asked")
    def get_models() -> list[ModelAnswer]:
        return [_describe(model) for model in models]

    @router.get("/models/{name}/movies", tags=["look"], summary="Search movies by title")
    def get_movies(name: str, q: Text = "", limit: Limit = 20) -> list[MovieOut]:
        with models.named(name).use() as servable:
            return [_movie_out(movie) for movie in find_movies(_catalogue(servable), q, limit)]

    @router.get("/models/{name}/users", tags=["look"], summary="Search users by id")
    def get_users(name: str, q: Text = "", limit: Limit = 20) -> list[UserFound]:
        with models.named(name).use() as servable:
            users = _catalogue(servable).users
            found = find_users(_catalogue(servable), q, limit)
            return [UserFound(user_id=user_id, movies=len(users[user_id])) for user_id in found]

    @router.get("/models/{name}/users/{user_id}", tags=["look"], summary="What a user has seen")
    def get_user(name: str, user_id: str) -> UserAnswer:
        with models.named(name).use() as servable:
            return _user(_catalogue(servable), user_id)


async def _recommend(models: Models, request: RecommendRequest) -> RecommendAnswer:
    question = Question(
        user_id=request.user_id,
        events=_in_order("events", request.events),
        history=_in_order("history", request.history),
        k=request.k,
        exclude=tuple(request.exclude),
        genres=tuple(request.genres),
        year_from=request.year_from,
        year_to=request.year_to,
        diversity=request.diversity,
        reasons=request.reasons,
    )
    if not -(2**31) <= question.k < 2**31:
        raise invalid(f"k: expected a small whole number, got {question.k}")
    with models.named(request.model).use() as servable:
        return _answer(servable, await recommend(servable, question))


def _in_order(name: str, rated: Sequence[Rated]) -> tuple[tuple[str, float], ...]:
    """(Movie id, rating), oldest first; movies of the same time as they stand."""
    times = [one.timestamp for one in rated if one.timestamp is not None]
    if times and len(times) < len(rated):
        raise invalid(
            f"{name}: expected a timestamp for each movie or for none, got {len(times)} for {len(rated)} movies"
        )
    return tuple((one.movie_id, one.rating) for one in sorted(rated, key=lambda one: one.timestamp or 0))


def _answer(servable: Servable, found: list[Found]) -> RecommendAnswer:
    catalogue = servable.catalogue or Catalogue()
    return RecommendAnswer(
        model=servable.name,
        version=servable.version,
        recommendations=[_recommended(catalogue, rank, movie) for rank, movie in enumerate(found, start=1)],
    )


def _recommended(catalogue: Catalogue, rank: int, found: Found) -> Recommended:
    movie = catalogue.movies.get(found.movie_id) or Movie(found.movie_id, found.movie_title)
    return Recommended(
        rank=rank,
        movie_id=found.movie_id,
        movie_title=found.movie_title,
        movie_genres=list(movie.movie_genres),
        release_year=movie.release_year,
        score=found.score,
        why=[
            Reason(movie_id=movie_id, movie_title=catalogue.title(movie_id), similarity=similarity)
            for movie_id, similarity in found.why
        ],
    )


def _describe(model: Model) -> ModelAnswer:
    with model.use() as servable:
        catalogue = servable.catalogue or Catalogue()
        movies = catalogue.movies.values()
        years = [movie.release_year for movie in movies if movie.release_year is not None]
        filtered = servable.signatures.get("recommend_filtered")
        return ModelAnswer(
            name=model.name,
            version=servable.version,
            versions=model.available(),
            signatures=sorted(servable.signatures),
            diverse=filtered is not None and "diversity" in filtered.inputs,
            users=len(catalogue.users),
            movies=len(catalogue.movies),
            genres=sorted({genre for movie in movies for genre in movie.movie_genres}),
            years=(min(years), max(years)) if years else None,
            metrics=_test_metrics(servable),
        )


def _test_metrics(servable: Servable) -> dict[str, float]:
    test = servable.metrics.get("test")
    numbers = test if isinstance(test, dict) else {}
    return {name: value for name, value in numbers.items() if isinstance(value, float) and "@10" in name}


def _catalogue(servable: Servable) -> Catalogue:
    if servable.catalogue is None:
        raise ApiError("NOT_FOUND", f"model {servable.name} version {servable.version} has no catalogue")
    return servable.catalogue


def _user(catalogue: Catalogue, user_id: str) -> UserAnswer:
    if user_id not in catalogue.users:
        raise ApiError("NOT_FOUND", f"unknown user {user_id[:100]!r}; the model knows {len(catalogue.users)} users")
    history = [
        SeenMovie(**_movie_out(_known(catalogue, movie_id)).model_dump(), rating=rating)
        for movie_id, rating in catalogue.users[user_id]
    ]
    return UserAnswer(user_id=user_id, history=history)


def _known(catalogue: Catalogue, movie_id: str) -> Movie:
    return catalogue.movies.get(movie_id) or Movie(movie_id, movie_id)


def _movie_out(movie: Movie) -> MovieOut:
    return MovieOut(
        movie_id=movie.movie_id,
        movie_title=movie.movie_title,
        movie_genres=list(movie.movie_genres),
        release_year=movie.release_year,
    )
