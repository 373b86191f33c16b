"""What fresh histories are worth, where ``recs replay`` has been asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfrs_lab.data import DataError
from tfrs_lab.experiments.display.freshness import freshness_table, names_of
from tfrs_lab.experiments.display.svg import panel
from tfrs_lab.experiments.reports.html import Section, figure, subtitle
from tfrs_lab.experiments.reports.runs import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def freshness_section(runs: Sequence[Run]) -> Section | None:
    """Table and curves of each run that has been replayed."""
    found = {run: result for run in runs if (result := _stored(run)) is not None}
    if not found:
        return None
    bodies = [subtitle(run) + _one(result) for run, result in found.items()]
    return Section("What fresh histories are worth", "".join(bodies))


def _stored(run: Run) -> dict[str, Any] | None:
    file = run.result.directory / "replay.json"
    if not file.exists():
        return None
    try:
        result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        freshness_table(result)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"expected what recs replay wrote, got: {error!r}", file=file) from None
    return result


def _one(result: Mapping[str, Any]) -> str:
    groups = result["groups"][1:]

    def draw(axis: Axes) -> None:
        for name in names_of(result):
            means = [group[name]["ndcg"] for group in groups]
            ends = [group[name]["interval"] for group in groups]
            axis.plot(range(len(groups)), means, marker="o", label=name)
            low, high = zip(*ends, strict=True)
            axis.fill_between(range(len(groups)), low, high, alpha=0.15)
        axis.set_xticks(range(len(groups)), [str(group["since"]) for group in groups])
        axis.set_ylim(bottom=0)
        axis.set(title=f"nDCG@{result['k']} of the next event", xlabel="the user's events since training")
        axis.legend(frameon=False, fontsize=9)

    caption = (
        "Before each later event the model is asked for its list: live, with the user's history up to then; "
        "frozen, with the history that it was trained with. What the user has had by then is left out of both. "
        "Bands are 95 % bootstrap intervals over users."
    )
    alt = f"nDCG@{result['k']} of the next event over the number of events since training, as in the table."
    return freshness_table(result).html() + figure([panel(draw, alt=alt)], caption)
