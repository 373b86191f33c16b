"""Reads and changes fields of nested configurations by dotted names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfrs_lab.data.hints import did_you_mean


def value_of(config: Any, name: str) -> Any:
    """The value of a field: ``dimension``, or ``id.dimension`` inside the configuration in the field ``id``.

    Raises:
        ValueError: There is no such field.
    """
    head, _, rest = name.partition(".")
    fields = [field.name for field in dataclasses.fields(config)] if dataclasses.is_dataclass(config) else []
    if head not in fields:
        owner = type(config).__name__
        hint = did_you_mean(head, fields)
        raise ValueError(f"expected a field of {owner} ({', '.join(fields) or 'it has none'}), got {head!r}{hint}")
    value = getattr(config, head)
    return value_of(value, rest) if rest else value


def with_values(config: Any, values: Mapping[str, Any]) -> Any:
    """A copy with other values; the configurations check them together, as if they had been given at once.

    >>> from tfrs_lab.models.baselines import EaseConfig
    >>> with_values(EaseConfig(), {"regularization": 50.0})
    EaseConfig(regularization=50.0, max_exact=12000, neighbours=100, memory_gb=8.0)

    Raises:
        ValueError: There is no such field, or the configuration refuses a value.
    """
    changes: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        before = value_of(config, name)
        if isinstance(value, Mapping) and dataclasses.is_dataclass(before):
            value = with_values(before, value)
        elif dataclasses.is_dataclass(before) and type(value) is not type(before):
            raise ValueError(f"{name}: expected a {type(before).__name__} or its fields as a dictionary, got {value!r}")
        head, _, rest = name.partition(".")
        if rest:
            nested.setdefault(head, {})[rest] = value
        else:
            changes[head] = value
    inner = {head: with_values(changes.get(head, getattr(config, head)), deeper) for head, deeper in nested.items()}
    return dataclasses.replace(config, **{**changes, **inner})


def flatten(config: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted name → value of every field that is no configuration itself.

    >>> from tfrs_lab.models.baselines import EaseConfig
    >>> flatten(EaseConfig())
    {'regularization': None, 'max_exact': 12000, 'neighbours': 100, 'memory_gb': 8.0}
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            values |= flatten(value, f"{prefix}{field.name}.")
        else:
            values[f"{prefix}{field.name}"] = value
    return values


def brief(values: Mapping[str, Any]) -> str:
    """What was chosen, on one line.

    >>> brief({"id": 0.123456, "linear": 1.0, "dimension": None})
    'id 0.1235, linear 1'
    """
    return ", ".join(f"{name} {short(value)}" for name, value in values.items() if value is not None)


def short(value: Any) -> str:
    """A value for a person to read.

    >>> short(0.0123456), short(64), short(True), short(("id", "history"))
    ('0.01235', '64', 'true', 'id+history')
    """
    if isinstance(value, (list, tuple)):
        return "+".join(map(short, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
