"""Requests and answers of the API under ``/api``, as they stand in its OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MovieId = Annotated[str, Field(min_length=1, max_length=200)]


class Rated(BaseModel):
    """A movie that somebody has seen."""

    model_config = ConfigDict(extra="forbid")
    movie_id: MovieId
    rating: float = Field(default=5.0, allow_inf_nan=False, description="How they liked it.")
    timestamp: int | None = Field(
        default=None,
        ge=-(2**62),
        le=2**62,
        description="Seconds, for each movie of a list or for none; without them the list is in order, oldest first.",
    )


class RecommendRequest(BaseModel):
    """Either a user of the model, with what has happened since it was trained, or some movies of anybody."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"history": [{"movie_id": "50", "rating": 5}, {"movie_id": "172"}], "k": 5}]},
    )
    model: str | None = Field(default=None, description="Name of a model; default the first.")
    user_id: str | None = Field(default=None, max_length=200, description="A user that the model knows.")
    events: list[Rated] = Field(default=[], description="What the user has seen since the model was trained.")
    history: list[Rated] = Field(default=[], description="What somebody has seen whom the model does not know.")
    k: int = Field(default=10, description="How many movies.")
    exclude: list[MovieId] = Field(default=[], description="Movies not wanted.")
    genres: list[str] = Field(default=[], description="Only movies with one of these genres.")
    year_from: int | None = Field(default=None, ge=0, le=9999, description="Only movies of this year or later.")
    year_to: int | None = Field(default=None, ge=0, le=9999, description="Only movies of this year or earlier.")
    diversity: float = Field(
        default=0.0, ge=0, le=1, allow_inf_nan=False, description="From 0, the best ones, to 1, as unlike as can be."
    )
    reasons: bool = Field(default=True, description="Whether to name the nearest movies of the history.")


class MovieOut(BaseModel):
    """A movie with what is known of it."""

    movie_id: str
    movie_title: str
    movie_genres: list[str] = []
    release_year: int | None = None


class Reason(BaseModel):
    """A movie of the history that the model holds alike."""

    movie_id: str
    movie_title: str
    similarity: float


class Recommended(MovieOut):
    """A movie of an answer."""

    rank: int
    score: float
    why: list[Reason] = []


class RecommendAnswer(BaseModel):
    """Movies, best first."""

    model: str
    version: int
    recommendations: list[Recommended]


class SeenMovie(MovieOut):
    """A movie of a user's history."""

    rating: float | None


class UserAnswer(BaseModel):
    """A user's own history, in the order in which they rated."""

    user_id: str
    history: list[SeenMovie]


class UserFound(BaseModel):
    """A user of a search."""

    user_id: str
    movies: int


class ModelAnswer(BaseModel):
    """A model with what it can be asked."""

    name: str
    version: int | None
    versions: list[int]
    signatures: list[str]
    diverse: bool
    users: int
    movies: int
    genres: list[str]
    years: tuple[int, int] | None
    metrics: dict[str, float]


class ErrorAnswer(BaseModel):
    """What was expected and what came."""

    error: str
