"""One version of a model, loaded."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfrs_lab.serving.http import tensorflow
from tfrs_lab.serving.http.batching import Arrays, Batcher
from tfrs_lab.serving.http.catalogue import CATALOGUE_FILE, EXTRA, read_catalogue
from tfrs_lab.serving.http.checks import check_inputs
from tfrs_lab.serving.http.errors import ApiError, invalid
from tfrs_lab.serving.http.payloads.tensors import default_input
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.signature import Signature, Tensor, read_signatures
from tfrs_lab.serving.http.watch import Watch, Watched
from tfrs_lab.serving.manifest import NAME, check_manifest

DEFAULT_SIGNATURE = "serving_default"
_LOG = logging.getLogger("recs.serve")


class Servable:
    """Answers requests until it is closed.

    Attributes:
        name: The model's name.
        version: Its version.
        signatures: Signature name → signature.
        definitions: The same as protocol buffers.
        catalogue: Titles and histories, if the export has them.
        metrics: The run's metrics, if the export has them.
        in_flight: How many requests hold it; guarded by the lock of ``versions.Model``.
    """

    def __init__(
        self,
        name: str,
        version: int,
        directory: Path,
        settings: ServerSettings,
        observe: Callable[[str, int], None] = lambda signature, rows: None,
        watch: Callable[[Watched], None] = lambda watched: None,
        *,
        warm: bool = True,
    ):
        """Loads a version and, unless told not to, calls each signature, so that the first request is no slower.

        Raises:
            Exception: It cannot be loaded; TensorFlow raises errors of many kinds.
        """
        self.name = name
        self.version = version
        self.in_flight = 0
        self._settings = settings
        catalogue = f"{EXTRA}/{CATALOGUE_FILE}"  # whoever wants to publish no histories takes it away
        check_manifest(directory, place=directory / EXTRA / NAME, optional=(catalogue,))
        self.signatures, self.definitions = read_signatures(directory)
        if not self.signatures:
            raise ValueError(f"{directory}: expected a SavedModel with a named signature that has inputs, got none")
        self.catalogue = read_catalogue(directory)
        self.metrics = _read_metrics(directory)
        self._watch, self._watched = Watch(self.catalogue), watch
        self._alive, self._functions = tensorflow.load_functions(directory)
        self._batcher = Batcher(
            self._run, max_rows=settings.max_batch, max_waiting=settings.max_waiting, observe=observe
        )
        if warm:
            self._warm()

    def signature(self, name: str) -> Signature:
        """A signature.

        Raises:
            ApiError: There is none of that name.
        """
        if name not in self.signatures:
            known = ", ".join(self.signatures)
            raise invalid(
                f'Serving signature name: "{name[:100]}" not found in signature def; expected one of: {known}'
            )
        return self.signatures[name]

    async def call(self, signature: Signature, inputs: Mapping[str, np.ndarray]) -> Arrays:
        """Checks and computes one request.

        Args:
            signature: One of ``signatures``.
            inputs: Input name → array.

        Returns:
            Output name → array.

        Raises:
            ApiError: The request makes no sense or the model refuses it.
        """
        rows = check_inputs(inputs, signature, self.catalogue, self._settings)
        return await self.compute(signature, inputs, rows)

    async def compute(self, signature: Signature, inputs: Mapping[str, np.ndarray], rows: int) -> Arrays:
        """As ``call``, for inputs that the server made itself: the limits do not bind them."""
        try:
            outputs = await self._batcher.submit(signature, inputs, rows)
        except tensorflow.BAD_INPUT as error:
            raise invalid(f"the model refused the inputs of {signature.name}: {_first_line(error)}") from None
        except tensorflow.ERRORS as error:
            _LOG.error("%s version %d, %s: %s", self.name, self.version, signature.name, error)
            raise ApiError("INTERNAL", f"{signature.name} failed: {_first_line(error)}") from None
        if (watched := self._watch(signature.name, inputs, outputs)) is not None:
            self._watched(watched)
        return outputs

    def close(self) -> None:
        """Gives the model back; no request may be running."""
        self._batcher.close()
        self._functions.clear()
        self._alive = None

    def _run(self, name: str, arrays: Arrays) -> dict[str, np.ndarray]:
        return tensorflow.call(self._functions[name], arrays)

    def _warm(self) -> None:
        """Calls each signature with one and two rows; that it refuses made-up inputs is no fault of the model."""
        users = list(self.catalogue.users) if self.catalogue else []
        movies = list(self.catalogue.movies) if self.catalogue else []
        ids = {"user_id": users, "movie_id": movies}
        for name, signature in self.signatures.items():
            for rows in (1, 2):
                inputs = {key: _example(key, tensor, rows, ids.get(key)) for key, tensor in signature.inputs.items()}
                try:
                    self._run(name, inputs)
                except tensorflow.BAD_INPUT as error:
                    _LOG.debug("warming %s: %s", name, _first_line(error))


def _example(name: str, tensor: Tensor, rows: int, ids: list[str] | None) -> np.ndarray:
    """Inputs to warm a signature with: its defaults, else known ids, else zeros."""
    try:
        return default_input(name, tensor, rows)
    except ApiError:
        free = tensor.shape or ()
    shape = [rows if axis == 0 else 1 if size is None else size for axis, size in enumerate(free)]
    if tensor.dtype == "string":
        return np.full(shape, ids[0].encode() if ids else b"", dtype=object)
    return np.zeros(shape, dtype=tensor.dtype)


def _read_metrics(directory: Path) -> dict[str, Any]:
    try:
        metrics = json.loads((directory / "assets.extra" / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # metrics are an extra: without them the model serves as well
        return {}
    return metrics if isinstance(metrics, dict) else {}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:500]
