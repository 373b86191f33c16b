"""What the contenders of ``benchmarks.quality`` read and write: train rows, and a list of movies for each user."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

DEPTH = 100


def read_rows() -> tuple[np.ndarray, np.ndarray]:
    """User and movie [rows] int of the file that is the first argument."""
    stored = np.load(sys.argv[1], allow_pickle=False)
    return stored["user"], stored["movie"]


def write_lists(scores: np.ndarray, users: np.ndarray, movies: np.ndarray) -> None:
    """Writes the best movies of each user that are not among the train rows to the file that is the second argument.

    Args:
        scores: [users, movies]; overwritten.
        users: [rows] of the train rows.
        movies: [rows] of the train rows.
    """
    scores[users, movies] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    np.savez(Path(sys.argv[2]), movie=best, score=np.take_along_axis(scores, best, axis=1))
