"""Arrays → JSON as TensorFlow Serving writes it: float32 without noise digits, ``-Infinity`` and ``NaN`` as is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfrs_lab.serving.http.errors import invalid


def predictions_body(outputs: Mapping[str, np.ndarray], *, rows: bool) -> bytes:
    """The answer to ``:predict``.

    Args:
        outputs: Output name → array; in row format each with the same first dimension.
        rows: Whether the request was in row format.

    Returns:
        ``{"predictions": [...]}`` or ``{"outputs": ...}``.

    Raises:
        ApiError: In row format, an output has no dimension for the rows.

    >>> predictions_body({"score": np.array([0.1, 2], dtype=np.float32)}, rows=True)
    b'{"predictions": [0.1, 2.0]}'
    """
    values = {name: to_json(outputs[name], as_bytes=name.endswith("_bytes")) for name in sorted(outputs)}
    if not rows:
        content = {"outputs": values if len(values) > 1 else next(iter(values.values()))}
    else:
        content = {"predictions": _rows(outputs, values)}
    return json.dumps(content, ensure_ascii=False).encode()


def to_json(array: np.ndarray, *, as_bytes: bool = False) -> Any:
    """An array as nested lists that ``json`` can write.

    Args:
        array: Any shape; strings as objects of type bytes.
        as_bytes: Write strings as ``{"b64": ...}``.
    """
    if not array.size:
        return np.zeros(array.shape).tolist()
    if array.dtype == object:
        flat = [_text(value, as_bytes) for value in array.ravel().tolist()]
    elif array.dtype == np.float32:
        flat = [float(str(value)) for value in array.ravel()]  # the shortest decimal that is this float32
    else:
        return array.tolist()
    return _nested(flat, array.shape)


def _rows(outputs: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> list[Any]:
    sizes = set()
    for name, array in outputs.items():
        if not array.ndim:
            raise invalid(f"Tensor name: {name} has no shape information; use the column format")
        sizes.add(len(array))
    if len(sizes) > 1:
        raise invalid(f"Outputs have inconsistent batch sizes {sizes}; use the column format")
    if len(values) == 1:
        return list(next(iter(values.values())))
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _text(value: bytes, as_bytes: bool) -> Any:
    if as_bytes:
        return {"b64": base64.b64encode(value).decode()}
    return value.decode("utf-8", "replace")


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    for size in reversed(shape[1:]):
        flat = [flat[start : start + size] for start in range(0, len(flat), size)]
    return flat
