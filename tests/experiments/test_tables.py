from experiments.plots import models, numbers_of
from experiments.tables import pages, stale_plots, with_tables


def test_readme_and_docs_show_the_committed_results():
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert text == with_tables(text), f"{page.name} is stale: make tables"


def test_a_changed_number_would_be_noticed():
    readme = pages()[0].read_text(encoding="utf-8")
    assert "<!-- table: " in readme
    changed = readme.replace("0.25", "0.99", 1)
    assert changed != readme
    assert with_tables(changed) == readme


def test_pictures_are_drawn_from_the_committed_results():
    assert stale_plots() == [], "make tables"


def test_a_picture_carries_its_numbers():
    svg = models({"What <next>?": {"ease": (0.123456, 0.1, 0.2), "ials": (0.3, 0.2, 0.4)}})
    assert numbers_of(svg) == {"What <next>?": {"ease": [0.1235, 0.1, 0.2], "ials": [0.3, 0.2, 0.4]}}
    assert "ease" in svg
    assert numbers_of("<svg></svg>") is None
