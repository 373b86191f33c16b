"""Vectors whose cosines say how alike movies are: by who likes them, by rare words of their titles, and by genres."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from tfrs_lab.data import Dataset, Vocabulary

TASTE, WORDS, GENRES = 0.7, 0.2, 0.1
"""Shares of the likeness. On MovieLens-100K, four splits, 14 or 15 of 15 sequels and parts of series are then among
the ten movies most like the first, without words and genres 11 to 13. With more for genres, rare movies of the same
genre come before well-known ones."""
_PROJECTED = 128
"""Length of the part of a vector that is about words."""
_WORD = re.compile(r"\w+")
_ASIDE = re.compile(r"\([^)]*\)")


def likeness(taste: np.ndarray, movies: Vocabulary, dataset: Dataset | None) -> np.ndarray | None:
    """[movies, any] float32; None where neither titles nor genres tell movies apart, so that taste says all.

    Args:
        taste: [movies, dim] float32 vectors; movies that the same people like have similar ones.
        movies: Whose they are.
        dataset: What is known of movies; None for nothing.
    """
    if dataset is None:
        return None
    ids = pl.DataFrame({"movie_id": movies.ids}, schema={"movie_id": pl.String})
    known = ids.join(dataset.movies, on="movie_id", how="left", maintain_order="left")
    titles = [title if title and title != one else "" for one, title in known.select("movie_id", "movie_title").rows()]
    words = _weighted([sorted(set(_WORD.findall(_ASIDE.sub("", title.casefold())))) for title in titles])
    genres = _weighted([sorted(set(of or ())) for of in known["movie_genres"].to_list()])
    if not words.shape[1] + genres.shape[1]:
        return None
    shares = ((TASTE, taste), (WORDS, _shortened(words)), (GENRES, _shortened(genres)))
    blocks = [np.float32(share**0.5) * _unit(block) for share, block in shares]
    return np.hstack([block for block in blocks if block.shape[1]]).astype(np.float32)


def _shortened(table: csr_matrix) -> np.ndarray:
    """[movies, any] float32 of at most ``_PROJECTED`` numbers each, with the same inner products.

    But for noise where a random projection shortens them (Johnson and Lindenstrauss, 1984).
    """
    if table.shape[1] <= _PROJECTED:
        return np.asarray(table.toarray(), dtype=np.float32)
    random = np.random.default_rng(0).standard_normal((table.shape[1], _PROJECTED), dtype=np.float32)
    return np.asarray(table @ random, dtype=np.float32)


def _weighted(entries: Sequence[Sequence[str]]) -> csr_matrix:
    """[movies, distinct entries] float32, the rarer an entry, the more it counts (tf-idf).

    What only one movie has is left out.
    """
    counts = Counter(entry for of in entries for entry in of)
    names = sorted(entry for entry, count in counts.items() if 1 < count < len(entries))
    place = {name: column for column, name in enumerate(names)}
    cells = [(row, entry) for row, of in enumerate(entries) for entry in of if entry in place]
    values = np.array([np.log(len(entries) / counts[entry]) for _, entry in cells], np.float32)
    where = ([row for row, _ in cells], [place[entry] for _, entry in cells])
    return csr_matrix((values, where), (len(entries), len(names)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Of unit length, or zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
