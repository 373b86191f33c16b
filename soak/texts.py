"""Every text format with a small good file, how our reader reads it, and what the reference makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from soak import reference as ref
from tfrs_lab.data import DataError
from tfrs_lab.data.reading.archive import in_memory
from tfrs_lab.data.reading.formats import GENRES_100K, OCCUPATIONS_1M, parse_archive

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Format:
    """One file of one format.

    Attributes:
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
    """Reads bytes in both ways: ``table`` or ``refused``, and what is wrong, None if nothing."""
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


def _format(name: str, layout: str, table: str, columns: str, expect: Callable[[bytes], Rows]) -> Format:
    """A file of an archive, the others good.

    The readers add a row for each id that only the ratings name, with nothing in it but, for movies, the id as the
    title; here such rows are added to what the reference finds.
    """
    names = columns.split()

    def read(content: bytes) -> Rows:
        parsed = parse_archive(in_memory("soak.zip", FILES[layout] | {name: content}), layout)
        return [tuple(row) for row in getattr(parsed, table).select(names).iter_rows()]

    def expect_all(content: bytes) -> Rows:
        rows = expect(content)
        if table == "ratings" or name == "tags.csv":
            return rows
        known = {row[0] for row in ref.unique(rows)}
        nothing: dict[str, Any] = {"movie_genres": []}
        return rows + [
            tuple(id if column in ("movie_id", "user_id", "movie_title") else nothing.get(column) for column in names)
            for id in _RATED[layout][table]
            if id not in known
        ]

    return Format(name, FILES[layout][name], read, expect_all)


_RATED = {
    "100k": {"movies": ["9", "10"], "users": ["1", "2", "7"]},
    "dat": {"movies": ["661", "1193"], "users": ["1", "2"]},
    "csv": {"movies": ["31", "32"]},
}
"""Ids that the good ratings name, in ascending order."""


def _ratings(separator: str, encoding: str) -> Callable[[bytes], Rows]:
    parsers = (ref.whole, ref.whole, ref.real, ref.seconds)
    return lambda content: ref.ratings(ref.plain(content, separator, 4, encoding), parsers)


def _u_item(content: bytes) -> Rows:
    rows: Rows = []
    for record in ref.plain(content, "|", 24, "latin-1"):
        flags = [ref.choice("0", "1")(text) for text in record[5:]]
        names = [name for name, given in zip(GENRES_100K, flags, strict=True) if given == "1"]
        rows.append((ref.whole(record[0]), record[1], ref.genres(names), ref.movielens_date(record[2])))
    return rows


def _u_user(content: bytes) -> Rows:
    return [
        (ref.whole(id), ref.choice("F", "M")(gender) == "M", ref.single(float(ref.whole(age))), job, place)
        for id, age, gender, job, place in ref.plain(content, "|", 5, "latin-1")
    ]


def _movies(records: list[list[str]]) -> Rows:
    return [(ref.whole(id), title, ref.genres(names.split("|"))) for id, title, names in records]


def _users_dat(content: bytes) -> Rows:
    rows: Rows = []
    for id, gender, age, code, place in ref.plain(content, "::", 5, "latin-1"):
        if int(ref.whole(code)) >= len(OCCUPATIONS_1M):
            raise ref.Refused("occupation")
        male, years = ref.choice("F", "M")(gender) == "M", ref.single(float(ref.whole(age)))
        rows.append((ref.whole(id), male, years, OCCUPATIONS_1M[int(code)], place))
    return rows


def _csv(content: bytes, names: str, *, exactly: bool = True) -> list[list[str]]:
    """The named columns of a CSV file of GroupLens, whose header must be just these, or at least hold them."""
    header, records = ref.quoted(content)
    wanted = names.split(",")
    if header != wanted if exactly else any(name not in header for name in wanted):
        raise ref.Refused("header")
    return [[record[header.index(name)] for name in wanted] for record in records]


def _ratings_csv(content: bytes) -> Rows:
    records = _csv(content, "userId,movieId,rating,timestamp", exactly=False)
    return ref.ratings(records, (ref.whole, ref.whole, ref.real, ref.seconds))


def _tags_csv(content: bytes) -> Rows:
    tags: dict[str, set[str]] = {"31": set(), "32": set()}
    for _, movie, tag, _ in _csv(content, "userId,movieId,tag,timestamp"):
        found = tags.setdefault(ref.whole(movie), set())
        found |= {tag.strip().lower()} - {""}
    return [(id, sorted(tags[id])) for id in ("31", "32")]


_R, _M = "user_id movie_id user_rating timestamp", "movie_id movie_title movie_genres"
_U = "user_id user_gender {} user_occupation_text user_zip_code"
ARCHIVED = [
    _format("u.data", "100k", "ratings", _R, _ratings("\t", "utf-8")),
    _format("u.item", "100k", "movies", f"{_M} release_date", _u_item),
    _format("u.user", "100k", "users", _U.format("raw_user_age"), _u_user),
    _format("ratings.dat", "dat", "ratings", _R, _ratings("::", "latin-1")),
    _format("movies.dat", "dat", "movies", _M, lambda content: _movies(ref.plain(content, "::", 3, "latin-1"))),
    _format("users.dat", "dat", "users", _U.format("bucketized_user_age"), _users_dat),
    _format("ratings.csv", "csv", "ratings", _R, _ratings_csv),
    _format("movies.csv", "csv", "movies", _M, lambda content: _movies(_csv(content, "movieId,title,genres"))),
    _format("tags.csv", "csv", "movies", "movie_id tags", _tags_csv),
]
