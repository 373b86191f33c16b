"""Where a model puts movies: its candidate vectors in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy.linalg import eigh

from tfrs_lab.data import DataError
from tfrs_lab.experiments.display.svg import INK, LIGHT, MARKERS, colour, label, panel
from tfrs_lab.experiments.reports.html import Section, figure, legend, note, subtitle
from tfrs_lab.experiments.reports.runs import Run
from tfrs_lab.experiments.storage.stored_model import StoredModel, load_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 600
"""Number of movies shown, the most rated: more would be a cloud, and take time to lay out."""
TITLES = 26
"""Most titles that are written."""
NEAREST = 10
OTHER = "other"
VECTORS = ("candidates", "movie_factors")
"""What models with vectors call those of movies."""


@dataclass(frozen=True, eq=False)
class MovieMap:
    """A flat picture of movies.

    Attributes:
        titles: [movies], the most rated first.
        genres: [movies] main genre.
        points: [movies, 2] float64.
        kept: Share of the vectors' variance that is left in the two dimensions.
        alike: Share of each movie's nearest movies, among all dimensions, of its own main genre.
        chance: The same if nearness had nothing to do with genre.
    """

    titles: list[str]
    genres: list[str]
    points: np.ndarray
    kept: float
    alike: float
    chance: float


def map_section(runs: Sequence[Run]) -> Section | None:
    """A map for each run whose model has vectors of movies; of a run with several replicates, the first one's."""
    bodies = []
    for run in runs:
        if not _has_vectors(run):
            continue
        try:
            found = movie_map(load_model(run.result.directory))
        except DataError as error:  # the model of a run of another version; its numbers are still there
            bodies.append(subtitle(run) + note(f"No map: {error}"))
        else:
            bodies += [] if found is None else [subtitle(run) + _shown(found)]
    return Section("Map of the movies", "".join(bodies)) if bodies else None


def _has_vectors(run: Run) -> bool:
    """Whether the stored model has vectors of movies; looks at names only, since loading takes time."""
    file = run.replicates[0] / "checkpoints" / "model.npz"
    if not file.exists():
        return False
    with np.load(file, allow_pickle=False) as stored:
        return any(name.split("/")[-1] in VECTORS for name in stored.files)


def movie_map(model: StoredModel) -> MovieMap | None:
    """Lays the most rated movies out by principal components of their unit vectors; None for fewer than three movies.

    The model's similarity of movies is the cosine of their vectors, and the components of vectors are those of
    their centred products (Schölkopf et al., "Nonlinear component analysis", Neural Computation 1998).
    """
    recommender: Any = model.recommender
    raters = model.known.group_by("movie_id").len().sort(["len", "movie_id"], descending=[True, False])
    places = recommender.movies.encode(raters["movie_id"])
    places = places[places >= 0][:MOST]
    if len(places) < 3:
        return None
    similarity = np.asarray(recommender.similarity(places), dtype=np.float64)[:, places]
    products = (similarity + similarity.T) / 2
    middle = products - products.mean(axis=0)
    middle -= middle.mean(axis=1, keepdims=True)
    values, vectors = eigh(middle, subset_by_index=[len(places) - 2, len(places) - 1])
    points = vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], 0))
    ids = recommender.movies.decode(places)
    genres = _genres(model.movies, ids)
    return MovieMap(
        titles=[model.titles.get(movie) or movie for movie in ids],
        genres=genres,
        points=points,
        kept=float(values.sum() / max(np.trace(middle), 1e-12)),
        alike=_alike(products, genres),
        chance=_chance(genres),
    )


def _genres(movies: pl.DataFrame, ids: pl.Series) -> list[str]:
    """The main genre of each movie: of its genres the rarest that is among the most usual ones, else ``other``.

    The first in the list would be the first in the alphabet.
    """
    lists = dict(movies.select("movie_id", "movie_genres").iter_rows()) if "movie_genres" in movies.columns else {}
    own = [[str(genre) for genre in lists.get(movie) or ()] for movie in ids]
    counts = pl.Series([genre for one in own for genre in one], dtype=pl.String).value_counts(sort=True)
    usual = dict(counts.head(len(LIGHT)).iter_rows())
    return [
        min((genre for genre in one if genre in usual), key=lambda genre: usual[genre], default=OTHER) for one in own
    ]


def _alike(products: np.ndarray, genres: list[str]) -> float:
    """Share of the nearest movies that have the movie's genre; movies without one of the usual are left out."""
    nearness = products.copy()
    np.fill_diagonal(nearness, -np.inf)
    nearest = np.argsort(-nearness, axis=1, kind="stable")[:, : min(NEAREST, len(genres) - 1)]
    names = np.array(genres)
    known = names != OTHER
    same = names[nearest] == names[:, None]
    return float(same[known].mean()) if known.any() else 0.0


def _chance(genres: list[str]) -> float:
    """Share of movies of the same genre among all others, over movies with one of the usual."""
    names, counts = np.unique([genre for genre in genres if genre != OTHER], return_counts=True)
    return float((counts * (counts - 1)).sum() / (counts.sum() * (len(genres) - 1))) if len(names) else 0.0


def _shown(found: MovieMap) -> str:
    """The plot with its legend and caption."""
    counts = pl.Series(found.genres).value_counts(sort=True)
    names = [name for name, _ in counts.iter_rows() if name != OTHER]

    def draw(axis: Axes) -> None:
        genres = np.array(found.genres)
        for place, name in enumerate(names):
            own = genres == name
            x, y = found.points[own].T
            axis.scatter(x, y, s=9, color=colour(place), marker=MARKERS[place], linewidths=0)
        x, y = found.points[genres == OTHER].T
        axis.scatter(x, y, s=6, color=INK, alpha=0.45, linewidths=0)
        label(axis, "Movies by their vectors", "first principal component", "second principal component")
        axis.margins(0.06)
        _write_titles(axis, found)

    genre = (
        f" Colour is the main genre. Of a movie's {NEAREST} nearest in all dimensions {found.alike:.0%} share its main "
        f"genre, where chance would give {found.chance:.0%}."
    )
    caption = (
        f"The {len(found.titles):,} most rated movies; near each other are movies that the model recommends to the "
        f"same people. Two dimensions keep {found.kept:.0%} of how the vectors (at length one) differ, so not "
        f"everything that is near here is alike.{genre if names else ''}"
    )
    alt = f"Map of {len(found.titles)} movies by the first two principal components of their vectors."
    plot = panel(draw, alt=alt, size=(9.4, 6.6))
    return figure([plot], caption, legend=legend(dict(enumerate(names)), line=False) if names else "", big=True)


def _write_titles(axis: Axes, found: MovieMap) -> None:
    """Writes the best-known titles that have room: most rated first, none over another."""
    axis.figure.draw_without_rendering()  # type: ignore[union-attr]  # settles the layout
    taken: list[tuple[float, float, float]] = []
    area = axis.get_window_extent()
    for title, point in zip(found.titles, found.points, strict=True):
        short = title if len(title) <= 40 else title[:39] + "…"
        x, y = axis.transData.transform(point)
        width, to_left = 6.0 * len(short), x > area.x0 + area.width * 0.6
        start = x - width if to_left else x
        if any(start < end and start + width > begin and abs(y - row) < 13 for begin, end, row in taken):
            continue
        taken.append((start, start + width, y))
        offset, side = ((-5, 3), "right") if to_left else ((5, 3), "left")
        axis.annotate(short, point, xytext=offset, textcoords="offset points", fontsize=8, ha=side)
        if len(taken) == TITLES:
            return
