"""Plots as SVG; inside a page in the page's own colours and letters, so that they follow light, dark and print."""

from __future__ import annotations

import hashlib
import html
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#010203"
"""Stands for the colour of the text in what matplotlib draws."""
LIGHT = ("#0067b0", "#c44e00", "#007f5f", "#a0458f", "#8a6a00", "#5b5fc7", "#b3263a", "#4d6b1f")
"""Colours on white, and on paper; drawn with. Dashes and markers differ too, for who sees or prints no colours."""
DARK = ("#5db2ff", "#ff9a57", "#4cc9a0", "#e08fd3", "#d9b64a", "#a5a8ff", "#ff8592", "#a8c96a")
"""The same on black."""
DASHES = ("", "5 2", "1.5 1.8", "6 2 1.5 2")
"""Line styles, so that lines differ without colours too; as ``stroke-dasharray``."""
MARKERS = "osD^vPX*"
SHAPES = {
    "o": "M8 5a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "s": "M8.5 1.5h7v7h-7z",
    "D": "M12 0l5 5l-5 5l-5-5z",
    "^": "M12 1l4.5 8h-9z",
    "v": "M7.5 1h9l-4.5 8z",
    "P": "M10.5 .5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
    "X": "M9 0l3 3l3-3l2 2l-3 3l3 3l-2 2l-3-3l-3 3l-2-2l3-3l-3-3z",
    "*": "M12 0l1.3 3.4h3.7l-2.9 2.3l1 3.6l-3.1-2.1l-3.1 2.1l1-3.6l-2.9-2.3h3.7z",
}
"""The same for legends, as SVG paths around (12, 5)."""
LOOKS: dict[str, Any] = {
    "svg.fonttype": "none",  # letters stay letters
    "text.parse_math": False,  # a title is shown as it is, "$" included
    "font.size": 10,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""Of all plots, for matplotlib."""
OF_PAGE = {"svg.hashsalt": "report", "axes.titlesize": 11, "axes.grid": True, "axes.axisbelow": True, "grid.alpha": 0.2}
INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "grid.color")

Draw = Callable[["Axes"], None]


def colour(place: int) -> str:
    """The colour of the run, part or genre at this place."""
    return LIGHT[place % len(LIGHT)]


def line_style(place: int, *, marker: bool = True) -> dict[str, Any]:
    """How matplotlib draws the line of the run at this place."""
    dashes = tuple(float(length) for length in DASHES[place % len(DASHES)].split())
    style: dict[str, Any] = {"color": colour(place), "linestyle": (0, dashes) if dashes else "-"}
    return style | ({"marker": MARKERS[place % len(MARKERS)], "markersize": 4} if marker else {})


def render(
    draws: Sequence[Draw], looks: Mapping[str, Any], *, ink: str, size: tuple[float, float], about: str | None = None
) -> str:
    """Draws panels, up to three side by side; an ``<svg>`` element without a background.

    The same picture gives the same text.

    Args:
        draws: What draws and labels each panel.
        looks: Of these plots, for matplotlib, beside ``LOOKS``.
        ink: Colour of text and axes.
        size: Of a panel, inches.
        about: A description to carry in the metadata.
    """
    import matplotlib
    from matplotlib.figure import Figure

    across, down = min(len(draws), 3), -(-len(draws) // 3)
    own: Any = {**LOOKS, **dict.fromkeys(INKED, ink), **looks}
    with matplotlib.rc_context(own), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # only the browser's font has to have it
        figure = Figure(figsize=(size[0] * across, size[1] * down), layout="constrained")
        axes = figure.subplots(down, across, squeeze=False).ravel()
        for axis, draw in zip(axes, draws, strict=False):
            draw(axis)
        for empty in axes[len(draws) :]:
            empty.set_visible(False)
        buffer = io.StringIO()
        metadata = {"Date": None} | ({"Description": about} if about else {})
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]


def panel(draw: Draw, *, alt: str, size: tuple[float, float] = (4.6, 3.3)) -> str:
    """One plot of a page, in the page's own colours."""
    from cycler import cycler

    looks = {**OF_PAGE, "axes.prop_cycle": cycler(color=LIGHT)}
    return _for_page(render([draw], looks, ink=INK, size=size), alt)


def label(axis: Axes, title: str, horizontal: str, vertical: str = "") -> None:
    """Title and axis labels of a plot."""
    axis.set(title=title, xlabel=horizontal, ylabel=vertical)


def swatch(place: int, *, line: bool = True) -> str:
    """The line, or the marker alone, of this place, for a legend."""
    own = f"var(--c{place % len(LIGHT)})"
    dashes = DASHES[place % len(DASHES)] or "none"
    stroke = f'<path d="M0 5h24" style="stroke: {own}; stroke-width: 2; stroke-dasharray: {dashes}"/>' if line else ""
    marker = f'<path d="{SHAPES[MARKERS[place % len(MARKERS)]]}" style="fill: {own}"/>'
    return f'<svg class=swatch viewBox="0 0 24 10" aria-hidden=true>{stroke}{marker}</svg>'


def variables() -> str:
    """CSS that gives the colours their values."""
    light, dark = (
        " ".join(f"--c{place}: {value};" for place, value in enumerate(colours)) for colours in (LIGHT, DARK)
    )
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _for_page(svg: str, alt: str) -> str:
    """Colours by name, ids that no other plot has, a description."""
    svg = svg.replace(INK, "currentColor")
    for place, value in enumerate(LIGHT):
        svg = svg.replace(value, f"var(--c{place})")
    own = "p" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{own}-", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', 1)
