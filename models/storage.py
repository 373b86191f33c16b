"""Fitted models as named arrays and back: what an .npz file holds without pickle."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from scipy.sparse import csr_matrix, issparse

from tfrs_lab.data.interactions import Vocabulary

State = dict[str, np.ndarray]
Model = TypeVar("Model", bound="Stored")


class Stored:
    """Base of a dataclass of numbers, arrays, csr matrices, vocabularies, mappings of arrays and dataclasses of these.

    An array has the name of its field. Those inside a dataclass or mapping in the field ``warm`` begin with ``warm/``,
    those of a csr matrix with ``warm_``; the metadata of a field may say otherwise, see ``named``. None is not stored.
    """

    def state(self) -> State:
        """Everything that ``from_state`` needs, as plain arrays."""
        return to_arrays(self)

    @classmethod
    def from_state(cls: type[Model], state: Mapping[str, np.ndarray]) -> Model:
        """The inverse of ``state``; what the model computes is the same to the bit."""
        found: Model = from_arrays(cls, state)
        return found


def named(array: str | None, separator: str = "/") -> dict[str, Any]:
    """Metadata of a field: the name of its array, None not to store it; what stands before names inside it."""
    return {"array": array, "separator": separator}


def to_arrays(model: Any) -> State:
    """The arrays of a dataclass, see ``Stored``."""
    arrays: State = {}
    for name, separator, field in _stored_fields(model):
        arrays |= _arrays_of(getattr(model, field), name, separator)
    return arrays


def from_arrays(kind: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The dataclass with these arrays; fields that are not stored have their defaults.

    Raises:
        KeyError: An array is missing, and the field cannot be None.
    """
    hints, fields = get_type_hints(kind), {}
    for name, separator, field in _stored_fields(kind):
        fields[field] = _value(hints[field], arrays, name, separator)
        if fields[field] is None and NoneType not in get_args(hints[field]):
            raise KeyError(name)
    return kind(**fields)


def under(prefix: str, arrays: Mapping[str, np.ndarray]) -> State:
    """The arrays whose names begin with the prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _stored_fields(kind: Any) -> list[tuple[str, str, str]]:
    """Name of the array, separator and name of each stored field."""
    found = [(field.metadata.get("array", field.name), field) for field in dataclasses.fields(kind)]
    return [(name, field.metadata.get("separator", "/"), field.name) for name, field in found if name is not None]


def _arrays_of(value: Any, name: str, separator: str) -> State:
    """The arrays of a field's value."""
    if value is None:
        return {}
    if isinstance(value, Vocabulary):
        return {name: np.array(value.ids, dtype=np.str_)}
    if issparse(value):
        parts = {"data": value.data, "indices": value.indices, "indptr": value.indptr, "shape": np.array(value.shape)}
        return {f"{name}_{part}": array for part, array in parts.items()}
    if not isinstance(value, Mapping) and not dataclasses.is_dataclass(value):
        return {name: np.asarray(value)}
    inner = value if isinstance(value, Mapping) else value.state() if hasattr(value, "state") else to_arrays(value)
    return {f"{name}{separator}{own}" if own else name: array for own, array in inner.items()}


def _value(hint: Any, arrays: Mapping[str, np.ndarray], name: str, separator: str) -> Any:
    """The inverse of ``_arrays_of`` for a field with this annotation."""
    if get_origin(hint) in (Union, UnionType):
        values = (_value(kind, arrays, name, separator) for kind in get_args(hint) if kind is not NoneType)
        return next((value for value in values if value is not None), None)
    kind: Any = get_origin(hint) or hint
    own = arrays.get(name)
    if kind is csr_matrix:
        parts = under(f"{name}_", arrays)
        return _csr(**parts) if "indptr" in parts else None
    if (dataclasses.is_dataclass(kind) and kind is not Vocabulary) or kind is Mapping:
        inner = under(f"{name}{separator}", arrays) | ({} if own is None else {"": own})
        if not inner or kind is Mapping:
            return inner or None
        return kind.from_state(inner) if hasattr(kind, "from_state") else from_arrays(kind, inner)
    return own if own is None or kind is np.ndarray else kind(own.tolist())


def _csr(data: np.ndarray, indices: np.ndarray, indptr: np.ndarray, shape: np.ndarray) -> csr_matrix:
    return csr_matrix((data, indices, indptr), shape=tuple(shape))
