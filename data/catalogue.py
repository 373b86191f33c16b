"""What GroupLens publishes: names, formats, sizes and addresses of the MovieLens datasets."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from tfrs_lab.data.errors import DataError


@dataclass(frozen=True)
class Release:
    """One MovieLens dataset as GroupLens published it.

    Attributes:
        layout: Key into ``tfrs_lab.data.reading.formats.PARSERS``.
        folder: Folder inside the official archive.
        counts: Numbers of ratings, users and movies in the official files.
        tfds: Whether TFDS has the datasets ``movielens/<name>-ratings`` and ``-movies``, with checksums.
    """

    name: str
    layout: str
    folder: str
    counts: tuple[int, int, int]
    tfds: bool = True

    @property
    def url(self) -> str:
        """Address of the official archive."""
        return f"https://files.grouplens.org/datasets/movielens/ml-{self.name}.zip"


RELEASES = {
    release.name: release
    for release in (
        Release("100k", "100k", "ml-100k", (100_000, 943, 1_682)),
        Release("latest-small", "csv", "ml-latest-small", (100_836, 610, 9_742)),
        Release("1m", "dat", "ml-1m", (1_000_209, 6_040, 3_883)),
        Release("10m", "dat", "ml-10M100K", (10_000_054, 69_878, 10_681), tfds=False),
        Release("20m", "csv", "ml-20m", (20_000_263, 138_493, 27_278)),
        Release("25m", "csv", "ml-25m", (25_000_095, 162_541, 62_423)),
        Release("32m", "csv", "ml-32m", (32_000_204, 200_948, 87_585), tfds=False),
    )
}
NAMES: tuple[str, ...] = tuple(RELEASES)

# `fingerprint` of the official u.data: the row numbers of the stratified protocol mean something for these rows only.
FINGERPRINT_100K = "4aca273ea88d71ea73e1913de8c79da5750d9f1bc7ad84a3a76513f58add7561"


def release(name: str) -> Release:
    """The release called ``name``.

    Raises:
        DataError: If there is none; suggests the closest name.
    """
    if name in RELEASES:
        return RELEASES[name]
    close = difflib.get_close_matches(name.lower().removeprefix("ml-").removeprefix("movielens-"), NAMES, 1, 0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise DataError(f"unknown dataset {name!r}, expected one of {', '.join(NAMES)}{hint}")
