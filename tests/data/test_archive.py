from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from tfrs_lab.data import DataError, Dataset
from tfrs_lab.data.catalogue import NAMES, release
from tfrs_lab.data.reading.archive import open_archive
from tfrs_lab.data.reading.formats import parse_archive


@pytest.fixture
def folder(small: Dataset, official) -> Path:
    return official(small, "100k", "ml-100k")


def ratings(path: Path, name: str = "100k"):
    return parse_archive(open_archive(path, release(name)), release(name).layout).ratings


def test_all_ways_to_hand_over_an_archive(folder: Path, zipped, small: Dataset) -> None:
    archive = zipped(folder)
    flat = archive.with_name("flat.zip")
    with zipfile.ZipFile(flat, "w") as content:
        for file in folder.iterdir():
            content.write(file, file.name)
    ways = [folder, folder.parent, archive, flat]
    for way in ways:
        assert ratings(way).equals(small.ratings), way
    downloads = archive.parent / "downloads"
    downloads.mkdir()
    archive.rename(downloads / archive.name)
    assert ratings(downloads).equals(small.ratings)


def test_identity_follows_the_contents(folder: Path, zipped) -> None:
    before = [open_archive(path, release("100k")).identity for path in (folder, zipped(folder))]
    assert before == [open_archive(path, release("100k")).identity for path in (folder, zipped(folder))]
    with (folder / "u.data").open("a") as file:
        file.write("1\t49\t3\t1\n")
    after = [open_archive(path, release("100k")).identity for path in (folder, zipped(folder))]
    assert len({*before, *after}) == 4


@pytest.mark.parametrize("member", ["../u.data", "/etc/u.data", "ml-100k/../../u.data", "..\\u.data", "C:\\u.data"])
def test_members_that_point_outside_are_refused(tmp_path: Path, member: str) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr(member, "1\t1\t1\t1\n")
    with pytest.raises(DataError, match=r"evil\.zip: unsafe archive: the member .* points outside"):
        open_archive(archive, release("100k"))


def test_symbolic_links_are_refused(tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    link = zipfile.ZipInfo("ml-100k/u.data")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="is a symbolic link"):
        open_archive(archive, release("100k"))


def test_truncated_and_damaged_archives_are_refused(folder: Path, zipped) -> None:
    archive = zipped(folder)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="expected a zip archive or a directory, got another or a truncated file"):
        open_archive(archive, release("100k"))
    start = whole.index(b"ml-100k/u.data") + 200
    archive.write_bytes(whole[:start] + bytes(byte ^ 255 for byte in whole[start : start + 20]) + whole[start + 20 :])
    with pytest.raises(DataError, match=r"u\.data: damaged archive, bad checksum or truncated member"):
        ratings(archive)


def test_wrong_archives_are_named(folder: Path, zipped, sorted_small: Dataset, official, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected ratings\.dat of MovieLens 1m, got the format of another: u\.data"):
        open_archive(zipped(folder), release("1m"))
    with pytest.raises(DataError, match=r"expected ratings\.csv of MovieLens 20m, got the format of another"):
        open_archive(folder, release("20m"))
    small_csv = official(sorted_small, "csv", "ml-latest-small")
    for path in (small_csv, zipped(small_csv)):
        with pytest.raises(DataError, match="wrong archive: expected MovieLens 20m, got latest-small"):
            open_archive(path, release("20m"))
    with pytest.raises(DataError, match="got nothing there"):
        open_archive(tmp_path / "missing.zip", release("100k"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="got no such file"):
        open_archive(tmp_path / "empty", release("100k"))
    (tmp_path / "text.zip").write_text("<html>not found</html>")
    with pytest.raises(DataError, match="expected a zip archive or a directory"):
        open_archive(tmp_path / "text.zip", release("100k"))


def test_unknown_datasets_get_a_hint() -> None:
    assert NAMES == ("100k", "latest-small", "1m", "10m", "20m", "25m", "32m")
    with pytest.raises(DataError, match=r"unknown dataset '100K', .* did you mean '100k'\?"):
        release("100K")
    with pytest.raises(DataError, match=r"did you mean 'latest-small'\?"):
        release("ml-latest")
    with pytest.raises(DataError, match=r"unknown dataset 'netflix', expected one of 100k, [^;]*$"):
        release("netflix")
