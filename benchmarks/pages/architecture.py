"""The picture of the architecture, drawn from what the code imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from html import escape
from pathlib import Path

from benchmarks.pages import ROOT

ROOMS = ("data", "evaluation", "models", "serving", "experiments")
ABOVE = {"tfrs_lab": "public API", "benchmarks": "", "soak": ""}
"""What stands on top of the rooms and is imported by none of them."""
_WIDTH, _LINE, _GAP = 820, 18, 34
_STYLE = (
    "<style>text{font:13px system-ui,sans-serif;fill:currentColor}.name{font-weight:700}"
    "rect{fill:var(--back);stroke:currentColor;rx:6}path{stroke:currentColor;fill:none;opacity:.6}"
    "svg{color:#1a1a1a;--back:#fff}@media(prefers-color-scheme:dark){svg{color:#e8e8e8;--back:#141414}}</style>"
)


def imports() -> dict[str, list[str]]:
    """Room or package → the others that its files import, in order of name.

    >>> imports()["evaluation"]
    ['data']
    """
    found = {}
    for package in (*ROOMS, *ABOVE):
        names = {name for file in sorted((ROOT / package).rglob("*.py")) for name in _imported(file)}
        found[package] = sorted(names - {package})
    return found


def folders(room: str) -> list[str]:
    """Its packages and modules, in order of name."""
    entries = sorted((ROOT / room).iterdir())
    packages = [entry.name for entry in entries if (entry / "__init__.py").exists()]
    return packages or [entry.stem for entry in entries if entry.suffix == ".py" and not entry.stem.startswith("_")]


def picture() -> str:
    """SVG: a box per package, those that import none of the others lowest, and arrows for imports.

    An arrow that follows from others is left out: who imports models may import what models imports.
    """
    arrows = imports()
    levels = _levels(arrows)
    boxes: dict[str, tuple[float, float, float, float]] = {}
    drawn, y = [], 10.0
    for level in reversed(levels):
        width = (_WIDTH - 20 - 24 * (len(level) - 1)) / len(level)
        texts = {package: _wrapped(_inside(package), int(width / 7.2)) for package in level}
        height = 30 + _LINE * max(map(len, texts.values()))
        for place, package in enumerate(level):
            x = 10 + place * (width + 24)
            boxes[package] = (x, y, width, height)
            lines = [
                f'<text x="{x + 12:g}" y="{y + 40 + _LINE * n:g}">{escape(t)}</text>'
                for n, t in enumerate(texts[package])
            ]
            head = f'<text class="name" x="{x + 12:g}" y="{y + 21:g}">{package}</text>'
            drawn.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>{head}{"".join(lines)}')
        y += height + _GAP
    paths = [_arrow(boxes[one], boxes[other]) for one in arrows for other in _direct(one, arrows)]
    head = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8"/></marker></defs>'
    )
    said = "; ".join(f"{one} imports {', '.join(others)}" for one, others in arrows.items() if others)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y - _GAP + 10:g}" role="img" '
        f'aria-label="{escape(said)}">{_STYLE}{head}{"".join(paths)}{"".join(drawn)}</svg>\n'
    )


def _imported(file: Path) -> Iterator[str]:
    """Rooms that a file imports, and packages beside them."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for module in modules:
            first, _, rest = module.partition(".")
            room = rest.partition(".")[0]
            if first == "tfrs_lab" and room in ROOMS:
                yield room
            elif first in ABOVE:
                yield first


def _levels(arrows: dict[str, list[str]]) -> list[list[str]]:
    """Packages by the longest way down, those that import nothing first.

    Raises:
        ValueError: They import each other in a circle.
    """
    levels: list[list[str]] = []
    left = dict(arrows)
    while left:
        lowest = [one for one in left if not set(left[one]) & left.keys()]
        if not lowest:
            raise ValueError(f"expected imports in one direction, got a circle among {sorted(left)}")
        levels.append(lowest)
        for one in lowest:
            del left[one]
    return levels


def _direct(package: str, arrows: dict[str, list[str]]) -> list[str]:
    """What a package imports and none of its other imports does."""
    return [one for one in arrows[package] if not any(one in arrows[other] for other in arrows[package])]


def _inside(package: str) -> str:
    return ABOVE.get(package) or ", ".join(folders(package))


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _arrow(start: tuple[float, float, float, float], end: tuple[float, float, float, float]) -> str:
    """From the lower edge of one box to the upper edge of another."""
    middle = min(max(start[0] + start[2] / 2, end[0] + 20), end[0] + end[2] - 20)
    top = start[1] + start[3]
    return f'<path marker-end="url(#tip)" d="M{start[0] + start[2] / 2:g} {top:g}L{middle:g} {end[1]:g}"/>'
