"""Columns of the tables that have a row per run: what matters on a split, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tfrs_lab.experiments.display.display import number, with_interval
from tfrs_lab.experiments.storage.results import Result

Column = tuple[str, "Callable[[Result], str]"]


def _metric(title: str, name: str) -> Column:
    """A test metric with half its interval, over draws with the deviation between them."""

    def cell(result: Result) -> str:
        test = result.metrics["test"]
        if over_draws(result):
            return f"{number(test[name])} ± {number(result.metrics['spread']['test'][name])}"
        return with_interval(test, result.metrics["confidence"], name)

    return title, cell


def _plain(title: str, name: str) -> Column:
    """A test metric alone; a dash where it was not measured."""
    return title, lambda result: number(result.metrics["test"].get(name))


def _slice(title: str, family: str, group: str, name: str) -> Column:
    """A metric of a slice; a dash where the slice is empty."""

    def cell(result: Result) -> str:
        value = result.metrics["slices"].get(family, {}).get(group, {}).get(name)
        if value is None or not over_draws(result):
            return number(value)
        return f"{number(value)} ± {number(result.metrics['spread']['slices'][family][group][name])}"

    return title, cell


def _by_revealed(result: Result) -> list[Column]:
    shown = result.metrics["slices"].get("revealed", {})
    return [_slice(f"nDCG@10\n{count} known", "revealed", count, "ndcg@10") for count in shown]


TOP_K = [_metric(f"{name}@10", f"{name.lower()}@10") for name in ("nDCG", "precision", "recall")]
DEPTH = [_plain(f"nDCG\n@{k}", f"ndcg@{k}") for k in (50, 100)]
FACTORIZED = _plain("factorized\ntop-100", "factorized_top_100")
RMSE = _plain("RMSE", "rmse")
COLD_RECALL = _slice("recall@10\ncold movies", "cold_start", "cold_items", "recall@10")


def usual_columns(results: Sequence[Result]) -> list[Column]:
    """What a table of these runs shows: top-k metrics, and those of ratings and of movies without ratings if any.

    Longer lists are there if all runs have scored them.
    """
    rated = any("rmse" in result.metrics["test"] for result in results)
    deep = all("ndcg@100" in result.metrics["test"] for result in results)
    cold = any(result.metrics["slices"].get("cold_start", {}).get("cold_items") for result in results)
    return [*TOP_K, *(DEPTH if deep else []), FACTORIZED, *([COLD_RECALL] if cold else []), *([RMSE] if rated else [])]


COLUMNS: dict[str, Callable[[Result], list[Column]]] = {
    "cold-items": lambda result: TOP_K,
    "cold-users": _by_revealed,
    "mixed": lambda result: [
        _metric("nDCG@10\nall", "ndcg@10"),
        _slice("nDCG@10\nwarm", "cold_start", "warm_items", "ndcg@10"),
        *(_slice(f"recall@{k}\ncold", "cold_start", "cold_items", f"recall@{k}") for k in (10, 50)),
    ],
}
"""What the table of a split shows, where it is not the usual."""


def columns_of(results: Sequence[Result]) -> list[Column]:
    """What a table of these runs shows: what matters on their split, if it is one and the same."""
    kinds = {str(result.config.get("asks") or result.config["split"]) for result in results}
    return COLUMNS[kinds.pop()](results[0]) if len(kinds) == 1 and kinds <= COLUMNS.keys() else usual_columns(results)


def over_draws(result: Result) -> bool:
    """Whether the run has several draws of its split."""
    return any("draw-" in part for part in result.metrics.get("parts", ()))
