"""``recs recommend RUN_OR_EXPORT``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import tyro

from tfrs_lab.data import DataError, Vocabulary, did_you_mean, fingerprint, printable, read_columns
from tfrs_lab.experiments.command_line.id_lists import parse_history
from tfrs_lab.experiments.command_line.options import DataOptions, ResultOptions
from tfrs_lab.experiments.command_line.usage import fail, parse_options, usage_error
from tfrs_lab.experiments.display.display import console, program
from tfrs_lab.experiments.display.result_table import movies_table
from tfrs_lab.experiments.recommend.open import check_place, exported_version, open_source
from tfrs_lab.experiments.storage.recommender_source import Source, about_history, about_user
from tfrs_lab.models.training.reporter import reporter_here

if TYPE_CHECKING:  # what an export does not need is imported where it is needed: that saves half a second
    from tfrs_lab.experiments.recommend.all_users import Plan
    from tfrs_lab.experiments.storage.stored_model import StoredModel

PROG = "recs recommend"


@dataclass(frozen=True)
class RecommendOptions(ResultOptions):
    """Movies for a user of a run, of its export or of your own ratings, or for anyone who names some movies."""

    source: tyro.conf.Positional[Path | None] = None
    """Directory of a finished run, or what `recs export` wrote: OUT for its newest version, or OUT/1, OUT/2, ..."""
    ratings: Path | None = None
    """Instead, your own ratings (CSV or Parquet): user_id, movie_id[, user_rating][, timestamp]. A model learns from
    all of them and answers; nothing is kept (`recs run` keeps and scores)."""
    movies: Path | None = None
    """With --ratings: your own movies, for their titles and features."""
    users: Path | None = None
    """With --ratings: your own users, for models that use what is known of them."""
    columns: str | None = None
    """With --ratings: what our columns are called in your files, where that differs: user_id=customer,movie_id=film."""
    skip_bad_lines: bool = False
    """With --ratings: skip malformed lines and say how many were dropped."""
    model: str = "ease"
    """With --ratings: the experiment whose model learns; retrieval takes longer and is better."""
    user: str | None = None
    """Id of a user in the data; with --ratings, somebody if none is named."""
    all_users: bool = False
    """Instead, of a run, a table with the lists of all users, into --out; continues where it was interrupted."""
    history: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Movies that somebody has seen instead, oldest first: ids with commas between them, each with a rating if you like
    (50:5,172); may be repeated. An id of the data counts as it stands, with its commas and colons.
    The present models look at which movies these are, some at their order, none at the ratings."""
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


def main(words: Sequence[str]) -> None:
    """Prints recommendations with titles, scores and reasons."""
    options = parse_options(RecommendOptions, words, prog=PROG)
    check(options)
    if options.out is not None:
        _all_users(options, options.out)
        return
    source: Source
    if options.source is None:
        from tfrs_lab.experiments.storage.stored_model import RunSource, example_user

        model = _own(options)
        source, somebody = RunSource(model, f"{options.ratings}"), example_user(model)
    else:
        source, somebody = open_source(options.source), ""
    history = parse_history(options.history, source.movie_ids)
    user = somebody if options.user is None else options.user
    found = source.for_history(history, options.k) if history else source.for_user(user, options.k)
    nothing_left = found.is_empty()
    about, urgent = about_history(source, history, nothing_left) if history else about_user(source, user, nothing_left)
    if urgent:
        reporter_here().line(printable(about))
    if options.json:
        print(json.dumps(found.to_dicts(), ensure_ascii=False))
        return
    screen = console()
    if about and not urgent:
        screen.print(printable(about), soft_wrap=True)
    if not nothing_left:
        title = f"{source.name} recommends {'after this history' if history else f'for user {user}'}"
        screen.print(movies_table(found, title))
    if options.source is None and _can_be_split(model.known):
        from tfrs_lab.experiments.command_line.settings import data_words

        words = [program(), "run", options.model, *data_words(options)]
        screen.print(f"next: {shlex.join(words)}\n      keeps the model, and says how good it is", soft_wrap=True)


