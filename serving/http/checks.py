"""Requests that the model could compute but that make no sense, and the server's limits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfrs_lab.serving.http.catalogue import Catalogue
from tfrs_lab.serving.http.errors import invalid
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.signature import Signature


def check_inputs(
    arrays: Mapping[str, np.ndarray],
    signature: Signature,
    catalogue: Catalogue | None,
    settings: ServerSettings,
) -> int:
    """Checks shapes, limits and meaning of a request.

    Args:
        arrays: Input name → array, types already right.
        signature: What the model expects.
        catalogue: Which users and movies there are, if known.
        settings: The limits.

    Returns:
        The number of rows.

    Raises:
        ApiError: The first thing that is wrong.
    """
    for name, array in arrays.items():
        _check_shape(name, array, signature)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            wrong = array[~np.isfinite(array)][0]
            raise invalid(f"named input {name}: expected finite numbers, got {wrong}")
    rows = _rows(arrays, signature)
    if not 1 <= rows <= settings.max_batch:
        raise invalid(f"expected 1 to {settings.max_batch} rows in a request, got {rows}")
    if "k" in arrays and signature.inputs["k"].is_scalar:
        k = int(arrays["k"])
        if not 1 <= k <= settings.max_k:
            raise invalid(f"named input k: expected 1 to {settings.max_k}, got {k}")
    if signature.name.startswith("recommend_for_history"):
        _check_events(arrays)
        _check_histories(arrays, catalogue)
    elif signature.name == "recommend_since":
        _check_events(arrays)
        _check_since(arrays, catalogue)
    elif catalogue is not None:
        _check_users(arrays, catalogue)
        if signature.name == "similar_movies":
            _check_movies(arrays, catalogue)
    return rows


def _check_shape(name: str, array: np.ndarray, signature: Signature) -> None:
    expected = signature.inputs[name].shape
    if expected is None:
        return
    fits = len(expected) == array.ndim and all(
        size is None or size == got for size, got in zip(expected, array.shape, strict=True)
    )
    if not fits:
        shape = [-1 if size is None else size for size in expected]
        raise invalid(f"named input {name}: expected shape {shape} (-1 is any size), got {list(array.shape)}")


def _rows(arrays: Mapping[str, np.ndarray], signature: Signature) -> int:
    """The size of the first dimension, on which all inputs except scalars must agree."""
    sizes = {name: len(array) for name, array in arrays.items() if not signature.inputs[name].is_scalar and array.ndim}
    if len(set(sizes.values())) > 1:
        raise invalid(f"expected the same number of rows in all named inputs, got {sizes}")
    return next(iter(sizes.values()), 1)


def _check_users(arrays: Mapping[str, np.ndarray], catalogue: Catalogue) -> None:
    if "user_id" not in arrays or not catalogue.users:
        return
    for value in arrays["user_id"].ravel():
        if _text(value) not in catalogue.users:
            raise invalid(
                f"named input user_id: unknown user {_text(value)[:100]!r}; for someone the model has not seen, name "
                "movies (recommend_for_history)"
            )


def _check_movies(arrays: Mapping[str, np.ndarray], catalogue: Catalogue) -> None:
    if "movie_id" not in arrays or not catalogue.movies:
        return
    for value in arrays["movie_id"].ravel():
        if _text(value) not in catalogue.movies:
            raise invalid(f"named input movie_id: unknown movie {_text(value)[:100]!r}")


def _check_events(arrays: Mapping[str, np.ndarray]) -> None:
    for name in ("rating", "timestamp"):
        if name in arrays and arrays[name].shape != arrays["movie_id"].shape:
            raise invalid(
                f"named inputs movie_id and {name}: expected one {name} for each movie, got shapes "
                f"{list(arrays['movie_id'].shape)} and {list(arrays[name].shape)}"
            )


def _check_since(arrays: Mapping[str, np.ndarray], catalogue: Catalogue | None) -> None:
    """Users whom nobody knows need events that tell of them."""
    known = catalogue.movies if catalogue is not None else {}
    told = [any(value and (not known or _text(value) in known) for value in row) for row in arrays["movie_id"]]
    if catalogue is not None:
        _check_users({"user_id": arrays["user_id"][~np.array(told, bool)]}, catalogue)


def _check_histories(arrays: Mapping[str, np.ndarray], catalogue: Catalogue | None) -> None:
    for row, ids in enumerate(arrays["movie_id"]):
        named = [_text(value) for value in ids if value]
        if not named:
            raise invalid(f"named input movie_id: the history of row {row} is empty; expected at least one movie")
        if catalogue is not None and catalogue.movies and not any(name in catalogue.movies for name in named):
            raise invalid(f"named input movie_id: row {row} names no movie that is known; got {named[:5]}")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
