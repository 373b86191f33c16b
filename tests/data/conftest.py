"""No test here touches the real home or a network."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfrs_lab.data import Dataset, generate, load_files
from tfrs_lab.data.sources import grouplens
from tfrs_lab.data.sources.official_files import write_official

_PROBE = grouplens.probe


@pytest.fixture
def real_probe() -> Callable[..., str | None]:
    return _PROBE


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFRS_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setattr(grouplens, "probe", lambda url: "no network in tests")


@pytest.fixture(scope="session")
def small() -> Dataset:
    """60 users, 50 movies, 1,500 ratings with all columns of 100k, in random order."""
    return generate(60, 50, 1_500, tastes=4, seed=1)


@pytest.fixture(scope="session")
def sorted_small() -> Dataset:
    """The same kind in the order of GroupLens's later files."""
    return generate(60, 50, 1_500, tastes=4, by_user=True, seed=2)


@pytest.fixture
def official(tmp_path: Path) -> Callable[[Dataset, str, str], Path]:
    """Writes a dataset in an official format into a folder of the official name."""

    def write(dataset: Dataset, layout: str, folder: str) -> Path:
        path = tmp_path / "official" / folder
        path.mkdir(parents=True)
        write_official(dataset, layout, path)
        return path

    return write


@pytest.fixture
def zipped() -> Callable[[Path], Path]:
    """Packs a folder as GroupLens does, the folder inside."""

    def pack(folder: Path) -> Path:
        archive = folder.with_name(f"{folder.name}.zip")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
            content.writestr(f"{folder.name}/", "")  # an entry for the folder itself
            for file in sorted(folder.iterdir()):
                content.write(file, f"{folder.name}/{file.name}")
        return archive

    return pack


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of anybody's; lists are lines."""

    def written(content: str | bytes | list[str], name: str = "r.csv") -> Path:
        text = "\n".join(content) + "\n" if isinstance(content, list) else content
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


@pytest.fixture
def read(write: Callable[..., Path]) -> Callable[..., tuple[Dataset, list[str]]]:
    """Loads a file that is written first: the dataset, and what was said."""

    def loaded(content: Any, name: str = "r.csv", **options: Any) -> tuple[Dataset, list[str]]:
        said: list[str] = []
        source = write(content, name) if isinstance(content, str | bytes | list) else content
        return load_files(source, report=said.append, **options), said

    return loaded