def check(options: RecommendOptions) -> None:
    """Refuses options that do not go together."""
    wrong = _wrong(options)
    if wrong is not None:
        fail(PROG, wrong)


def _wrong(options: RecommendOptions) -> str | None:
    """Which options do not go together; None if all do."""
    if (options.source is None) == (options.ratings is None):
        return "expected either a run or an export, or --ratings"
    if options.ratings is None and (options.movies or options.users or options.columns or options.skip_bad_lines):
        return "--movies, --users, --columns and --skip-bad-lines: expected together with --ratings"
    asked = (options.user is not None) + bool(options.history) + options.all_users
    if asked == 0 and options.source is not None:
        check_place(options.source)
    if asked > 1 or (asked == 0 and options.ratings is None):
        return "expected either --user or --history or --all-users"
    if options.all_users != (options.out is not None):
        return "--all-users and --out: expected both or neither"
    if not options.all_users and (options.allow or options.deny or options.shard):
        return "--allow, --deny and --shard: expected together with --all-users"
    if options.shard is not None:
        from tfrs_lab.experiments.recommend.all_users import Shard

        try:
            Shard.parse(options.shard)
        except ValueError as error:
            return f"--shard: {error}"
    return f"--k: expected at least 1, got {options.k}" if options.k < 1 else None


def _own(options: RecommendOptions) -> StoredModel:
    """A model of the user's own ratings."""
    from tfrs_lab.experiments.recommend.from_ratings import fitted_on_all
    from tfrs_lab.models.registry import NAMES

    if options.model not in NAMES:
        usage_error(PROG, "--model", NAMES, options.model)
    names = ("ratings", "movies", "users", "columns", "skip_bad_lines")
    own = DataOptions(**{name: getattr(options, name) for name in names})
    return fitted_on_all(own, options.model, reporter_here())


def _plan(options: RecommendOptions) -> Plan:
    """The lists of all users."""
    from tfrs_lab.experiments.recommend.all_users import make_plan, plan_of_run

    limits = _movie_ids(options.allow), _movie_ids(options.deny)
    if options.source is None:
        model = _own(options)
        return make_plan(model, options.k, *limits, {"model": model.name, "ratings": fingerprint(model.known)})
    if exported_version(options.source) is not None:
        raise DataError("--all-users needs the run: expected a run, got an export", file=options.source)
    return plan_of_run(options.source, options.k, *limits)


def _all_users(options: RecommendOptions, out: Path) -> None:
    """Writes the lists of all users and says how many."""
    from tfrs_lab.experiments.recommend.all_users import Shard, recommend_to_all

    plan, reporter = _plan(options), reporter_here()
    for line in unknown_movies(plan.model.recommender.movies, {"--allow": options.allow, "--deny": options.deny}):
        reporter.line(line)
    if options.shard is not None:
        plan = plan.of_shard(Shard.parse(options.shard))
    found = recommend_to_all(plan, out, reporter)
    record = {"file": str(out), **found}
    if options.json:
        print(json.dumps(record))
    else:
        console().print(f"{found['rows']:,} movies for {found['users']:,} users: {out}", soft_wrap=True)


def unknown_movies(known: Vocabulary, files: Mapping[str, Path | None]) -> Iterator[str]:
    """A line for each option whose file names movies that the model does not know."""
    for option, file in files.items():
        ids = _movie_ids(file) or []
        unknown = sorted(set(ids) - set(known.ids))
        if unknown:
            hint = did_you_mean(unknown[0], known.ids)
            yield f"{option}: {len(unknown):,} of its {len(ids):,} movies are unknown, such as {unknown[0]!r}{hint}"


def _movie_ids(file: Path | None) -> list[str] | None:
    """The ids in a file; None for no file."""
    if file is None:
        return None
    return read_columns(file, {"movie_id": pl.String}, ("movie_id",))["movie_id"].drop_nulls().unique().to_list()


def _can_be_split(ratings: pl.DataFrame) -> bool:
    """Whether ``recs run`` has something to test with: several users, and one with three movies."""
    counts = ratings.group_by("user_id").len()["len"]
    return len(counts) > 1 and int(counts.max()) > 2  # type: ignore[arg-type]
