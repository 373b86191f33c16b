"""Which column of a file is which of ours: by our own name, by ``--columns``, or by a name that is well known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.names import OwnNames
from tfrs_lab.data.reading.records import NUMBER

HINT = "; --columns OURS=THEIRS says what they are called"
_FEATURES = ("movies", "users")
_ITEMS = (
    "item movie film product article track song artist book business game app video show recipe news venue poi hotel "
    "restaurant anime joke beer paper document doc post listing course place"
)
_USERS = "user customer visitor client reviewer listener reader member buyer shopper player subscriber account"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _with_id(words: str) -> frozenset[str]:
    return frozenset(word + ending for word in words.split() for ending in ("", "id", "no", "number", "code", "key"))


WELL_KNOWN: dict[str, frozenset[str]] = {
    "user_id": _with_id(_USERS) | {"uid"},
    "movie_id": _with_id(_ITEMS) | {"iid", "asin", "isbn", "sku", "stockcode", "ean", "gtin"},
    "user_rating": _words(
        "rating ratings userrating score stars star starrating overall bookrating movierating itemrating ratingvalue "
        "reviewrating reviewscore ratingscore"
    ),
    "timestamp": _words(
        "timestamp timestamps time date datetime ts unixtime unixtimestamp epoch unixreviewtime eventtime eventdate "
        "eventtimestamp createdat ratedat ratingtime ratingdate reviewdate purchasedate invoicedate orderdate "
        "timestampms timems listenedat playedat"
    ),
    "movie_title": _words(
        "title name movietitle moviename filmtitle itemname itemtitle productname producttitle artistname trackname "
        "songtitle booktitle gametitle"
    ),
    "movie_genres": _words("genres genre moviegenres moviegenre categories category itemcategories"),
    "release_year": _words("year releaseyear yearofpublication publicationyear yearpublished"),
    "release_date": _words("releasedate released publicationdate publisheddate"),
    "tags": _words("tags tag keywords"),
    "user_gender": _words("gender sex usergender"),
    "raw_user_age": _words("age userage rawuserage"),
    "user_occupation_text": _words("occupation job profession useroccupation"),
    "user_zip_code": _words("zip zipcode postcode postalcode userzipcode"),
}
"""Names without case, spaces, underscores and other signs."""
_IF_NOTHING_ELSE: dict[str, frozenset[str]] = {
    "user_id": _words("session sessionid username userhash id"),
    "movie_id": _words("parentasin id"),
    "timestamp": _words("reviewtime created"),
}
"""Names that count where none of the others is there; ``id`` in a file of movies or users alone."""


def bare(name: str) -> str:
    """A name as ``WELL_KNOWN`` has it.

    >>> bare(' "User ID"'), bare("movie.id"), bare("item_id:token")
    ('userid', 'movieid', 'itemid')
    """
    name = re.sub(r":(token|float|token_seq|float_seq)$", "", name.strip())  # RecBole's atomic files
    return "".join(letter for letter in name.lower() if letter.isalnum())


@dataclass(frozen=True)
class Columns:
    """The file's header, and our name → its place there; ``numbered`` where the file has none and names are places."""

    header: tuple[str, ...]
    places: Mapping[str, int]
    numbered: bool = False

    def theirs(self, ours: str) -> str:
        """The file's name of one of our columns."""
        return self.header[self.places[ours]]

    @property
    def renamed(self) -> dict[str, str]:
        """Our name → the file's, where they differ."""
        return {ours: self.theirs(ours) for ours in self.places if self.theirs(ours) != ours}

    @property
    def passed_over(self) -> tuple[str, ...]:
        """The file's other columns, but for those without a name."""
        taken = set(self.places.values())
        return tuple(name for place, name in enumerate(self.header) if place not in taken and name)


