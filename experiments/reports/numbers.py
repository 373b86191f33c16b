"""Tables of metrics: of one run everything, of several side by side what matters, and their paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tfrs_lab.experiments.display.comparison_table import columns_of, over_draws, runs_table
from tfrs_lab.experiments.display.differences import difference_text, differences, p_text, reliable
from tfrs_lab.experiments.display.display import number, title_of
from tfrs_lab.experiments.display.result_table import ResultTable, top_k_table
from tfrs_lab.experiments.reports.html import Section, note
from tfrs_lab.experiments.reports.runs import Run, comparable

INTERVALS = "± is half a 95 % bootstrap interval over users."


def test_section(runs: Sequence[Run]) -> Section:
    """The test metrics."""
    if not runs[0].alone:
        return Section("Test", _side_by_side(runs))
    metrics = runs[0].result.metrics
    body = top_k_table(metrics["test"], metrics["confidence"]).html() + note(
        f"Means over test users; {INTERVALS} Coverage, novelty and Gini are of all lists together and have none. "
        "Novelty, in bits, is the mean of −log2 of the share of users who know a movie; Gini is 0 where all movies are "
        "recommended alike and 1 where one takes all places."
    )
    return Section("Test", body)


def _side_by_side(runs: Sequence[Run]) -> str:
    """A row per run, the best bold where they compare."""
    results = [run.result for run in runs]
    leading = compared(tuple(runs))["leading"] if same_test(runs) else []
    table = runs_table({run.label: run.result for run in runs}, columns_of(results), leading=leading)
    remarks = {
        "± is the standard deviation between draws, or cuts, of the split.": all(map(over_draws, results)),
        INTERVALS: any("±" in cell for row in table.rows for cell in row) and not any(map(over_draws, results)),
        "Bold: the best nDCG@10, and what the paired test does not tell from it.": bool(leading),
        "Factorized top-k is TFRS's: per rating, known movies left in.": "factorized" in str(table.header),
        "Seconds depend on the machine's load.": True,
        "These runs differ in data or split: their numbers do not compare.": not comparable(runs),
    }
    text = " ".join(remark for remark, holds in remarks.items() if holds)
    return table.html() + note(text + _said(runs))


def _said(runs: Sequence[Run]) -> str:
    """What models have to say of themselves."""
    return "".join(f" {run.label}: {text}." for run in runs for text in run.result.notes)


@lru_cache(maxsize=1)  # two sections of a page ask, and who shows the page's runs elsewhere
def compared(runs: tuple[Run, ...]) -> dict[str, Any]:
    """``differences`` of runs that were all tested on the same users."""
    return differences({run.label: run.result for run in runs})


def differences_section(runs: Sequence[Run]) -> Section | None:
    """Each run that was tested as the first one is, against the best of them on validation, user by user."""
    alike = tuple(run for run in runs if same_test([runs[0], run]))
    if len(alike) < 2:
        return None
    found = compared(alike)
    reference, rows = found["reference"], []
    for label, one in found["paired"].items():
        low, high = one["interval"]
        deeper = [difference_text(of[label]) + "*" * reliable(of[label]) for of in found["deeper"].values()]
        verdict = "reliable" if reliable(one) else "no reliable difference"
        p_values = [p_text(one[key]).removeprefix("p ").removeprefix("= ") for key in ("p_value", "p_holm")]
        rows.append([label, f"{one['difference']:+.3f}", f"[{low:+.3f}, {high:+.3f}]", *p_values, verdict, *deeper])
    text = (
        f"Each model's nDCG@10 minus that of {reference}, {found['chosen']} and so not picked by these test rows: user "
        "by user, with the 95 % bootstrap interval of the mean and the p-value of a randomisation test, alone and "
        f"after Holm's correction for {len(rows)} comparisons, which decides the verdict. Sharper than comparing two "
        "intervals, since both rank for the same users."
        + " On the right the same for longer lists; * marks what is reliable."
        * bool(found["deeper"])
    )
    depths = list(map(title_of, found["deeper"]))
    header = ["model", f"nDCG@10 against {reference}", "95 % interval", "p", "p (Holm)", "verdict", *depths]
    return Section("Paired differences", ResultTable(header, rows).html() + note(text))


def same_test(runs: Sequence[Run]) -> bool:
    """Whether differences of single users make sense: the same data, split and users."""
    users = [run.result.per_user["user_id"].sort() for run in runs]
    return comparable(runs) and all(users[0].equals(others) for others in users[1:])


def validation_section(runs: Sequence[Run]) -> Section | None:
    """What was looked at while training and choosing; of several runs, the usual metrics."""
    if not all(run.result.metrics["validation"] for run in runs):
        return None
    if runs[0].alone:
        body = top_k_table(runs[0].result.metrics["validation"], {}).html()
    else:
        names = ("ndcg@10", "precision@10", "recall@10")
        rows = [[run.label, *(number(run.result.metrics["validation"].get(name)) for name in names)] for run in runs]
        body = ResultTable(["model", *map(title_of, names)], rows).html()
    text = "Looked at while training and choosing settings; the model of the test numbers learned from these rows too."
    return Section("Validation", body + note(text))


def factorized_section(runs: Sequence[Run]) -> Section | None:
    """TFRS's metric at each of its k."""
    found = [
        {key: value for key, value in run.result.metrics["test"].items() if key.startswith("factorized_top_")}
        for run in runs
    ]
    names = list(dict.fromkeys(key for one in found for key in one))
    if not names:
        return None
    rows = [[run.label, *(number(one.get(name)) for name in names)] for run, one in zip(runs, found, strict=True)]
    text = "TFRS's FactorizedTopK: the share of test ratings whose movie is among the k best, known movies left in."
    header = ["model", *(f"k = {name.removeprefix('factorized_top_')}" for name in names)]
    return Section("Factorized top-k", ResultTable(header, rows).html() + note(text))
