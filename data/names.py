"""What the columns of a user's own files are called, where that is not what we call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from data.dataset import MOVIES_SCHEMA, RATINGS_SCHEMA, USERS_SCHEMA
from data.errors import DataError

HINT = "; --columns OURS=THEIRS says what they are called"
KNOWN = tuple(dict.fromkeys([*RATINGS_SCHEMA, *MOVIES_SCHEMA, *USERS_SCHEMA]))


@dataclass(frozen=True)
class OwnNames:
    """Our names of columns and theirs.

    Attributes:
        theirs: Our name → the file's, for those that differ.
    """

    theirs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_all(cls, theirs: Mapping[str, str] | None) -> OwnNames:
        """Checks that what is renamed are columns of ours.

        Raises:
            DataError: There is no such column.
        """
        for name in theirs or {}:
            if name not in KNOWN:
                raise DataError(f"--columns: expected some of {', '.join(KNOWN)}, got {name!r}")
        return cls(theirs or {})

    def of(self, name: str) -> str:
        """The file's name of one of our columns."""
        return self.theirs.get(name, name)

    def required(self, schema: Iterable[str], always: Iterable[str]) -> tuple[str, ...]:
        """The file's names of what must be there: the columns ``always`` needed, and those that were renamed."""
        return tuple(self.of(name) for name in schema if name in self.theirs or name in tuple(always))


def parse_columns(text: str | None) -> dict[str, str]:
    """What ``--columns`` says.

    >>> parse_columns("user_id=customer, movie_id=film")
    {'user_id': 'customer', 'movie_id': 'film'}

    Raises:
        DataError: An entry is not of the form OURS=THEIRS.
    """
    names = {}
    for entry in text.split(",") if text else ():
        ours, sign, theirs = (part.strip() for part in entry.partition("="))
        if not (ours and sign and theirs):
            raise DataError(f"--columns: expected OURS=THEIRS,OURS=THEIRS, got {entry.strip()!r}")
        names[ours] = theirs
    return names
