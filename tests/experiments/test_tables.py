import pytest

from benchmarks.pages.figures import unmarked, with_figures
from benchmarks.pages.tables import pages, stale_plots, with_tables
from tfrs_lab.experiments.display.plots import models, numbers_of


def test_readme_and_docs_show_the_committed_results():
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert text == with_tables(text), f"{page.name} is stale: make tables"


def test_a_changed_number_would_be_noticed():
    readme = pages()[0].read_text(encoding="utf-8")
    assert "<!-- table: " in readme
    changed = readme.replace("0.293", "0.999", 1)
    assert changed != readme
    assert with_tables(changed) == readme


def test_pictures_are_drawn_from_the_committed_results():
    assert stale_plots() == [], "make tables"


def test_a_picture_carries_its_numbers():
    svg = models({"What <next>?": {"ease": (0.123456, 0.1, 0.2), "ials": (0.3, 0.2, 0.4)}})
    assert numbers_of(svg) == {"What <next>?": {"ease": [0.1235, 0.1, 0.2], "ials": [0.3, 0.2, 0.4]}}
    assert "ease" in svg
    assert numbers_of("<svg></svg>") is None


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_result_in_prose_says_where_it_comes_from(page):
    assert unmarked(page.read_text(encoding="utf-8")) == [], (
        "see benchmarks/pages/figures.py; settings stand in backticks"
    )


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("in-batch/runs/retrieval/test/ndcg@10", ".1", ".5"),
        ("in-batch/runs/retrieval/test/ndcg@10", "0.1111", "0.4915"),
        ("ablation-bias/variants/no bias/difference", "+.111", "-.012"),
        ("ablation-bias/variants/no bias/difference", ".111", ".012"),
        ("mixed/runs/hybrid/test/ndcg@10 / mixed/runs/retrieval/test/ndcg@10", "+9.9 %", "+4.5 %"),
        ("ablation-logq/default/test/ndcg@10 - ablation-logq/variants/no logQ/test/ndcg@10", ".999", ".311"),
        ("notes/surprise SVD", ".0000", ".9102"),
    ],
)
def test_a_figure_is_written_as_the_results_say(source, before, after):
    assert with_figures(f"<!-- = {source} -->{before}") == f"<!-- = {source} -->{after}"


def test_a_figure_that_no_file_holds():
    with pytest.raises(ValueError, match=r"in-batch\.json has no 'ndgc@10' there"):
        with_figures("<!-- = in-batch/runs/retrieval/test/ndgc@10 -->.5")
