"""What the columns of a user's own files are called, where that is not what we call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tfrs_lab.data.dataset import MOVIES_SCHEMA, RATINGS_SCHEMA, USERS_SCHEMA
from tfrs_lab.data.errors import DataError

SCHEMAS = {"ratings": RATINGS_SCHEMA, "movies": MOVIES_SCHEMA, "users": USERS_SCHEMA}
KNOWN = tuple(dict.fromkeys(name for schema in SCHEMAS.values() for name in schema))
_NEEDED = ("user_id", "movie_id", "ratings.user_id", "ratings.movie_id", "movies.movie_id", "users.user_id")


@dataclass(frozen=True)
class OwnNames:
    """Our names of columns and theirs.

    Attributes:
        theirs: Our name, alone or behind the file's kind (``movies.movie_id``) → the file's. An empty name leaves the
            column unread; a whole number is the column's place, from 1, in a file without a header.
    """

    theirs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_all(cls, theirs: Mapping[str, str] | None) -> OwnNames:
        """Checks that what is renamed are columns of ours.

        Raises:
            DataError: There is no such column, or one that is needed would be left unread.
        """
        for name, their in (theirs or {}).items():
            kind, dot, column = name.rpartition(".")
            if column not in (SCHEMAS.get(kind, {}) if dot else KNOWN):
                known = f"some of {', '.join(KNOWN)}, perhaps behind ratings., movies. or users."
                raise DataError(f"--columns: expected {known}, got {name!r}")
            if not str(their) and name in _NEEDED:
                raise DataError(f"--columns: expected a name, since {column} is needed, got {name + '='!r}")
        return cls({name: str(their) for name, their in (theirs or {}).items()})

    def of_file(self, kind: str) -> dict[str, str]:
        """What holds for one kind of file: our name → the file's; the kind's own entries have precedence.

        Places of columns without a kind are those of ratings.

        >>> names = OwnNames({"movie_id": "artistID", "movies.movie_id": "id"})
        >>> names.of_file("ratings"), names.of_file("movies")
        ({'movie_id': 'artistID'}, {'movie_id': 'id'})
        """
        places = kind in ("movies", "users")
        plain = {
            name: their for name, their in self.theirs.items() if "." not in name and not (places and their.isdigit())
        }
        own = {
            name.removeprefix(f"{kind}."): their for name, their in self.theirs.items() if name.startswith(f"{kind}.")
        }
        return plain | own

    def is_own(self, kind: str, name: str) -> bool:
        """Whether a column was renamed for this kind of file alone."""
        return f"{kind}.{name}" in self.theirs


def parse_columns(text: str | None) -> dict[str, str]:
    """What ``--columns`` says.

    >>> parse_columns("user_id=customer, movies.movie_id=film, timestamp=")
    {'user_id': 'customer', 'movies.movie_id': 'film', 'timestamp': ''}

    Raises:
        DataError: An entry is not of the form OURS=THEIRS.
    """
    names = {}
    for entry in text.split(",") if text else ():
        ours, sign, theirs = (part.strip() for part in entry.partition("="))
        if not (ours and sign) or (not theirs and ours in _NEEDED):
            raise DataError(f"--columns: expected OURS=THEIRS,OURS=THEIRS, got {entry.strip()!r}")
        names[ours] = theirs
    return names
