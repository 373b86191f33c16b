"""Sends an answer over ASGI."""

from __future__ import annotations

import logging
from typing import Any

from tfrs_lab.serving.http.body import Send

_LOG = logging.getLogger("recs.serve")


async def respond(send: Send, status: int, body: bytes, content_type: bytes = b"application/json") -> None:
    """Sends a whole answer."""
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def log_failure(scope: Any, error: BaseException) -> None:
    """Writes down what the client is not told."""
    _LOG.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
