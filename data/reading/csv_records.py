"""Records of CSV files: fields in quotes may hold line breaks; a quote that is never closed spoils one line only."""

from __future__ import annotations

import collections
import csv
from collections.abc import Callable, Iterator, Mapping

from tfrs_lab.data.errors import DataError


class _Lines:
    """Lines that can be given back: all that a record took but its first."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._back: collections.deque[str] = collections.deque()
        self._record: list[str] = []
        self._taken = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._text)
        self._record.append(line)
        self._taken += 1
        return line

    @property
    def several(self) -> bool:
        """Whether more than one line was taken since."""
        return len(self._record) > 1

    def take(self) -> range:
        """The numbers of the lines that were taken since it was last asked."""
        numbers = range(self._taken - len(self._record) + 1, self._taken + 1)
        self._record = []
        return numbers

    def give_back(self) -> int:
        """Puts all lines but the first back, whose number it returns."""
        self._back.extendleft(reversed(self._record[1:]))
        self._taken -= max(len(self._record) - 1, 0)
        self._record = []
        return self._taken


def csv_records(
    text: Iterator[str],
    faults: Mapping[int, DataError],
    separator: str,
    padded: bool,
    plausible: Callable[[list[str]], bool] | None,
) -> Iterator[tuple[int, list[str] | DataError]]:
    """Cuts lines into records; see ``records``.

    ``faults`` says what is wrong with lines, by their numbers, and grows while lines are taken.
    """
    lines, reader = _Lines(text), None
    while True:
        reader = reader or csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=padded)
        try:
            fields = next(reader, None)
        except csv.Error as error:
            yield lines.give_back(), _cut(str(error))
            reader = None
            continue
        if fields is None:
            return
        if lines.several and plausible is not None and not plausible(fields):
            yield lines.give_back(), _cut("")
            reader = None
            continue
        numbers = lines.take()  # several where a quoted field holds line breaks
        yield numbers[0], next((faults[line] for line in numbers if line in faults), fields)


def _cut(error: str) -> DataError:
    """What is wrong with a record, in other words than Python's."""
    if "new-line" in error:
        return DataError("expected fields on one line, got a carriage return (CR) inside it")
    if "expected after" in error:
        return DataError("expected quotes around whole fields, got one that is never closed, or text behind one")
    return DataError("expected quotes that are closed, got one that never is")
