"""TensorFlow Serving's REST API, everything under ``/v1``.

A plain ASGI application: this is the path that has to be fast. Paths, bodies, messages and statuses are those of
``tensorflow_serving/model_servers/http_rest_api_handler.cc``.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import unquote

from tfrs_lab.serving.http.body import ClientGone, Receive, Send, read_body
from tfrs_lab.serving.http.errors import ApiError, error_body, invalid
from tfrs_lab.serving.http.metrics import Metrics
from tfrs_lab.serving.http.models import Models
from tfrs_lab.serving.http.payloads.output import predictions_body
from tfrs_lab.serving.http.payloads.tensors import parse_json, read_inputs
from tfrs_lab.serving.http.payloads.values import shown
from tfrs_lab.serving.http.respond import log_failure, respond
from tfrs_lab.serving.http.servable import DEFAULT_SIGNATURE, Servable
from tfrs_lab.serving.http.settings import ServerSettings
from tfrs_lab.serving.http.status import metadata, statuses
from tfrs_lab.serving.http.versions import Model

_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PREDICT = re.compile(rf"/v1/models/(?P<name>[^/:]+){_VERSION}:(?P<method>classify|regress|predict)", re.IGNORECASE)
_STATUS = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION}(?:/(?P<method>metadata))?", re.IGNORECASE)
_PATTERNS = {"POST": _PREDICT, "GET": _STATUS}
_LARGEST_VERSION = 2**63 - 1
_KINDS = {"classify": "classification", "regress": "regression"}


class RestApi:
    """The application."""

    def __init__(self, models: Models, settings: ServerSettings, metrics: Metrics):
        """Serves some models.

        Args:
            models: Which ones.
            settings: The limit of bodies.
            metrics: Counts requests.
        """
        self._models = models
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = time.perf_counter()
        found = _match(scope)
        name = unquote(found["name"]) if found and found["name"] else ""
        method = ((found and found["method"]) or "status").lower()
        try:
            status, body = 200, await self._answer(scope, receive, found, name)
        except ApiError as error:
            status, body = error.status, error_body(error.message)
        except ClientGone:
            return
        except Exception as error:
            log_failure(scope, error)
            status, body = 500, error_body("internal error; the server's log says more")
        await respond(send, status, body)
        label = name if name in self._models else "unknown"
        self._metrics.request(label, method, status, time.perf_counter() - started)

    async def _answer(self, scope: Any, receive: Receive, found: re.Match[str] | None, name: str) -> bytes:
        if found is None:
            raise invalid(f"Malformed request: {scope['method']} {scope['path']}")
        version = _version(found)
        if scope["method"] == "GET":
            return self._look(found, name, version)
        body = await read_body(scope["headers"], receive, self._settings.max_body, self._settings.request_seconds)
        with self._model(name, version).use(version) as servable:
            if found["method"].lower() != "predict":
                raise _wrong_method(servable, found["method"].lower(), body)
            return await predict(servable, body)

    def _look(self, found: re.Match[str], name: str, version: int | None) -> bytes:
        if not name:
            raise invalid("Missing model name in request.")
        if found["method"]:
            with self._model(name, version).use(version) as servable:
                content = metadata(servable)
        else:
            content = statuses(self._models.get(name), name, version)
        return json.dumps(content, indent=1).encode() + b"\n"

    def _model(self, name: str, version: int | None) -> Model:
        model = self._models.get(name)
        if model is None:
            request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise ApiError("NOT_FOUND", f"Servable not found for request: {request}")
        return model


async def predict(servable: Servable, body: bytes) -> bytes:
    """Answers a request to ``:predict``.

    Args:
        servable: The version that answers.
        body: The request's JSON.

    Returns:
        JSON in the format of the request.

    Raises:
        ApiError: The request cannot be answered.
    """
    document = parse_json(body)
    name = document.get("signature_name", DEFAULT_SIGNATURE)
    if not isinstance(name, str):
        problem = "not formatted correctly. 'signature_name' key must be a string value."
        raise invalid(f"JSON Value: {shown(document)} {problem}")
    signature = servable.signature(name or DEFAULT_SIGNATURE)
    inputs, rows = read_inputs(document, signature)
    return predictions_body(await servable.call(signature, inputs), rows=rows)


def _match(scope: Any) -> re.Match[str] | None:
    pattern = _PATTERNS.get(scope["method"])
    # the path as it came: a name may hold an encoded slash or colon
    path = scope.get("raw_path") or scope["path"].encode()
    return pattern.fullmatch(path.split(b"?")[0].decode("latin-1")) if pattern else None


def _version(found: re.Match[str]) -> int | None:
    if found["label"]:
        raise invalid(f"Unrecognized servable version label: {unquote(found['label'])}")
    if not found["version"]:
        return None
    version = int(found["version"][:20])
    if version > _LARGEST_VERSION:
        raise invalid(f"Failed to convert version: {found['version'][:100]} to numeric.")
    return version


def _wrong_method(servable: Servable, method: str, body: bytes) -> ApiError:
    name = parse_json(body).get("signature_name") or DEFAULT_SIGNATURE
    got = servable.signature(name if isinstance(name, str) else DEFAULT_SIGNATURE).method
    return invalid(f"Expected {_KINDS[method]} signature method_name to be tensorflow/serving/{method}. Was: {got}")
