"""Some users: what they know, and what each model recommends to them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import polars as pl

from tfrs_lab.experiments.reports.html import Section, note
from tfrs_lab.experiments.reports.runs import Run
from tfrs_lab.experiments.storage.stored_model import ORDERS

PLACES = {"served badly": 0.2, "typical": 0.5, "served well": 0.8}
"""Users at these places in the order of nDCG@10."""
SHOWN = 10


def examples_section(runs: Sequence[Run]) -> Section | None:
    """The same users for each run that has lists of theirs; chosen by the best run's quality."""
    listed = {run: tables[0] for run in runs if (tables := run.tables("topk")) and len(tables[0])}
    if not listed:
        return None
    best = max(listed, key=lambda run: run.result.metrics["test"]["ndcg@10"])
    users = _users(best, listed[best])
    text = (
        f"Users at {', '.join(f'{place:.0%}' for place in PLACES.values())} of the order by nDCG@10 of {best.label}. "
        "✓ marks a hit: a movie among the ratings of the user that were held out."
    )
    movies = {run: titles_of(run) for run in listed}
    bodies = [_user(title, user, best, listed, movies) for title, user in users.items()]
    return Section("Example users", note(text) + "".join(bodies))


def _users(run: Run, lists: pl.DataFrame) -> dict[str, str]:
    """Description → user id."""
    order = run.result.per_user.join(lists.select("user_id").unique(), on="user_id", how="semi")
    order = order.sort("ndcg@10", "user_id")
    chosen = {title: order["user_id"][int(place * (len(order) - 1))] for title, place in PLACES.items()}
    # with few users one may be at several places
    return {
        title: user for title, user in chosen.items() if list(chosen.values()).index(user) == list(chosen).index(title)
    }


def titles_of(run: Run) -> dict[str, str]:
    """Movie id → title."""
    tables = run.tables("movies")
    if not tables or "movie_title" not in tables[0].columns:
        return {}
    return {movie: title for movie, title in tables[0].select("movie_id", "movie_title").iter_rows() if title}


def _user(
    title: str, user: str, best: Run, listed: Mapping[Run, pl.DataFrame], movies: Mapping[Run, Mapping[str, str]]
) -> str:
    """What is known of one user, beside the lists of the models."""
    known = rows_of(best, "known", user)
    order = [name for name in ORDERS if name in known.columns and known[name].n_unique() > 1]
    liked = known.sort(order, descending=True, maintain_order=True).head(SHOWN) if order else known.head(SHOWN)
    stars = liked["user_rating"].to_list() if "user_rating" in liked.columns else [None] * len(liked)
    names = movies[best]
    lines = [
        f"<li>{_escaped(names.get(movie, movie))}{f' – {rating:g}&nbsp;★' if rating is not None else ''}</li>"
        for movie, rating in zip(liked["movie_id"], stars, strict=True)
    ]
    history = f"<ul>{''.join(lines)}</ul>" if lines else "<p class=note>Nothing.</p>"
    heading = (
        f"User {_escaped(user)}, {title}: {len(known):,} movies known, {len(rows_of(best, 'test', user)):,} held out"
    )
    columns = [f"<div><strong>{f'Rated {ORDERS[order[0]]}' if order else 'Known'}</strong>{history}</div>"]
    columns += [_list(run, user, lists, movies[run]) for run, lists in listed.items()]
    return f"<h3>{heading}</h3><div class=lists>{''.join(columns)}</div>"


def _list(run: Run, user: str, lists: pl.DataFrame, names: Mapping[str, str]) -> str:
    """The first movies of a list, hits marked."""
    later = set(rows_of(run, "test", user)["movie_id"])
    own = lists.filter(pl.col("user_id") == user).sort("rank").head(SHOWN)["movie_id"]
    lines = [f"<li{' class=hit' if movie in later else ''}>{_escaped(names.get(movie, movie))}</li>" for movie in own]
    hits = sum(movie in later for movie in own)
    shown = f"<ol>{''.join(lines)}</ol>" if lines else "<p class=note>No list of this user.</p>"
    return f"<div><strong>{_escaped(run.label)}</strong> ({hits} of {len(own)} hits){shown}</div>"


def rows_of(run: Run, name: str, user: str) -> pl.DataFrame:
    """A user's rows of the first replicate's table, without reading all of it."""
    file = run.replicates[0] / f"{name}.parquet"
    if not file.exists():
        return pl.DataFrame(schema={"user_id": pl.String, "movie_id": pl.String})
    return pl.scan_parquet(file).filter(pl.col("user_id") == user).collect()


def _escaped(text: object) -> str:
    return html.escape(str(text))
