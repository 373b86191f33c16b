"""Reads a request's body without letting it grow beyond the limit."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio

from tfrs_lab.serving.http.errors import ApiError, invalid

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client hung up before its request was complete."""


async def read_body(headers: list[tuple[bytes, bytes]], receive: Receive, limit: int, seconds: float) -> bytes:
    """The body, decompressed if it came as gzip.

    Args:
        headers: Those of the request, names in lower case.
        receive: Gives the body's pieces.
        limit: Most bytes, compressed and decompressed.
        seconds: How long it may take to arrive.

    Raises:
        ApiError: It is larger or later, or not gzip though the headers say so.
        ClientGone: It never ended.
    """
    fields = dict(headers)
    length = fields.get(b"content-length", b"")
    if length.isdigit() and int(length) > limit:
        raise _too_large(f"{int(length):,} bytes", limit)
    try:
        with anyio.fail_after(seconds):
            body = await _pieces(receive, limit)
    except TimeoutError:
        raise ApiError("DEADLINE_EXCEEDED", f"expected the whole body within {seconds:g} s, got a part of it") from None
    return _unzip(body, limit) if fields.get(b"content-encoding", b"").lower() == b"gzip" else body


async def _pieces(receive: Receive, limit: int) -> bytes:
    """The body as it comes, put together."""
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise _too_large("more", limit)
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


def _unzip(body: bytes, limit: int) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, limit + 1)
    except zlib.error as error:
        raise invalid(f"expected a body in gzip, as the header Content-Encoding says, got: {error}") from None
    if len(plain) > limit:
        raise _too_large("more once decompressed", limit)
    if not unzip.eof:
        raise invalid("expected a body in gzip, got one that ends too early")
    return plain


def _too_large(got: str, limit: int) -> ApiError:
    return ApiError("PAYLOAD_TOO_LARGE", f"expected a body of at most {limit:,} bytes, got {got}")
