"""Data with a known best recommendation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest


@dataclass(frozen=True)
class Planted:
    """Two groups of users, each of whom has seen all but two movies of their own group's ten.

    Attributes:
        train: Rows known.
        validation: One withheld movie of each user.
        test: The other withheld movie of each user.
    """

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame


@pytest.fixture(scope="session")
def planted() -> Planted:
    rng = np.random.default_rng(0)
    rows: dict[str, list[tuple[str, str, float, int]]] = {"train": [], "validation": [], "test": []}
    for user in range(60):
        movies = rng.permutation(10) + 10 * (user % 2)
        for place, movie in enumerate(movies):
            part = "test" if place == 9 else "validation" if place == 8 else "train"
            rows[part].append((f"u{user:02}", f"m{movie:02}", float(rng.integers(3, 6)), 1_000_000_000 + place))
    schema = {"user_id": pl.String, "movie_id": pl.String, "user_rating": pl.Float32, "timestamp": pl.Int64}
    return Planted(**{part: pl.DataFrame(table, schema=schema, orient="row") for part, table in rows.items()})


@pytest.fixture
def planted_files(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The same as files, as command-line words."""
    directory = tmp_path_factory.mktemp("planted")
    words = []
    for part in ("train", "validation", "test"):
        file = directory / f"{part}.parquet"
        getattr(planted, part).write_parquet(file)
        words += [f"--{part}", str(file)]
    return words


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium (or another one on the path), driven by Playwright; without one the test is skipped."""
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
    chromium = next((found for found in map(shutil.which, names) if found), None)
    if chromium is None:
        pytest.skip(f"needs Chromium; none of {', '.join(names)} is on the path")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
