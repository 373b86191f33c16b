"""A user's own files: small good ones of many kinds, how ours reads them, and what the reference makes of them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from soak import own_reference as own
from soak import reference as ref
from soak.texts import Format, Rows
from tfrs_lab.data import load_files

OWN = (
    b"user_id,movie_id,user_rating,timestamp,note\n"
    b'u1,7,4.5,1500000100,x\n"u,2",8,3,1500000050,"a ""b"""\nu1,8,-1,0,\nu1,7,2,1500000400,"two\nlines"\n'
)
OWN_IMPLICIT = b"movie_id,user_id\n7,u1\n8,u1\n7,u2\n"
PLAIN = (
    b"userId,itemId,rating,timestamp\nu1,7,4.5,1500000100\nu2,8,3,1500000050\nu1,8,1,1500000060\nu1,7,2,1500000300\n"
)
SHOP = (
    b"Customer ID;Product;Score;Date;Note\n"
    b"u1;7;4,5;2017-07-14;x\nu2;8;3;2017-07-15 10:11:12;\nu1;7;2;2017-07-16T01:00+02:00;y\n"
)
LOG = (
    b"visitorid\titemid\tts\nu1\t7\t1500000100000\nu2\t8\t1500000050123\nu1\t7\t1500000300000\n\nu3\t9\t1500000400000\n"
)
NUMBERS = b"u1|7|4.5|1500000100\nu2|8|3|1500000050\nu1|8|1|1.5000002e9\n"
OWN_MOVIES = (
    b"movie_id,movie_title,movie_genres,release_year,release_date\n7,Seven (1990),Drama|War,1990,1990-05-01\n8,,,,\n"
)
OWN_USERS = b"user_id,user_gender,raw_user_age,user_zip_code\nu1,F,31,12\nu2,m,,x\n"


def own_formats(folder: Path) -> list[Format]:
    """The formats of a user's own files, which are read from files in ``folder``."""
    ratings = folder / "ratings.csv"
    ratings.write_bytes(OWN_IMPLICIT)

    def read_ratings(content: bytes, skip: bool = False, columns: Mapping[str, str] | None = None) -> Rows:
        (folder / "own.csv").write_bytes(content)
        dataset = load_files(folder / "own.csv", skip_bad_lines=skip, columns=columns)
        found = dataset.reading[0]
        if found.kept + found.merged + found.skipped != found.rows or found.kept != dataset.ratings.height:
            raise AssertionError(f"rows do not add up: {found}")
        counts = (found.rows, found.kept, found.merged, found.skipped)
        return [counts, *(tuple(row) for row in dataset.ratings.iter_rows())]

    def read_movies(content: bytes) -> Rows:
        (folder / "movies.csv").write_bytes(content)
        table = load_files(ratings, movies=folder / "movies.csv").movies.sort("movie_id")
        columns = ["movie_id", "movie_title", "movie_genres", "release_date"]
        return [(id, title or id, *rest) for id, title, *rest in table.select(columns).iter_rows()]

    def read_users(content: bytes) -> Rows:
        (folder / "users.csv").write_bytes(content)
        table = load_files(ratings, users=folder / "users.csv").users.sort("user_id")
        table = table.with_columns(
            pl.lit(None).alias(name) for name in ("user_gender", "raw_user_age") if name not in table.columns
        )
        return [tuple(row) for row in table.select("user_id", "user_gender", "raw_user_age").iter_rows()]

    names = ["user_id", "movie_id", "user_rating", "timestamp"]
    numbered = {name: str(place) for place, name in enumerate(names, start=1)}
    skipping = partial(read_ratings, skip=True)
    plain = ["userId", "itemId", "rating", "timestamp"]
    shop = _expect(";", ["Customer ID", "Product", "Score", "Date"], skip=True)
    commas = _expect(",", plain, skip=True)
    headed = _headed(b"|".join(name.encode() for name in names), _expect("|", names, skip=True))
    formats = [
        Format("own ratings", OWN, read_ratings, _expect(",", names)),
        Format("own ratings, bad lines skipped", OWN, skipping, _expect(",", names, skip=True)),
        Format("own implicit ratings", OWN_IMPLICIT, skipping, _expect(",", ["user_id", "movie_id"], skip=True)),
        Format("plain ratings", PLAIN, read_ratings, _expect(",", plain)),
        Format("plain ratings, bad lines skipped", PLAIN, skipping, commas),
        Format("a shop's export", SHOP, skipping, shop),
        Format("a log in milliseconds", LOG, skipping, _expect("\t", ["visitorid", "itemid", "ts"], skip=True)),
        Format("ratings in UTF-16", SHOP.decode().encode("utf-16"), skipping, shop),
        Format("ratings that end lines with CR", PLAIN.replace(b"\n", b"\r"), skipping, commas),
        Format("gzipped ratings", gzip.compress(PLAIN, mtime=0), skipping, _gzipped(commas)),
        Format("ratings without a header", NUMBERS, partial(skipping, columns=numbered), headed),
        Format("own movies", OWN_MOVIES, read_movies, _movies),
        Format("own users", OWN_USERS, read_users, _users),
    ]
    return [replace(format, own=True) for format in formats]


