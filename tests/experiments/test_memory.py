import pytest

from tfrs_lab.experiments.cli import main
from tfrs_lab.experiments.runs import guards
from tfrs_lab.models import memory
from tfrs_lab.models.memory import Sizes, available, needed_by
from tfrs_lab.models.registry import NAMES, specification

SMALL, SHOP, HUGE = Sizes(100_000, 943, 1682), Sizes(212_000, 35_600, 18_349), Sizes(10**9, 10**8, 10**6)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_says_what_it_needs(name):
    found = specification(name)
    needed = [needed_by(found.memory, found.config(), sizes) for sizes in (SMALL, SHOP, HUGE)]
    assert 0.1e9 < needed[0] < 3e9  # 100k is for small machines
    assert needed[0] < needed[1] < needed[2]
    assert needed[2] > 100e9


def test_similarities_of_all_movies_are_counted_as_dense():
    needed = needed_by(specification("contentknn").memory, None, Sizes(285_000, 52_000, 52_000))
    assert 12 * 52_000**2 < needed < 16 * 52_000**2


def test_a_part_that_is_not_there_needs_nothing():
    config = specification("retrieval").config
    parts = [
        needed_by(specification("retrieval").memory, config(parts=parts), SHOP) for parts in (("id",), ("id", "linear"))
    ]
    assert parts[1] - parts[0] > 3e9


def test_what_is_free_is_less_than_the_machine_has():
    free = available()
    assert free is None or 0 <= free < 2**50


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    files = {
        "memory.max": "6000000000\n",
        "memory.current": "5000000000\n",
        "memory.stat": "inactive_file 2000000000\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_CGROUPS", ((str(tmp_path), "memory.max", "memory.current"),))
    monkeypatch.setattr(memory, "_of_machine", lambda: 20e9)
    assert available() == 3e9
    (tmp_path / "memory.max").write_text("max\n")
    assert available() == 20e9


def test_a_model_without_room_is_not_started(planted_files, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(guards, "available", lambda: 0.1e9)
    out = tmp_path / "out"
    assert main(["run", "popularity", *planted_files, "--out", str(out)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "recs: needs about 0.2 GB of memory, 0.1 GB are free"
    assert not out.exists()
    assert not out.with_name("out.partial").exists()
