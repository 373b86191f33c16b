"""Paired differences: which reference, which correction, what is printed bold."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from tfrs_lab.evaluation import paired
from tfrs_lab.experiments.display.comparison_table import ComparisonTable, caption, differences_lines
from tfrs_lab.experiments.display.differences import Comparison, differences, holm, paired_to
from tfrs_lab.experiments.storage.results import Result

USERS = 400


def result(name, values, validation, notes=()):
    """A run whose users have these values of nDCG."""
    per_user = pl.DataFrame({"user_id": [f"u{user:03}" for user in range(USERS)], "ndcg@10": values})
    per_user = per_user.with_columns(
        pl.col("ndcg@10").alias(name) for name in ("ndcg@100", "precision@10", "recall@10")
    )
    test = {"ndcg@10": float(values.mean()), "precision@10": 0.1, "recall@10": 0.1, "ndcg@50": 0.2, "ndcg@100": 0.3}
    test |= {"factorized_top_100": 0.2, "users": USERS}
    config = {"experiment": name, "split": "random", "dataset": {"name": "planted"}, "settings": {}}
    confidence = {name: [test[name] - 0.01, test[name] + 0.01] for name in ("ndcg@10", "precision@10", "recall@10")}
    metrics = {"validation": validation, "test": test, "confidence": confidence, "slices": {}}
    return Result(Path(name), config, {**metrics, "notes": list(notes)}, per_user, {"train": 1.0, "evaluate": 1.0})


@pytest.fixture
def runs():
    """EASE is best on validation, iALS on test but not reliably so, popularity is far behind."""
    rng = np.random.default_rng(0)
    ease = rng.uniform(0, 1, USERS)
    ials = ease + rng.normal(0.002, 0.1, USERS)
    ials += ease.mean() - ials.mean() + 0.003
    found = [
        result("popularity", ease - rng.uniform(0, 0.4, USERS), {"ndcg@10": 0.1}),
        result("ease", ease, {"ndcg@10": 0.3}, notes=["rank 512"]),
        result("ials", ials, {"ndcg@10": 0.2}),
    ]
    return {one.name: one for one in found}


def test_holm_by_hand():
    assert holm([0.04, 0.001, 0.03, 0.5]) == pytest.approx([0.09, 0.004, 0.09, 0.5])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_reference_is_the_best_on_validation_not_on_test(runs):
    found = differences(runs)
    assert runs["ials"].metrics["test"]["ndcg@10"] > runs["ease"].metrics["test"]["ndcg@10"]
    assert found["reference"] == "ease"
    assert found["chosen"] == "the best on validation"
    assert list(found["paired"]) == ["popularity", "ials"]
    assert list(found["deeper"]) == ["ndcg@100"]


def test_without_validation_the_first_personal_model_is_the_reference(runs):
    for run in runs.values():
        run.metrics["validation"].clear()
    found = differences(runs)
    assert found["reference"] == "ease"
    assert "nothing was validated" in found["chosen"]


def test_a_tie_is_bold_as_a_whole_and_what_is_reliably_below_is_not(runs):
    assert differences(runs)["leading"] == ["ease", "ials"]
    alone = {name: runs[name] for name in ("popularity", "ease")}
    assert differences(alone)["leading"] == ["ease"]


def test_all_at_once_are_what_each_pair_is(runs):
    tables = {name: run.per_user for name, run in runs.items()}
    found = paired_to("ease", tables, ["ndcg@10", "ndcg@100"])
    for metric, by_name in found.items():
        for name, one in by_name.items():
            alone = paired(tables[name], tables["ease"], metric)
            assert one["difference"] == pytest.approx(alone.difference)
            assert one["interval"] == pytest.approx(list(alone.interval))
            assert one["p_value"] == alone.p_value
        assert [one["p_holm"] for one in by_name.values()] == holm([one["p_value"] for one in by_name.values()])


def test_correction_can_turn_a_verdict():
    rng = np.random.default_rng(3)
    base = rng.uniform(0, 1, USERS)
    noise = rng.normal(0, 0.1, USERS)
    tables = {
        "a": base,
        "b": base + noise - noise.mean() + 0.0115,
        **{f"c{n}": base + rng.normal(0, 0.1, USERS) for n in range(9)},
    }
    frames = {
        name: pl.DataFrame({"user_id": list(map(str, range(USERS))), "m": values}) for name, values in tables.items()
    }
    one = paired_to("a", frames, ["m"])["m"]["b"]
    assert one["p_value"] < 0.05 < one["p_holm"]


def printed(comparison, width):
    table = ComparisonTable(comparison, width)
    screen = Console(width=width, highlight=False, markup=False, record=True, file=io.StringIO())
    screen.print(table)
    return table, screen.export_text()


@pytest.mark.parametrize("width", [80, 118])
def test_the_table_fits_and_shows_why_a_row_is_missing(runs, width):
    names = ("popularity", "hybrid", "ease", "ials")
    failed = {"hybrid": "needs about 29 GB of memory, 6 GB are free"}
    comparison = Comparison(
        names, {"dataset": "planted", "split": "random"}, list(runs.values()), failed, differences(runs)
    )
    table, text = printed(comparison, width)
    rows = [line.split() for line in text.splitlines() if line.strip()]
    assert [row[0] for row in rows[-4:]] == list(names)
    assert rows[-3] == ["hybrid", *failed["hybrid"].split()]
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert ("nDCG\n@50" in table.titles) == (width == 118)
    said = caption(comparison, table.titles)
    assert "ease: rank 512" in said
    assert any("Bold: the best on test" in line for line in said)
    lines = differences_lines(comparison.differences)
    assert "ease, the best on validation" in lines[0]
    assert "2 comparisons" in lines[0]
    assert "no reliable difference" in lines[2]
