"""What the site has beside the pages of docs: README as its first page, and the notebooks as they are committed.

Links are written for the repository. Those that leave docs go on to what the site has in that place.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds README and the notebooks."""
    files.append(File.generated(config, "index.md", content=(ROOT / "README.md").read_text(encoding="utf-8")))
    section = next(entry["Notebooks"] for entry in config.nav if "Notebooks" in entry)
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        name = f"notebooks/{notebook.stem}.md"
        text, _ = MarkdownExporter().from_filename(str(notebook))
        files.append(File.generated(config, name, content=text))
        section.append(name)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Points links of README, docs and notebooks to pages of the site."""
    here = posixpath.dirname(page.file.src_uri)
    in_repository = "" if page.file.src_uri == "index.md" else here or "docs"

    def moved(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(in_repository, match[1]))
        return posixpath.relpath(_page(target), here or ".")

    return LINK.sub(moved, markdown)


def _page(path: str) -> str:
    """The site's page for a path of the repository: `serving/index.py` → `reference/tfrs_lab/serving/index_py.md`."""
    if path in ("README.md", "notebooks"):
        return "index.md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    stem, extension = posixpath.splitext(path)
    if extension == ".py":
        reference = f"reference/tfrs_lab/{stem}"
        return f"{reference}_py.md" if posixpath.basename(stem) == "index" else f"{reference}.md"
    return f"{stem}.md" if extension == ".ipynb" else f"reference/tfrs_lab/{path}/index.md"