def _expect(separator: str, names: Sequence[str], *, skip: bool = False) -> Callable[[bytes], Rows]:
    """The reference for ratings with columns for user, movie, rating and time, or with those of the first and last."""

    def expect(content: bytes) -> Rows:
        file = own.Own(content, separator, names, names[2:], optional=names[2:])
        timed = len(names) > 2 and names[-1] in file.names
        rated = len(names) > 3 and names[2] in file.names
        counts, rows = own.ratings(file, skip=skip, rated=rated, timed=timed)
        return [counts, *rows]

    return expect


def _gzipped(expect: Callable[[bytes], Rows]) -> Callable[[bytes], Rows]:
    def unpacked(content: bytes) -> Rows:
        if not content.startswith(b"\x1f\x8b"):
            raise ref.Unknown
        try:
            return expect(gzip.decompress(content))
        except (EOFError, OSError, zlib.error):
            raise ref.Refused("gzip") from None

    return unpacked


def _headed(header: bytes, expect: Callable[[bytes], Rows]) -> Callable[[bytes], Rows]:
    """The reference for a file without a header: that of the same file with one."""

    def headed(content: bytes) -> Rows:
        lines = [line for line in content.split(b"\n") if line.strip()]
        first = lines[0] if lines else b""
        # Without a header the first line says how many columns there are, and blank lines may come before it.
        others = (b'"', b";", b",", b"\t", b"::", b"\r", b"\xef\xbb\xbf")
        if first.count(b"|") != 3 or any(sign in first for sign in others):
            raise ref.Unknown
        try:
            first.decode()
        except UnicodeDecodeError:
            raise ref.Unknown from None  # it is refused: without it nobody knows how many columns there are
        return expect(header + b"\n" + content)

    return headed


def _movies(content: bytes) -> Rows:
    names = ["movie_id", "movie_title", "movie_genres", "release_year", "release_date"]
    file = own.Own(content, ",", names)
    readers: list[Callable[[str], Any]] = [own.an_id, str, str, own.optional(own.year), own.optional(ref.iso_date)]
    found = own.features(file, readers, {2: own.several})
    rows: Rows = [(id, title or id, genres, day) for id, title, genres, _, day in found]
    return _with(rows, ["7", "8"], lambda id: (id, id, [], None))


def _users(content: bytes) -> Rows:
    file = own.Own(content, ",", ["user_id", "user_gender", "raw_user_age"])
    found = own.features(file, [own.an_id, own.optional(ref.flag), own.optional(ref.real)], {})
    return _with(found, ["u1", "u2"], lambda id: (id, None, None))


def _with(rows: Rows, ids: Sequence[str], filling: Callable[[str], tuple]) -> Rows:
    """The rows, and one for each id that only the ratings name, in the order of ids."""
    known = {row[0] for row in rows}
    return sorted(rows + [filling(id) for id in ids if id not in known], key=lambda row: row[0].encode())
