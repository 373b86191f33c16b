"""Constraints on the fields of a configuration, written as annotations: ``dimension: Annotated[int, AtLeast(1)]``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class AtLeast:
    """Numbers from this one on."""

    limit: float

    def __str__(self) -> str:
        return f"of at least {self.limit:g}"

    def allows(self, value: float) -> bool:
        """Whether the value is one of them."""
        return value >= self.limit


@dataclass(frozen=True)
class AtMost(AtLeast):
    """Numbers up to this one."""

    def __str__(self) -> str:
        return f"at most {self.limit:g}"

    def allows(self, value: float) -> bool:
        """Whether the value is one of them."""
        return value <= self.limit


@dataclass(frozen=True)
class Above(AtLeast):
    """Numbers above this one."""

    def __str__(self) -> str:
        return f"above {self.limit:g}"

    def allows(self, value: float) -> bool:
        """Whether the value is one of them."""
        return value > self.limit


@dataclass(frozen=True)
class Below(AtLeast):
    """Numbers below this one; below infinity they are finite."""

    def __str__(self) -> str:
        return "finite" if math.isinf(self.limit) else f"below {self.limit:g}"

    def allows(self, value: float) -> bool:
        """Whether the value is one of them."""
        return value < self.limit


class NotEmpty:
    """Tuples of at least one."""

    def __str__(self) -> str:
        return "at least one"

    def allows(self, value: tuple[Any, ...]) -> bool:
        """Whether the tuple has any."""
        return bool(value)


class Distinct(NotEmpty):
    """Tuples of at least one, in which nothing occurs twice."""

    def __str__(self) -> str:
        return "at least one, each once"

    def allows(self, value: tuple[Any, ...]) -> bool:
        """Whether the tuple is one of them."""
        return bool(value) and len(set(value)) == len(value)


Count = Annotated[int, AtLeast(1)]
Size = Annotated[int, AtLeast(0)]
Positive = Annotated[float, Above(0)]
Finite = Annotated[float, Above(0), Below(math.inf)]
NotNegative = Annotated[float, AtLeast(0)]
Share = Annotated[float, AtLeast(0), Below(1)]


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


def require(condition: bool, field: str, expected: str, got: object) -> None:
    """Raises ValueError naming the field, what was expected and what came."""
    if not condition:
        raise ValueError(f"{field}: expected {expected}, got {got!r}")


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
