"""Every text format with a small good file, how our reader reads it, and what the reference makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from soak import reference as ref
from tfrs_lab.data import DataError
from tfrs_lab.data.reading.archive import in_memory
from tfrs_lab.data.reading.formats import GENRES_100K, OCCUPATIONS_1M, parse_archive

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Format:
    """One file of one format.

    Attributes:
        name: For messages and seeds.
        sample: A good file.
        read: Ours: from bytes to rows, raises DataError.
        expect: The reference: from bytes to rows, raises Refused.
        may_refuse: Ours may refuse what the reference reads.
        own: It is a user's own file: what other programs and people make of such files is tried too.
    """

    name: str
    sample: bytes
    read: Callable[[bytes], Rows]
    expect: Callable[[bytes], Rows | None]
    may_refuse: bool = False
    own: bool = False


def compare(format: Format, content: bytes) -> tuple[str, str | None]:
    """Reads bytes in both ways.

    Returns:
        ``table`` or ``refused``, and what is wrong, None if nothing.
    """
    refusal, found = "", []
    try:
        found = format.read(content)
    except DataError as error:
        refusal = str(error)
        if "\n" in refusal or len(refusal) < 20:
            return "refused", f"expected a message of one line, got {refusal!r}"
    except BaseException as error:
        return "refused", f"expected DataError, got {type(error).__name__}: {error}"
    if refusal and format.may_refuse:
        return "refused", None
    try:
        expected = format.expect(content)
    except ref.Unknown:
        return ("refused" if refusal else "table"), None
    except ref.Refused:
        expected = None
    if refusal:
        return "refused", f"refused what the reference reads: {refusal}" if expected is not None else None
    if expected is None:
        return "table", f"read what the reference refuses: {found[:3]}"
    if found != expected:
        odd = [(one, other) for one, other in zip(found, expected, strict=False) if one != other]
        return "table", f"expected {len(expected)} rows, got {len(found)}; first difference {odd[:1]}"
    return "table", None


U_DATA = b"2\t10\t3\t881250949\n1\t9\t5\t881250949\n2\t9\t1\t0\n7\t10\t4\t900000000\n"
U_ITEM = (
    "9|Misérables, Les (1995)|1-Feb-1995||http://x|0|0|0|0|1|0|0|0|1|0|0|0|0|0|0|0|0|0|0\n"
    "10|unknown|||http://y|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
).encode("latin-1")
U_USER = b"1|24|M|technician|85711\n2|53|F|other|T8H1N\n7|7|F|student|0\n"
R_DAT = b"1::1193::5::978300760\n2::661::3::978302109\n2::1193::3.5::978302110\n"
M_DAT = "661::Élan: a:b (1996)::Children's|Musical\n1193::One (1975)::Drama\n".encode("latin-1")
USERS_DAT = b"1::F::1::10::48067\n2::M::56::16::70072\n"
R_CSV = b'userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n2,31,3.0,1260759179\n2,"32",.5,0\n'
M_CSV = b'movieId,title,genres\n31,"American President, The (1995)",Comedy|Drama\n32,B,(no genres listed)\n'
TAGS_CSV = b'userId,movieId,tag,timestamp\n1,31,Good,1\n1,31," bad ",1\n2,32,good,5\n'
FILES = {
    "100k": {"u.data": U_DATA, "u.item": U_ITEM, "u.user": U_USER},
    "dat": {"ratings.dat": R_DAT, "movies.dat": M_DAT, "users.dat": USERS_DAT},
    "csv": {"ratings.csv": R_CSV, "movies.csv": M_CSV, "tags.csv": TAGS_CSV},
}


def _archived(layout: str, name: str, table: str, columns: Sequence[str]) -> Callable[[bytes], Rows]:
    """Reads a file of an archive, the others good; rows that were added for ids elsewhere are left out."""

    def read(content: bytes) -> Rows:
        parsed = parse_archive(in_memory("soak.zip", FILES[layout] | {name: content}), layout)
        found: pl.DataFrame = getattr(parsed, table).select(columns)
        return [tuple(row) for row in found.iter_rows()]

    return read


def _with_others(key: Callable[[], Sequence[str]], filling: Callable[[str], tuple[Any, ...]], rows: Rows) -> Rows:
    """The rows, and one for each id that only the ratings name, in ascending order, as the readers add them."""
    known = {row[0] for row in rows}
    return rows + [filling(id) for id in sorted(key(), key=int) if id not in known]


def _ids(content: bytes, separator: str, field: int) -> Sequence[str]:
    return sorted({line.split(separator)[field] for line in content.decode().splitlines()})


def _u_item(content: bytes) -> Rows:
    rows = []
    for record in ref.plain(content, "|", 24, "latin-1"):
        flags = [ref.choice("0", "1")(text) for text in record[5:]]
        names = [name for name, given in zip(GENRES_100K, flags, strict=True) if given == "1"]
        rows.append((ref.whole(record[0]), record[1], ref.genres(names), ref.movielens_date(record[2])))
    return _with_others(lambda: _ids(U_DATA, "\t", 1), lambda id: (id, id, [], None), ref.unique(rows))


def _u_user(content: bytes) -> Rows:
    rows: Rows = []
    for id, age, gender, job, place in ref.plain(content, "|", 5, "latin-1"):
        years = ref.single(float(ref.whole(age)))
        rows.append((ref.whole(id), ref.choice("F", "M")(gender) == "M", years, job, place))
    return _with_others(lambda: _ids(U_DATA, "\t", 0), lambda id: (id, None, None, None, None), ref.unique(rows))


def _movies_dat(content: bytes) -> Rows:
    rows: Rows = [
        (ref.whole(id), title, ref.genres(names.split("|")))
        for id, title, names in ref.plain(content, "::", 3, "latin-1")
    ]
    return _with_others(lambda: _ids(R_DAT, "::", 1), lambda id: (id, id, []), ref.unique(rows))


def _users_dat(content: bytes) -> Rows:
    rows: Rows = []
    for id, gender, age, code, place in ref.plain(content, "::", 5, "latin-1"):
        if int(ref.whole(code)) >= len(OCCUPATIONS_1M):
            raise ref.Refused("occupation")
        job = OCCUPATIONS_1M[int(code)]
        rows.append((ref.whole(id), ref.choice("F", "M")(gender) == "M", ref.single(float(ref.whole(age))), job, place))
    return _with_others(lambda: _ids(R_DAT, "::", 0), lambda id: (id, None, None, None, None), ref.unique(rows))


def _columns(content: bytes, names: Sequence[str]) -> list[list[str]]:
    """The named columns of a CSV file with a header."""
    header, records = ref.quoted(content)
    if any(name not in header for name in names):
        raise ref.Refused("columns")
    return [[record[header.index(name)] for name in names] for record in records]


def _exactly(content: bytes, names: Sequence[str]) -> list[list[str]]:
    """The records of a CSV file of GroupLens, whose header must be the official one."""
    header, records = ref.quoted(content)
    if header != list(names):
        raise ref.Refused("header")
    return records


def _movies_csv(content: bytes) -> Rows:
    rows: Rows = [
        (ref.whole(id), title, ref.genres(names.split("|")))
        for id, title, names in _exactly(content, ("movieId", "title", "genres"))
    ]
    return _with_others(lambda: ["31", "32"], lambda id: (id, id, []), ref.unique(rows))


def _tags_csv(content: bytes) -> Rows:
    tags: dict[str, set[str]] = {"31": set(), "32": set()}
    for _, movie, tag, _ in _exactly(content, ("userId", "movieId", "tag", "timestamp")):
        found = tags.setdefault(ref.whole(movie), set())
        found |= {tag.strip().lower()} - {""}
    return [(id, sorted(tags[id])) for id in ("31", "32")]


_NUMERIC = (ref.whole, ref.whole, ref.real, ref.seconds)

RATING_COLUMNS = ("user_id", "movie_id", "user_rating", "timestamp")


_MOVIE = ("movie_id", "movie_title", "movie_genres")
ARCHIVED = [
    Format(
        "u.data",
        U_DATA,
        _archived("100k", "u.data", "ratings", RATING_COLUMNS),
        lambda content: ref.ratings(ref.plain(content, "\t", 4, "utf-8"), _NUMERIC),
    ),
    Format("u.item", U_ITEM, _archived("100k", "u.item", "movies", (*_MOVIE, "release_date")), _u_item),
    Format(
        "u.user",
        U_USER,
        _archived(
            "100k",
            "u.user",
            "users",
            ("user_id", "user_gender", "raw_user_age", "user_occupation_text", "user_zip_code"),
        ),
        _u_user,
    ),
    Format(
        "ratings.dat",
        R_DAT,
        _archived("dat", "ratings.dat", "ratings", RATING_COLUMNS),
        lambda content: ref.ratings(ref.plain(content, "::", 4, "latin-1"), _NUMERIC),
    ),
    Format("movies.dat", M_DAT, _archived("dat", "movies.dat", "movies", _MOVIE), _movies_dat),
    Format(
        "users.dat",
        USERS_DAT,
        _archived(
            "dat",
            "users.dat",
            "users",
            ("user_id", "user_gender", "bucketized_user_age", "user_occupation_text", "user_zip_code"),
        ),
        _users_dat,
    ),
    Format(
        "ratings.csv",
        R_CSV,
        _archived("csv", "ratings.csv", "ratings", RATING_COLUMNS),
        lambda content: ref.ratings(_columns(content, ("userId", "movieId", "rating", "timestamp")), _NUMERIC),
    ),
    Format("movies.csv", M_CSV, _archived("csv", "movies.csv", "movies", _MOVIE), _movies_csv),
    Format("tags.csv", TAGS_CSV, _archived("csv", "tags.csv", "movies", ("movie_id", "tags")), _tags_csv),
]
