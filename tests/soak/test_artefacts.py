"""The hunt with damaged run directories, exports, studies and settings, in its short form."""

from soak import artefacts


def test_damaged_artefacts_are_refused_or_answer_as_before():
    found = artefacts.hunt(1, inputs=98)
    assert [failure.what for failure in found.failures] == []
    assert found.counts["inputs"] == 98
    assert found.counts["refused"] > 40


def test_an_answer_that_differs_is_found(tmp_path):
    case = artefacts.Case(tmp_path, ["recommend"])
    assert "another answer" in artefacts._problem(case, (0, "a", ""), 0, "b", "")
    assert "no documented kind" in artefacts._problem(
        case, (0, "a", ""), 1, "", "recs: KeyError: 1 (--debug shows where)"
    )
    assert "one line" in artefacts._problem(case, (0, "a", ""), 1, "", "a\nb\n")
    assert artefacts._problem(case, (0, "a", ""), 1, "", "recs: x\n") is None
