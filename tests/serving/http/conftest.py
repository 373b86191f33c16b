"""Exports of a small model, and a server for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.shared.toy_export import SIGNATURES, export_toy
from tests.serving.http.http_server import Running, running, small
from tfrs_lab.serving.http.settings import ServerSettings


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``good/1``; ``reverse/1``, whose users like the opposite; ``bare/1``, without a catalogue; ``before/1``, without
    ``recommend_since``.
    """
    directory = tmp_path_factory.mktemp("exports")
    for name, sign, catalogue in (("good", 1.0, True), ("reverse", -1.0, True), ("bare", 1.0, False)):
        (directory / name).mkdir()
        export_toy(small(sign), directory / name / "1", catalogue=catalogue)
    (directory / "before").mkdir()
    export_toy(
        small(), directory / "before" / "1", signatures=[name for name in SIGNATURES if name != "recommend_since"]
    )
    return directory


@pytest.fixture(scope="session")
def server(exports: Path) -> Iterator[Running]:
    directories = {"recs": exports / "good", "reverse": exports / "reverse", "bare": exports / "bare"}
    with running(directories, ServerSettings(max_k=50, max_batch=64, max_body_mb=0.25)) as started:
        yield started
