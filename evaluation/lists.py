"""Tables of ranked lists: checked, repaired on request, and warnings about them."""

from __future__ import annotations

import polars as pl

from tfrs_lab.data.errors import DataError

_PAIR = ("user_id", "movie_id")
SKIP = "--skip-bad-lines (in Python mended_lists) leaves such rows out and ranks the others anew"


def ordered_lists(topk: pl.DataFrame) -> pl.DataFrame:
    """Checks ``topk`` of ``evaluation.score_topk``; user, movie and score (null if not given), best first by user."""
    by = [column for column in ("rank", "score") if column in topk.columns]
    for column in ("user_id", "movie_id"):
        if column not in topk.columns:
            raise DataError(f"the top-k table needs a column {column}, it has {', '.join(topk.columns) or 'none'}")
    if not by:
        raise DataError(f"the top-k table needs a column rank or score, it has {', '.join(topk.columns)}")
    for column in ("user_id", "movie_id", *by):
        if missing := topk[column].null_count():
            raise DataError(f"the top-k table has {missing} rows without a value; {SKIP}", column=column)
    table = topk.select(pl.col("user_id", "movie_id").cast(pl.String), *by)
    _check_duplicates(table)
    if "score" in by:
        table = table.with_columns(_numbers(table["score"], pl.Float64))
        if nans := table["score"].is_nan().sum():
            raise DataError(f"the top-k table has {nans} scores that are NaN; {SKIP}", column="score")
    else:
        table = table.with_columns(score=pl.lit(None, dtype=pl.Float64))
    if "rank" in by:
        table = table.with_columns(_numbers(table["rank"], pl.Int64)).sort("user_id", "rank")
        _check_ranks(table)
    else:
        table = table.sort("user_id", "score", "movie_id", descending=[False, True, False])
    return table.select("user_id", "movie_id", "score")


def _numbers(column: pl.Series, dtype: type[pl.Float64] | type[pl.Int64]) -> pl.Series:
    """The column as numbers."""
    try:
        numbers = column.cast(dtype, strict=True)
    except pl.exceptions.PolarsError:
        numbers = None
    if numbers is None or (dtype == pl.Int64 and column.dtype.is_float() and not (numbers == column).all()):
        kind = "whole numbers" if dtype == pl.Int64 else "numbers"
        odd = column.filter((column.cast(dtype, strict=False) != column.cast(pl.Float64, strict=False)).fill_null(True))
        raise DataError(f"the top-k table's {column.name} must hold {kind}, got {odd[0]!r}", column=column.name)
    return numbers


def _check_duplicates(table: pl.DataFrame) -> None:
    """Refuses a movie that occurs twice in one user's list."""
    twice = table.filter(table.select("user_id", "movie_id").is_duplicated())
    if len(twice):
        user, movie = twice.sort("user_id", "movie_id").row(0)[:2]
        raise DataError(f"the top-k table recommends movie {movie!r} to user {user!r} more than once; {SKIP}")


def _check_ranks(table: pl.DataFrame) -> None:
    """Refuses ranks of a user that are not 1, 2, 3 …; the table is sorted by user and rank."""
    expected = pl.int_range(1, pl.len() + 1).over("user_id")
    wrong = table.with_columns(expected=expected).filter(pl.col("rank") != pl.col("expected"))
    if len(wrong):
        user, rank, wanted = wrong.select("user_id", "rank", "expected").row(0)
        raise DataError(
            f"user {user!r} has rank {rank} where {wanted} was expected: ranks run 1, 2, 3 …; {SKIP}", column="rank"
        )


def mended_lists(topk: pl.DataFrame) -> pl.DataFrame:
    """The lists without rows that cannot count, ranked anew.

    Left out are rows without an id or without a finite rank or score, and of a movie that occurs several times in one
    list all but the best place. The others move up: their ranks are then 1, 2, 3 … The table comes back as it is if it
    has neither rank nor score.

    >>> lists = pl.DataFrame({"user_id": ["u"] * 3, "movie_id": ["a", "b", "a"], "rank": [0, 2, 5]})
    >>> mended_lists(lists).rows()
    [('u', 'a', 1), ('u', 'b', 2)]
    """
    by = next((column for column in ("rank", "score") if column in topk.columns), None)
    if by is None:
        return topk
    numbers = topk.with_columns(pl.col(by).cast(pl.Float64, strict=False)).drop_nulls([*_PAIR, by])
    best = numbers.filter(~pl.col(by).is_nan()).sort(by, "movie_id", descending=[by == "score", False])
    kept = best.unique(_PAIR, keep="first", maintain_order=True)
    return kept.select(*_PAIR, rank=pl.int_range(1, pl.len() + 1).over("user_id"))


def doubts(topk: pl.DataFrame, truth: pl.DataFrame, seen: pl.DataFrame | None = None) -> list[str]:
    """What is worth saying of lists that can be scored all the same.

    None if all users are in both tables and every place is decided.
    """
    lines = []
    listed, asked = (table["user_id"].unique(maintain_order=True) for table in (topk, truth))
    common = listed.is_in(asked.implode()).sum()
    if 0 < common < len(asked):
        lines.append(f"{len(asked) - common:,} of the {len(asked):,} users of the truth have no list and count as 0")
    if 0 < common < len(listed):
        lines.append(f"{len(listed) - common:,} of the {len(listed):,} lists are of users without truth: not used")
    movies, wanted = topk["movie_id"].unique(maintain_order=True), truth["movie_id"].unique(maintain_order=True)
    if len(movies) and not movies.is_in(wanted.implode()).any():
        lines.append(
            f"none of the {len(movies):,} movies of the lists is in the truth: {movies[0]!r} beside {wanted[0]!r}; are "
            "they written alike?"
        )
    if seen is not None and not asked.is_in(seen["user_id"].implode()).any():
        lines.append(
            f"none of the {len(asked):,} users of the truth has seen anything: {asked[0]!r} beside "
            f"{seen['user_id'][0]!r}; are they written alike?"
        )
    return lines + _order_doubts(topk)


def _order_doubts(topk: pl.DataFrame) -> list[str]:
    """What is worth saying of the order within lists."""
    if "score" not in topk.columns:
        return []
    if "rank" not in topk.columns:
        tied = topk.filter(pl.struct("user_id", "score").is_duplicated())["user_id"].n_unique()
        return [f"{tied:,} users have movies with equal scores: of these the lower id ranks first"] if tied else []
    rising = pl.col("score").diff().over("user_id") > 0
    against = topk.sort("user_id", "rank").filter(rising)["user_id"].n_unique()
    return [f"the scores of {against:,} users are not in the order of their ranks: the ranks count"] if against else []
