"""``recs recommend RUN_OR_EXPORT``."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import tyro
from rich import box
from rich.table import Table

from data import DataError, fingerprint, printable, read_columns
from experiments.display import console
from experiments.recommend_source import Source, exported_version, open_source
from experiments.reporter import reporter_here
from experiments.usage import parse_options, usage_error

if TYPE_CHECKING:  # what an export does not need is imported where it is needed: that saves half a second
    from experiments.bulk import Plan
    from experiments.recommend import StoredModel


@dataclass(frozen=True)
class RecommendOptions:
    """Movies for a user of a run, of its export or of your own ratings, or for anyone who names some movies."""

    source: tyro.conf.Positional[Path | None] = None
    """Directory of a finished run, or what `recs export` wrote: OUT for its newest version, or OUT/1, OUT/2, ..."""
    ratings: Path | None = None
    """Instead, your own ratings (CSV or Parquet): user_id, movie_id[, user_rating][, timestamp]. A model learns from
    all of them and answers; nothing is kept (`recs run` keeps and scores)."""
    movies: Path | None = None
    """With --ratings: your own movies, for their titles and features."""
    columns: str | None = None
    """With --ratings: what our columns are called in your files, where that differs: user_id=customer,movie_id=film."""
    model: str = "ease"
    """With --ratings: the experiment whose model learns; retrieval takes longer and is better."""
    user: str | None = None
    """Id of a user in the data; with --ratings, somebody if none is named."""
    all_users: bool = False
    """Instead, of a run, a table with the lists of all users, into --out; goes on where it was interrupted."""
    history: str | None = None
    """Movies that somebody has seen instead: ids with commas between them, each with a rating if you like (50:5,172).
    The present models look at which movies these are, not at the ratings."""
    k: int = 10
    """How many movies."""
    out: Path | None = None
    """With --all-users: the Parquet file to write: user_id, movie_id, rank, score."""
    allow: Path | None = None
    """With --all-users: recommend only these movies (CSV or Parquet with movie_id)."""
    deny: Path | None = None
    """With --all-users: never recommend these movies (CSV or Parquet with movie_id)."""
    shard: str | None = None
    """With --all-users: i/n, the i-th of n parts of the users, for n processes or machines; together they are all."""
    json: bool = False
    """Print the result as JSON on stdout."""
    debug: bool = False
    """Show tracebacks."""

    def __post_init__(self) -> None:
        if (self.source is None) == (self.ratings is None):
            raise ValueError("expected either a run or an export, or --ratings")
        if self.ratings is None and (self.movies or self.columns):
            raise ValueError("--movies and --columns: expected together with --ratings")
        asked = (self.user is not None) + (self.history is not None) + self.all_users
        if asked > 1 or (asked == 0 and self.ratings is None):
            raise ValueError("expected either --user or --history or --all-users")
        if self.all_users != (self.out is not None):
            raise ValueError("--all-users and --out: expected both or neither")
        if (self.allow or self.deny) and not self.all_users:
            raise ValueError("--allow and --deny: expected together with --all-users")
        if self.shard is not None:
            if not self.all_users:
                raise ValueError("--shard: expected together with --all-users")
            from experiments.bulk import Shard

            try:
                Shard.parse(self.shard)
            except ValueError as error:
                raise ValueError(f"--shard: {error}") from None
        if self.k < 1:
            raise ValueError(f"--k: expected at least 1, got {self.k}")


def main(words: Sequence[str]) -> None:
    """Prints recommendations with titles, scores and reasons."""
    options = parse_options(RecommendOptions, words, prog="recs recommend")
    if options.out is not None:
        _all_users(options, options.out)
        return
    history = None if options.history is None else parse_history(options.history)
    source: Source
    if options.source is None:
        from experiments.recommend import example_user
        from experiments.recommend_run import RunSource

        model = _own(options)
        source, somebody = RunSource(model, f"{options.ratings}"), example_user(model)
    else:
        source, somebody = open_source(options.source), ""
    if history is not None:
        found, heading = source.for_history(history, options.k), f"after {len(history)} movies"
    else:
        user = somebody if options.user is None else options.user
        found, heading = source.for_user(user, options.k), f"for user {user}"
        _introduce(source, user, quiet=options.json)
    if options.json:
        print(json.dumps(found.to_dicts(), ensure_ascii=False))
    else:
        console().print(_table(found, f"{source.name} recommends {heading}"))


def _own(options: RecommendOptions) -> StoredModel:
    """A model of the user's own ratings."""
    from experiments.options import DataOptions
    from experiments.recommend_own import fitted_on_all
    from experiments.registry import NAMES

    if options.model not in NAMES:
        usage_error("recs recommend", "--model", NAMES, options.model)
    own = DataOptions(ratings=options.ratings, movies=options.movies, columns=options.columns)
    return fitted_on_all(own, options.model, reporter_here())


