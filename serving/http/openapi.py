"""TensorFlow Serving's API in the OpenAPI document; it is served outside FastAPI, which therefore does not know it."""

from __future__ import annotations

from typing import Any

_ERROR = {
    "description": "What was expected and what came.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
}
_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
_VERSION = {"name": "version", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
_PREDICT_REQUEST = {
    "type": "object",
    "properties": {
        "signature_name": {"type": "string", "default": "serving_default"},
        "instances": {"type": "array", "description": "Row format: one object for each row."},
        "inputs": {"description": "Column format: named input → tensor."},
    },
    "examples": [{"inputs": {"user_id": ["1", "2"], "exclude": [[], []], "k": 5}}],
}


def rest_paths() -> dict[str, Any]:
    """Path → operations."""
    paths: dict[str, Any] = {}
    for suffix, parameters, which in (
        ("", [_NAME], "the newest version"),
        ("/versions/{version}", [_NAME, _VERSION], "a version"),
    ):
        path = "/v1/models/{name}" + suffix
        paths[path] = {"get": _operation(f"Status of {which if suffix else 'all versions'}", parameters)}
        paths[f"{path}/metadata"] = {"get": _operation(f"Signatures of {which}", parameters)}
        predict = _operation(f"Call a signature of {which}", parameters)
        predict["requestBody"] = {"required": True, "content": {"application/json": {"schema": _PREDICT_REQUEST}}}
        paths[f"{path}:predict"] = {"post": predict}
    return paths


def _operation(summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    answer = {
        "description": "As in TensorFlow Serving.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    return {
        "tags": ["TensorFlow Serving"],
        "summary": summary,
        "parameters": parameters,
        "responses": {"200": answer, "400": _ERROR, "404": _ERROR},
    }
