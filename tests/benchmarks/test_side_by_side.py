import json

import pytest

from benchmarks import tutorial
from benchmarks.shared.record import Record, Target, benchmark_notes
from benchmarks.shared.turns import Contender, Failed

PEER = """
from benchmarks.contenders.worker import serve
seen = []
def measure(word):
    seen.append(word)
    print("something else")
    return len(seen)
serve(measure, ("numpy",))
"""


def contender(tmp_path, monkeypatch, text):
    (tmp_path / "a_peer.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Contender("a_peer")


def test_a_contender_answers_turn_by_turn_whatever_else_it_prints(tmp_path, monkeypatch):
    with contender(tmp_path, monkeypatch, PEER) as peer:
        assert [peer.turn("one"), peer.turn("two")] == [1, 2]
        assert set(peer.versions) == {"python", "numpy"}
    assert peer.process.poll() == 0


def test_a_contender_that_is_not_installed_says_why(tmp_path, monkeypatch):
    with pytest.raises(Failed, match="no_such_package"), contender(tmp_path, monkeypatch, "import no_such_package"):
        pass


def test_targets_say_what_was_missed():
    assert str(Target("against pandas", 4.21, 3)) == "against pandas 4.2 times (at least 3)"
    assert str(Target("start", 1.3, 1, "s", least=False)) == "start 1.3 s (at most 1): MISSED"


def test_a_record_is_kept_as_the_tables_read_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("benchmarks.shared.record.RESULTS", tmp_path)
    targets = [Target("ours", 2.0, 1), Target("ours", 0.5, 1)]
    record = Record(
        "speed", {"tool": "", "s": ".1f"}, [{"tool": "ours", "s": 1.25}], ["one row"], {}, targets, {"X": "no"}
    )
    assert record.finish(write=True) == 1
    kept = json.loads((tmp_path / "speed.json").read_text())
    assert kept["kind"] == "benchmark"
    assert [target["reached"] for target in kept["targets"]] == [True, False]
    printed = capsys.readouterr().out
    assert all(note in printed for note in benchmark_notes(kept))


def test_the_tutorial_is_measured_at_its_best_epoch():
    published, bare, ours = tutorial.EPOCHS
    best = {published: [(20.0, 0.2), (40.0, 0.1)], bare: [(9.0, 0.19), (18.0, 0.18)], ours: [(1.0, 0.1), (1.6, 0.3)]}
    found = tutorial.record(best)
    assert [row["s to the tutorial's best"] for row in found.rows] == [20.0, None, 1.6]
    assert found.rows[0]["ours"] == pytest.approx(12.5)
    assert [target.reached for target in found.targets] == [True]
    assert not tutorial.record(best | {ours: [(1.0, 0.1)]}).targets[0].reached
