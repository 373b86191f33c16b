from experiments.tables import pages, with_tables


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
