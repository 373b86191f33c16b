"""Numbers of a baseline's configuration that are chosen on validation where nobody gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Range(Generic[Number]):
    """Where such a number is looked for: the default times powers of √2.

    Attributes:
        default: What it is where nothing is chosen; a search starts here.
        low: No smaller value is tried.
        high: No larger value is tried.
        steps: How a search moves, in powers of √2, coarse to fine: by factors of 4, 2 and 1.4. Finer steps drown in the
            noise of validation.
    """

    default: Number
    low: Number
    high: Number
    steps: tuple[int, ...] = (4, 2, 1)

    def of(self, value: Number | None) -> Number:
        """The value that was given, or the default."""
        return self.default if value is None else value

    def at(self, place: int) -> Number | None:
        """The value so many powers of √2 from the default, to three digits; None outside the range.

        >>> numbers = Range(800.0, 1.0, 20_000.0)
        >>> numbers.at(0), numbers.at(-4), numbers.at(1), numbers.at(20)
        (800.0, 200.0, 1130.0, None)
        """
        value = float(f"{self.default * 2 ** (place / 2):.3g}")
        return type(self.default)(value) if self.low <= value <= self.high else None
