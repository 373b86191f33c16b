"""What ``recs data info`` says of a dataset."""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl

from tfrs_lab.data.dataset import Dataset


def info(dataset: Dataset) -> dict[str, Any]:
    """Counts, ranges and checksum of a dataset, ready for JSON.

    Returns:
        ``name``, ``source``, ``ratings``, ``users``, ``movies`` (rows), ``rated_movies``, ``density`` (ratings ÷ users
        who rated × rated movies), ``ratings_per_user`` and ``ratings_per_movie`` (min, median, mean, max); where the
        data has them ``user_rating`` (min, max, mean, how often each value occurs if there are 20 or fewer) and
        ``timestamp`` (first, last, as ISO 8601 in UTC); ``years`` (first, last, known), ``genres`` (name → movies),
        ``features`` (columns of users), ``dropped_lines``, ``fingerprint``.
    """
    ratings = dataset.ratings
    users, movies = ratings["user_id"].n_unique(), ratings["movie_id"].n_unique()
    result: dict[str, Any] = {
        "name": dataset.name,
        "source": dataset.source,
        "ratings": ratings.height,
        "users": dataset.users.height,
        "movies": dataset.movies.height,
        "rated_movies": movies,
        "density": ratings.height / (users * movies),
        "ratings_per_user": _spread(ratings["user_id"]),
        "ratings_per_movie": _spread(ratings["movie_id"]),
    }
    if dataset.has_ratings:
        result["user_rating"] = _values(ratings["user_rating"])
    if dataset.has_timestamps:
        first, last = ratings.select(first=pl.col("timestamp").min(), last=pl.col("timestamp").max()).row(0)
        result["timestamp"] = {"first": _time(first), "last": _time(last)}
    years = dataset.movies["release_year"].drop_nulls()
    result["years"] = {"first": years.min(), "last": years.max(), "known": len(years)}
    genres = dataset.movies["movie_genres"].explode(empty_as_null=True).drop_nulls().value_counts(sort=True)
    result["genres"] = dict(genres.sort(["count", "movie_genres"], descending=[True, False]).rows())
    result["features"] = [name for name in dataset.users.columns if name != "user_id"]
    result["dropped_lines"] = dataset.dropped_lines
    result["fingerprint"] = dataset.fingerprint
    return result


def _spread(ids: pl.Series) -> dict[str, Any]:
    count = pl.col("count")
    spread = {"min": count.min(), "median": count.median(), "mean": count.mean(), "max": count.max()}
    return ids.value_counts().select(**spread).row(0, named=True)


def _values(values: pl.Series) -> dict[str, Any]:
    value = pl.col("user_rating")
    spread = values.to_frame().select(min=value.min(), max=value.max(), mean=value.cast(pl.Float64).mean())
    counts = values.value_counts().sort("user_rating")
    few = {str(value): count for value, count in counts.rows()} if counts.height <= 20 else None
    return {**spread.row(0, named=True), "counts": few}


def _time(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).isoformat()
