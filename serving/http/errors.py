"""An error that a client sees: TensorFlow's status codes, TensorFlow Serving's HTTP codes and body."""

from __future__ import annotations

import json

HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "NOT_FOUND": 404,
    "DEADLINE_EXCEEDED": 408,
    "PAYLOAD_TOO_LARGE": 413,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}


class ApiError(Exception):
    """Something that the client can read and, with a 4xx status, put right.

    Attributes:
        code: A key of ``HTTP_STATUS``.
        message: What was expected and what came.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status."""
        return HTTP_STATUS[self.code]


def invalid(message: str) -> ApiError:
    """The usual error: the request makes no sense."""
    return ApiError("INVALID_ARGUMENT", message)


def error_body(message: str) -> bytes:
    """TensorFlow Serving's body of an error.

    >>> error_body("Servable not found for request: Latest(half)")
    b'{"error": "Servable not found for request: Latest(half)"}'
    """
    return json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", "backslashreplace")
