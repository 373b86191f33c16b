"""What somebody wants to know of a model."""

from __future__ import annotations

from dataclasses import dataclass

from tfrs_lab.serving.http.catalogue import Catalogue


@dataclass(frozen=True)
class Question:
    """What somebody wants to know.

    Attributes:
        user_id: A user of the model; None for anybody with the given history.
        events: (movie id, rating) of what the user has seen since the model was trained, oldest first.
        history: (movie id, rating) of somebody the model does not know, oldest first.
        k: How many movies.
        exclude: Movies not wanted.
        genres: Only movies with one of these; empty for any.
        year_from: Only movies of this year or later.
        year_to: Only movies of this year or earlier.
        diversity: From 0, the best ones, to 1, as unlike each other as can be.
        reasons: Whether to say why.
        strangers: Whether a user whom the model does not know gets what it has for anybody, instead of an error.
    """

    user_id: str | None
    events: tuple[tuple[str, float], ...] = ()
    history: tuple[tuple[str, float], ...] = ()
    k: int = 10
    exclude: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    diversity: float = 0.0
    reasons: bool = True
    strangers: bool = False

    @property
    def signature(self) -> str:
        """The signature that answers it, apart from filters."""
        if self.user_id is None:
            return "recommend_for_history"
        return "recommend_since" if self.events else "recommend"

    @property
    def filters(self) -> bool:
        """Whether some movies are filtered out."""
        return bool(self.genres) or self.year_from is not None or self.year_to is not None

    @property
    def needs(self) -> set[str]:
        """The inputs that a signature needs to answer it by itself."""
        wanted = {"genres", "year_from", "year_to"} if self.filters else set()
        return wanted | ({"exclude"} if self.exclude else set()) | ({"diversity"} if self.diversity else set())

    def accepts(self, movie_id: str, catalogue: Catalogue) -> bool:
        """Whether a movie passes the filters; one without a year passes no filter of years."""
        movie = catalogue.movies.get(movie_id)
        if movie_id in self.exclude or (self.filters and movie is None):
            return False
        if movie is None or not self.filters:
            return True
        if self.genres and not set(self.genres) & set(movie.movie_genres):
            return False
        if self.year_from is None and self.year_to is None:
            return True
        year = movie.release_year
        return year is not None and (self.year_from or year) <= year <= (self.year_to or year)
