"""The one exception for bad input data."""

from __future__ import annotations

from pathlib import Path


def printable(text: str) -> str:
    r"""The text on one line, without what a terminal would obey: control characters are shown as ``�``.

    >>> printable("a\x1b[2J\nb")
    'a�[2J�b'
    """
    return "".join(letter if letter.isprintable() else "�" for letter in text)


class DataError(ValueError):
    """Input data is missing, malformed or unusable; the message is one line that a user can act on.

    >>> str(DataError("expected a whole number, got 'x'", file="u.data", line=3, column="user_id"))
    "u.data, line 3, column user_id: expected a whole number, got 'x'"

    What came may hold anything: line breaks and other control characters in it are shown as ``�``.

    Args:
        reason: What was expected and what came.
        file: The file (inside an archive: ``archive.zip!/folder/file``), if one is to blame.
        line: 1-based line number in that file, its header counted; for Parquet the 1-based row.
        column: Column name (or 1-based field number) in that line.
    """

    def __init__(
        self,
        reason: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        column: str | int | None = None,
    ) -> None:
        self.reason, self.file, self.line, self.column = reason, file, line, column
        where = [str(file)] if file is not None else []
        if line is not None:
            where.append(f"line {line}")
        if column is not None:
            where.append(f"column {column}")
        text = ": ".join([", ".join(where), reason]) if where else reason
        super().__init__(printable(text))

    def at(self, file: str | Path, line: int) -> DataError:
        """The same error, with the place that only the caller knew."""
        return DataError(self.reason, file=file, line=line, column=self.column)
