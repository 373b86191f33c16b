"""Pieces of the page; every text that comes in is escaped here."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfrs_lab.experiments.display.svg import swatch, variables
from tfrs_lab.experiments.reports.runs import Run

STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #595959; --back: #fff; --ink: #1a1a1a; }
@media screen and (prefers-color-scheme: dark) { :root { --soft: #a8a8a8; --back: #141414; --ink: #e8e8e8; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--back); color: var(--ink); overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
a { color: inherit; }
nav ul, ul.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .6rem 0; list-style: none; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th { vertical-align: bottom; white-space: pre-line; }
th:first-child, td:first-child, table.texts :is(th, td) { text-align: left; }
td { white-space: nowrap; } table.texts td { white-space: normal; }
tr.best td { font-weight: 700; }
p.note, figcaption { color: var(--soft); font-size: .92rem; max-width: 46rem; }
figure { margin: .6rem 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem; }
.panels.one { max-width: 34rem; } .panels.big { display: block; overflow-x: auto; }
.panels.big svg { min-width: 42rem; }
.panels svg { width: 100%; height: auto; }
.panels svg text { font-family: inherit !important; paint-order: stroke; stroke: var(--back); stroke-width: 2.5px;
  stroke-linejoin: round; }
svg.swatch { width: 1.8em; height: .75em; margin-right: .35em; fill: none; }
.hit { font-weight: 700; } .hit::before { content: "✓ "; }
.lists { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 12.5rem), 1fr)); gap: .6rem 1.2rem; }
.lists ol, .lists ul { padding-left: 1.7rem; margin: .3rem 0; font-size: .88rem; }
details { margin: .3rem 0; } summary { cursor: pointer; } details[open] > summary { margin-bottom: .4rem; }
pre { overflow: auto; max-height: 26rem; padding: .8rem; border: 1px solid var(--line); font-size: .8rem; }
@media print { body { max-width: none; margin: 0; font-size: 11pt; } nav { display: none; }
  h2, h3 { break-after: avoid; } figure, table, .lists > div { break-inside: avoid; }
  p.note, figcaption { font-size: .8rem; } .wide + p.note { break-before: avoid; }
  p { break-inside: avoid; } h2 + p.note { break-after: avoid; } .panels.one { max-width: 24rem; }
  .lists { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); } .lists :is(ol, ul) { font-size: .75rem; }
  .wide { overflow: visible; } table { font-size: .7rem; } th, td { padding: .15rem .3rem; }
  .panels { grid-template-columns: 1fr 1fr; } .panels.one { grid-template-columns: 1fr; }
  .panels.big svg { min-width: 0; }
  pre { max-height: none; white-space: pre-wrap; border: 0; padding: 0; columns: 3; font-size: .6rem; } }
"""


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading."""

    title: str
    body: str

    @property
    def anchor(self) -> str:
        """Its id."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    def html(self) -> str:
        """The whole section."""
        return f'<section id="{self.anchor}"><h2>{html.escape(self.title)}</h2>{self.body}</section>\n'


def document(title: str, intro: str, sections: Sequence[Section]) -> str:
    """The page: heading, links to the sections, and these."""
    heading = html.escape(title)
    links = "".join(f'<li><a href="#{one.anchor}">{html.escape(one.title)}</a></li>' for one in sections)
    head = (
        "<meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<link rel=icon href='data:,'><title>{heading}</title><style>{variables()}{STYLE}</style>"
    )
    top = f"<h1>{heading}</h1><p>{html.escape(intro)}</p><nav aria-label=Sections><ul>{links}</ul></nav>\n"
    body = "".join(section.html() for section in sections)
    return f"<!doctype html>\n<html lang=en><head>{head}</head><body><main>{top}{body}</main></body></html>\n"


def subtitle(run: Run) -> str:
    """Whose the following is; nothing on a page about one run."""
    return "" if run.alone else f"<h3>{html.escape(run.label)}</h3>"


def paragraph(text: str) -> str:
    """Plain text."""
    return f"<p>{html.escape(text)}</p>"


def note(text: str) -> str:
    """A remark."""
    return f"<p class=note>{html.escape(text)}</p>"


def figure(panels: Sequence[str], caption: str, *, legend: str = "", big: bool = False) -> str:
    """Plots side by side, or below each other where that is too narrow, with what they say."""
    size = " big" if big else " one" if len(panels) == 1 else ""
    scrolls = " tabindex=0 role=region aria-label=Plot" if big else ""
    return (
        f"<figure>{legend}<div class='panels{size}'{scrolls}>{''.join(panels)}</div>"
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def legend(names: Mapping[int, str], *, line: bool = True) -> str:
    """Which line, or marker, is whose, by place."""
    entries = "".join(f"<li>{swatch(place, line=line)}{html.escape(name)}</li>" for place, name in names.items())
    return f"<ul class=legend>{entries}</ul>"


def runs_legend(runs: Sequence[Run], *, line: bool = True) -> str:
    """Which line is which run's; nothing on a page about one run."""
    return legend({run.place: run.label for run in runs}, line=line) if not runs[0].alone else ""
