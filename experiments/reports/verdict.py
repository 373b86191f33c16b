"""What a page says, in three sentences: which model is best and by how much, for whom, and what it does not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfrs_lab.experiments.display.differences import METRIC, paired_to, reliable
from tfrs_lab.experiments.display.display import number
from tfrs_lab.experiments.reports.html import Section, paragraph
from tfrs_lab.experiments.reports.numbers import compared, same_test
from tfrs_lab.experiments.reports.runs import Run, comparable
from tfrs_lab.models.registry import BASELINES

ENOUGH = 20
"""Users that a group must have to be named."""


def verdict_section(runs: Sequence[Run]) -> Section | None:
    """Three sentences about one run, or about several that were tested on the same users."""
    if not comparable(runs):
        return None
    if runs[0].alone or not same_test(runs):
        sentences = _alone(max(runs, key=lambda run: run.result.metrics["test"][METRIC]))
    else:
        sentences = _together(runs)
    return Section("In short", paragraph(" ".join(sentences)))


def best_baseline(runs: Sequence[Run]) -> Run | None:
    """Of the baselines the best on validation, on test where nothing was validated; None without one."""
    baselines = [run for run in runs if run.result.name in BASELINES]
    if not baselines:
        return None
    part = "validation" if all(METRIC in run.result.metrics["validation"] for run in baselines) else "test"
    return max(baselines, key=lambda run: run.result.metrics[part][METRIC])


def _alone(run: Run) -> list[str]:
    """What one model's lists hold, how sure that is, and how much of the catalogue they show."""
    metrics = run.result.metrics
    test, users = metrics["test"], metrics["test"]["users"]
    found = [f"Of ten movies that {run.label} recommends, {10 * test['precision@10']:.1f} are among those held out"]
    if METRIC in metrics["confidence"]:
        low, high = metrics["confidence"][METRIC]
        found[0] += f"; nDCG@10 is {number(test[METRIC])} (95 % interval {number(low)} to {number(high)})"
    found[0] += "."
    if "hit_rate@10" in test:
        found.append(f"{test['hit_rate@10']:.0%} of {users:,.0f} test users find at least one of theirs.")
    return [*found, _limits(run)]


def _together(runs: Sequence[Run]) -> list[str]:
    """Which of several models is best and what stands beside it, what users gain by it, and its limits."""
    found = compared(tuple(runs))
    best = max(runs, key=lambda run: run.result.metrics["test"][METRIC])
    value = best.result.metrics["test"][METRIC]
    level = [label for label in found["leading"] if label != best.label]
    first = f"{best.label} ranks best, with nDCG@10 of {number(value)}"
    first += f"; {_listed(level)} cannot be told from it." if level else ", reliably above all others."
    baseline = best_baseline([run for run in runs if run is not best])
    if baseline is None or best.result.name in BASELINES:
        return [first, _limits(best)]
    one = _paired(best, baseline)
    low, high = one["interval"]
    before = baseline.result.metrics["test"][METRIC]
    gain = f" ({one['difference'] / before:+.0%})" if before else ""
    better, worse = _shares(best, baseline)
    second = (
        f"Against {baseline.label}, the best baseline, that is {one['difference']:+.3f}{gain}, 95 % interval "
        f"{low:+.3f} to {high:+.3f}{'' if reliable(one) else ', no reliable difference'}; {better:.0%} of users get a "
        f"better list and {worse:.0%} a worse one."
    )
    return [first, second, _limits(best)]


def _paired(run: Run, other: Run) -> Mapping[str, Any]:
    tables = {"other": other.result.per_user, "run": run.result.per_user}
    return paired_to("other", tables, [METRIC])[METRIC]["run"]


def _shares(run: Run, other: Run) -> tuple[float, float]:
    """Shares of users whose nDCG@10 is higher, and lower, with ``run``."""
    values = [one.result.per_user.sort("user_id")[METRIC].to_numpy() for one in (run, other)]
    sign = np.sign(np.round(values[0] - values[1], 9))
    return float((sign > 0).mean()), float((sign < 0).mean())


def _limits(run: Run) -> str:
    """What the model does not do: the part of the catalogue that it never shows, and for whom it does worse."""
    metrics = run.result.metrics
    parts = []
    if "coverage@10" in metrics["test"]:
        parts.append(f"its lists of ten never show {1 - metrics['test']['coverage@10']:.0%} of the catalogue")
    groups = metrics["slices"].get("history_length", {})
    named = [(name, group) for name, group in groups.items() if group and METRIC in group and group["users"] >= ENOUGH]
    if len(named) > 1:
        name, group = min(named, key=lambda pair: pair[1][METRIC])
        value = number(group[METRIC])
        parts.append(f"users with {name.replace('-', '–')} known movies get the weakest ones (nDCG@10 {value})")
    text = ", and ".join(parts) or "test is too small to say for whom it does worse"
    return text[0].upper() + text[1:] + "."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
