"""The documentation as a site: it builds, has every module, its links lead somewhere, nothing comes from afar."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from benchmarks.pages.tables import ROOT

pytestmark = pytest.mark.slow
ROOMS = ("data", "models", "evaluation", "serving", "experiments")
FAR = re.compile(r"(?:https?:)?//")


class Page(HTMLParser):
    """What a page links to, what it loads and which anchors it has."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        links = self.links if tag == "a" else self.loads
        links += [found[name] for name in ("href", "src") if found.get(name)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs", reason="needs the extra docs")
    directory = tmp_path_factory.mktemp("site")
    subprocess.run(["make", "links"], cwd=ROOT, check=True)
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(directory)]
    built = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert built.returncode == 0, built.stderr
    return directory


@pytest.fixture(scope="module")
def pages(site):
    found = [file for file in site.rglob("*.html") if file.name != "404.html"]  # that one is for a server
    return {file: Page(file.read_text(encoding="utf-8")) for file in found}


def test_every_module_has_a_page_that_says_what_it_is(site):
    for room in ROOMS:
        for module in (ROOT / room).rglob("*.py"):
            if module.name == "__main__.py":
                continue
            path = module.relative_to(ROOT).with_suffix("")
            name = {"__init__": "index", "index": "index_py"}.get(path.name, path.name)
            page = site / "reference" / "tfrs_lab" / path.with_name(f"{name}.html")
            assert "<p>" in page.read_text(encoding="utf-8"), page


def test_readme_docs_and_notebooks_are_pages(site):
    docs = [site / f"{file.stem}.html" for file in (ROOT / "docs").glob("*.md")]
    notebooks = [site / "notebooks" / f"{file.stem}.html" for file in (ROOT / "notebooks").glob("*.ipynb")]
    assert [page for page in [site / "index.html", *docs, *notebooks] if not page.exists()] == []


def test_links_lead_to_pages_and_anchors_of_the_site(pages):
    broken = []
    for file, page in pages.items():
        for link in {link for link in page.links + page.loads if not re.match("[a-z]+:", link)}:
            path, anchor = urldefrag(unquote(link))
            target = Path(os.path.normpath(file.parent / path)) if path else file
            if not target.is_file() or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{file.name}: {link}")
    assert broken == []


def test_pages_and_styles_load_nothing_from_elsewhere(site, pages):
    assert {load for page in pages.values() for load in page.loads if FAR.match(load)} == set()
    for style in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import\s)['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")) == []


def test_it_reads_and_searches_from_files(site, browser):
    page, requests = browser.new_page(), []
    page.set_default_timeout(120_000)
    page.on("request", lambda request: requests.append(request.url))
    for name in ("reference/tfrs_lab/evaluation/metrics.html", "notebooks/02_retrieval.html", "index.html"):
        page.goto(f"file://{site}/{name}")
    page.locator(".md-search__input").press_sequentially("temperature")
    page.locator(".md-search-result__item").first.wait_for()
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
