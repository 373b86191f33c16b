"""Constraints on the fields of a configuration, written as annotations: ``dimension: Annotated[int, AtLeast(1)]``."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints

from tfrs_lab.data.hints import did_you_mean


@dataclass(frozen=True)
class Bound:
    """A limit of numbers; an infinite one only asks for finite numbers."""

    limit: float
    words: ClassVar[str]
    holds: ClassVar[Callable[[float, float], bool]]

    def __str__(self) -> str:
        return "finite" if math.isinf(self.limit) else f"{self.words} {self.limit:g}"

    def allows(self, value: float) -> bool:
        """Whether the number is within the limit."""
        return type(self).holds(value, self.limit)


class AtLeast(Bound):
    """Numbers from the limit on."""

    words, holds = "of at least", operator.ge


class AtMost(Bound):
    """Numbers up to the limit."""

    words, holds = "at most", operator.le


class Above(Bound):
    """Numbers above the limit."""

    words, holds = "above", operator.gt


class Below(Bound):
    """Numbers below the limit."""

    words, holds = "below", operator.lt


@dataclass(frozen=True)
class NotEmpty:
    """Tuples of at least one item, each of which may have to occur once."""

    distinct: bool = False

    def __str__(self) -> str:
        return "at least one, each once" if self.distinct else "at least one"

    def allows(self, value: tuple[Any, ...]) -> bool:
        """Whether the tuple is one of them."""
        return bool(value) and not (self.distinct and len(set(value)) < len(value))


Count = Annotated[int, AtLeast(1)]
Size = Annotated[int, AtLeast(0)]
Positive = Annotated[float, Above(0)]
Finite = Annotated[float, Above(0), Below(math.inf)]
NotNegative = Annotated[float, AtLeast(0)]
Share = Annotated[float, AtLeast(0), Below(1)]
Fraction = Annotated[float, AtLeast(0), AtMost(1)]


class Checked:
    """Base of a dataclass whose annotations are checked, also inside ``tuple[Count, ...]`` and ``Count | None``.

    >>> @dataclass(frozen=True)
    ... class Config(Checked):
    ...     hidden: tuple[Count, ...] = (32,)
    >>> Config(hidden=(32, 0))
    Traceback (most recent call last):
    ValueError: hidden: expected integers of at least 1, got (32, 0)
    """

    def __post_init__(self) -> None:
        """Refuses values that the annotations do not allow; what depends on several fields is checked by subclasses.

        Raises:
            ValueError: Names the field, what was expected and what came.
        """
        for field, hint in get_type_hints(type(self), include_extras=True).items():
            value = getattr(self, field)
            require(_allowed(hint, value), field, _expected(hint), value)


def require_known(name: str, known: Iterable[str], field: str) -> None:
    """Raises ValueError with what may have been meant where a name is none of those that are known.

    >>> require_known("bpr2", ["softmax", "bpr"], "objective")
    Traceback (most recent call last):
    ValueError: objective: expected one of softmax, bpr, got 'bpr2'; did you mean bpr?
    """
    known = list(known)
    require(name in known, field, f"one of {', '.join(known)}", name, did_you_mean(str(name), known))


def require(condition: bool, field: str, expected: str, got: object, hint: str = "") -> None:
    """Raises ValueError naming the field, what was expected and what came."""
    if not condition:
        raise ValueError(f"{field}: expected {expected}, got {got!r}{hint}")


def _allowed(hint: Any, value: Any) -> bool:
    """Whether all constraints in an annotation allow the value."""
    inner = get_args(hint)
    if get_origin(hint) is Annotated:
        return _allowed(inner[0], value) and all(constraint.allows(value) for constraint in inner[1:])
    if get_origin(hint) is tuple:
        return all(_allowed(inner[0], item) for item in value)
    if get_origin(hint) in (Union, UnionType):
        return value is None or all(_allowed(kind, value) for kind in inner if kind is not NoneType)
    return True


def _expected(hint: Any, plural: bool = False) -> str:
    """What an annotation allows, in words."""
    inner = get_args(hint)
    if get_origin(hint) is Annotated:
        one, many = {int: ("an integer", "integers"), float: ("a number", "numbers")}.get(inner[0], ("", ""))
        noun = (many if plural else one) or _expected(inner[0])
        return f"{noun}{' ' if one else ', ' if noun else ''}{' and '.join(map(str, inner[1:]))}"
    if get_origin(hint) is tuple:
        return _expected(inner[0], plural=True)
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(filter(None, ("None" if kind is NoneType else _expected(kind) for kind in inner)))
    return ""
