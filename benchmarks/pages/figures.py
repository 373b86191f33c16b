"""Numbers in the running text of README and docs, filled in from the committed results.

A number stands behind a comment that names its source: ``<!-- = in-batch/runs/retrieval/test/ndcg@10 -->.4915`` is what
``docs/results/in-batch.json`` holds there. ``A - B`` is a difference, ``A / B`` the change from B to A in per cent. The
text says how many decimals are shown, and whether a sign. What no other file holds is in ``notes.json``, with how it
was found and since when it is in the docs. Settings are no results: they stand in backticks.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from benchmarks.pages import RESULTS

NUMBER = r"(?P<sign>[+−-]?)(?P<whole>\d*)\.(?P<decimals>\d+)"
FIGURE = re.compile(rf"(?P<mark><!-- = (?P<source>[^>]+?) -->){NUMBER}")
UNMARKED = re.compile(r"(?<![\w.@/=])[+−-]?(?:[01]?\.\d{2,}(?![\w.])|\d*\.\d+(?= (?:%|GB|MB|s|ms)(?!\w)))")
NOT_PROSE = re.compile(
    r"```.*?```|<!-- table: .*?<!-- end of table -->|^    .*?$|^\|.*?$|`[^`\n]*`|<!--.*?-->[+−-]?\d*\.\d+|\]\([^)]*\)",
    re.DOTALL | re.MULTILINE,
)


def with_figures(text: str) -> str:
    """The text with every marked number as the results say."""
    return FIGURE.sub(lambda match: match["mark"] + _written(_value(match["source"]), match), text)


def unmarked(text: str) -> list[str]:
    """What looks like a result in prose and does not say where it comes from.

    >>> unmarked("It reaches .51 in 2.5 s with `0.25`, on <!-- = x -->.44 and in version 2.20.0; 3.5 of them.")
    ['.51', '2.5']
    """
    return UNMARKED.findall(NOT_PROSE.sub(" ", text))


def _written(value: float, match: re.Match[str]) -> str:
    """The value with the decimals, sign and leading zero of what stands there."""
    digits = f"{abs(value):.{len(match['decimals'])}f}"
    if not match["whole"]:
        digits = digits.removeprefix("0")
    sign = match["sign"] and ("+" if value > 0 else "−" if match["sign"] == "−" else "-")
    return sign + digits


def _value(source: str) -> float:
    """What a comment names."""
    for sign, combined in ((" - ", lambda a, b: a - b), (" / ", lambda a, b: 100 * (a / b - 1))):
        if sign in source:
            first, second = source.split(sign)
            return float(combined(_value(first), _value(second)))
    name, *keys = source.split("/")
    found = _stored(name)
    for key in keys:
        if not isinstance(found, (dict, list)) or (isinstance(found, dict) and key not in found):
            raise ValueError(f"<!-- = {source} -->: {name}.json has no {key!r} there")
        found = found[int(key)] if isinstance(found, list) else found[key]
    return float(found["value"] if name == "notes" else found)


@cache
def _stored(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