def _plan(options: RecommendOptions) -> Plan:
    """The lists of all users."""
    from experiments.bulk import make_plan, plan_of_run

    limits = _movie_ids(options.allow), _movie_ids(options.deny)
    if options.source is None:
        model = _own(options)
        return make_plan(model, options.k, *limits, {"model": model.name, "ratings": fingerprint(model.known)})
    if exported_version(options.source) is not None:
        raise DataError("--all-users needs the run: expected a run, got an export", file=options.source)
    return plan_of_run(options.source, options.k, *limits)


def _all_users(options: RecommendOptions, out: Path) -> None:
    """Writes the lists of all users and says how many."""
    from experiments.bulk import Shard, recommend_to_all

    plan = _plan(options)
    if options.shard is not None:
        plan = plan.of_shard(Shard.parse(options.shard))
    found = recommend_to_all(plan, out, reporter_here())
    record = {"file": str(out), **found}
    if options.json:
        print(json.dumps(record))
    else:
        console().print(f"{found['rows']:,} movies for {found['users']:,} users: {out}", soft_wrap=True)


def _movie_ids(file: Path | None) -> list[str] | None:
    """The ids in a file; None for no file."""
    if file is None:
        return None
    return read_columns(file, {"movie_id": pl.String}, ("movie_id",))["movie_id"].drop_nulls().unique().to_list()


def parse_history(text: str) -> list[tuple[str, float | None]]:
    """Movie ids of a ``--history`` value, each with its rating or None.

    >>> parse_history("50:5, 172,181:3.5")
    [('50', 5.0), ('172', None), ('181', 3.5)]

    Raises:
        DataError: An entry is empty, its rating is no number, or a movie is named twice.
    """
    history: dict[str, float | None] = {}
    for position, entry in enumerate(text.split(","), start=1):
        movie_id, _, rating = entry.strip().partition(":")
        where = f"--history, entry {position}"
        if not movie_id:
            raise DataError(f"{where}: expected a movie id, got {entry!r}")
        try:
            value = float(rating) if rating else None
        except ValueError:
            value = math.nan
        if value is not None and not math.isfinite(value):
            raise DataError(f"{where}: expected a number after the colon, got {rating!r}")
        if movie_id in history:
            raise DataError(f"{where}: expected each movie once, got {movie_id} again")
        history[movie_id] = value
    return list(history.items())


def _introduce(source: Source, user: str, *, quiet: bool) -> None:
    """Says who the user is."""
    rated = source.rated(user)
    if rated == 0:
        reporter_here().line(f"user {user} is not in {source.data}: showing what is popular there")
    elif rated and not quiet:
        liked = ", ".join(source.favourites(user, 5))
        console().print(printable(f"user {user} has rated {rated} movies, highest: {liked}"), soft_wrap=True)


def _table(found: pl.DataFrame, title: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=printable(title), title_style="bold")
    for name, align in (
        ("rank", "right"),
        ("id", "right"),
        ("movie", "left"),
        ("score", "right"),
        ("why", "left"),
    ):
        table.add_column(name, justify=align)  # type: ignore[arg-type]
    for row in found.iter_rows(named=True):
        score = f"{row['score']:.3f}"
        table.add_row(*map(printable, (str(row["rank"]), row["movie_id"], row["movie_title"], score, row["why"])))
    return table