def resolve(
    header: Sequence[str], schema: Iterable[str], required: Sequence[str], names: OwnNames, kind: str
) -> Columns:
    """Finds our columns."""
    header, schema = [name.strip() for name in header], list(schema)
    given = {ours: theirs for ours, theirs in names.of_file(kind).items() if ours in schema}
    places: dict[str, int] = {}
    missing: list[str] = []
    for ours, theirs in given.items():
        if theirs:
            place = _named(header, theirs)
            # Of a name that holds for all files, a file of movies or users may know nothing where ratings do.
            if place is None and (kind not in _FEATURES or ours not in required or names.is_own(kind, ours)):
                missing.append(theirs)
            elif place is not None:
                places[ours] = place
    for ours in schema:
        if ours not in places and (ours not in given or (given[ours] and ours in required and kind in _FEATURES)):
            found = _well_known(header, ours, schema, set(places.values()), kind)
            if found is not None:
                places[ours] = found
            elif ours in required:
                missing.append(ours)
    if missing:
        wanted = [given.get(ours) or ours for ours in schema if ours in required or given.get(ours)]
        first = next((name for name in wanted if name in missing), missing[0])
        came = ", ".join(header) or "nothing"
        raise DataError(f"expected the columns {', '.join(wanted)}, got {came}{HINT}", column=first)
    return Columns(tuple(header), {ours: places[ours] for ours in schema if ours in places})


def numbered(count: int, schema: Iterable[str], required: Sequence[str], given: Mapping[str, str]) -> Columns:
    """Our columns in a file without a header."""
    places = {}
    for ours in schema:
        if not given.get(ours):
            if ours in required:
                raise DataError(f"--columns: expected a number for {ours} too: {ours}=2", column=ours)
            continue
        text = given[ours]
        if not text.isdigit() or not 1 <= int(text) <= count:
            raise DataError(f"--columns: expected the number of a column, 1 to {count}, got {text!r}", column=ours)
        places[ours] = int(text) - 1
    return Columns(tuple(str(place + 1) for place in range(count)), places, numbered=True)


def looks_like_data(header: Sequence[str]) -> bool:
    """Whether a first line is no header: it has numbers or dates in it."""
    return any(re.fullmatch(rf"{NUMBER}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}.*", name.strip()) for name in header)


def no_header(header: Sequence[str], kind: str) -> DataError:
    """What to say of a file whose first line is no header."""
    ours = ["user_id", "movie_id", "user_rating", "timestamp"]
    if len(header) == 3 and re.fullmatch(r"[0-9]{9,}(\.[0-9]*)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*", header[2].strip()):
        ours = ["user_id", "movie_id", "timestamp"]
    if not kind:
        return DataError(f"expected a first line with the names of columns, got {', '.join(header)}{HINT}")
    if kind == "movies":
        ours = ["movie_id", "movie_title", "movie_genres"]
    elif kind == "users":
        ours = ["user_id", "user_gender", "raw_user_age"]
    ours = ours[: max(len(header), 1)]
    prefix = "" if kind == "ratings" else f"{kind}."
    numbers = ",".join(f"{prefix}{name}={place}" for place, name in enumerate(ours, start=1))
    came = f"the file seems to have no header, it begins with {', '.join(header)}"
    way = f"put a line such as {','.join(ours)} before it, or say which column is which: --columns {numbers}"
    return DataError(f"expected a first line with the names of columns, got none: {came}; {way}")


def _named(header: Sequence[str], theirs: str) -> int | None:
    """The place of a column that was named, by its name, else by one that differs in case and signs alone."""
    places = [place for place, name in enumerate(header) if name == theirs.strip()]
    places = places or [place for place, name in enumerate(header) if bare(name) and bare(name) == bare(theirs)]
    if len(places) > 1:
        raise DataError(f"expected each column once, got {', '.join(header)}")
    return places[0] if places else None


def _well_known(header: Sequence[str], ours: str, schema: Sequence[str], taken: set[int], kind: str) -> int | None:
    free = [place for place in range(len(header)) if place not in taken]
    exact = [place for place in free if header[place] == ours]
    if len(exact) > 1:
        raise DataError(f"expected each column once, got {', '.join(header)}")
    if exact:
        return exact[0]
    free = [place for place in free if header[place] not in schema]  # those are others of ours
    others = _IF_NOTHING_ELSE.get(ours, frozenset()) - ({"id"} if kind not in _FEATURES else set())
    for known in (WELL_KNOWN.get(ours, frozenset()) | {bare(ours)}, others):
        places = [place for place in free if bare(header[place]) in known]
        if len({header[place] for place in places}) == 1 < len(places):
            raise DataError(f"expected each column once, got {', '.join(header)}")
        if len(places) > 1:
            found = " and ".join(header[place] for place in places)
            way = f"--columns {ours}={header[places[0]]} says which"
            unread = "" if ours in ("user_id", "movie_id") else f", {ours}= leaves them unread"
            raise DataError(f"expected one column for {ours}, got {found}; {way}{unread}", column=ours)
        if places:
            return places[0]
    return None
