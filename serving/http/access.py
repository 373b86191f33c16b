"""Who may ask: an optional key, no other origins, and headers that keep a browser from being used against its user."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.middleware.cors import CORSMiddleware

from tfrs_lab.serving.http.body import Receive, Send
from tfrs_lab.serving.http.errors import error_body
from tfrs_lab.serving.http.respond import respond

KEY_VARIABLE = "RECS_API_KEY"
_LEAST_KEY = 16
_OPEN = frozenset({"/", "/health", "/docs", "/openapi.json", "/favicon.ico"})
"""What tells nothing about users or models; everything else asks for the key, if there is one."""
_OPEN_FOLDERS = ("/static/", "/static-offline-docs/")
_STRICT = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_DOCS = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True)
class Access:
    """What is asked of clients.

    Attributes:
        key: The key that requests must carry; None for none.
        origins: Whose pages may call the server from a browser, such as ``https://example.org``.
    """

    key: str | None = field(default=None, repr=False)
    origins: tuple[str, ...] = ()


EVERYBODY = Access()
"""Nothing is asked."""


def read_key(file: Path | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key, from a file or from ``$RECS_API_KEY``: on the command line every user of the machine could read it.

    Args:
        file: Holds the key and nothing else; None for the variable.
        environment: Where the variable is.

    Raises:
        ValueError: There are two, or it is too short, or nothing that fits into a header.
        OSError: The file cannot be read.
    """
    variable = environment.get(KEY_VARIABLE)
    if file is not None and variable is not None:
        raise ValueError(f"--api-key-file and ${KEY_VARIABLE}: expected one of them, got both")
    key = file.read_text(encoding="utf-8").strip() if file is not None else variable
    if key is None:
        return None
    where = "--api-key-file" if file is not None else f"${KEY_VARIABLE}"
    if len(key) < _LEAST_KEY or not (key.isascii() and key.isprintable() and " " not in key):
        raise ValueError(
            f"{where}: expected at least {_LEAST_KEY} printable ASCII characters without spaces, got others"
        )
    return key


class Guard:
    """An ASGI application around another: looks at the key, adds headers."""

    def __init__(self, application: Any, access: Access):
        """Guards an application.

        Args:
            application: What answers.
            access: What is asked of clients.
        """
        self._key = access.key.encode() if access.key is not None else None
        self._application: Any = application
        if access.origins:
            self._application = CORSMiddleware(
                application,
                allow_origins=access.origins,
                allow_methods=("GET", "POST"),
                allow_headers=("authorization", "content-type", "x-api-key"),
            )

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        async def hardened(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                more = (*_HEADERS, (b"content-security-policy", _policy(scope["path"])), *_caching(scope["path"]))
                message = {
                    **message,
                    "headers": [*message["headers"], *(pair for pair in more if pair[0] not in given)],
                }
            await send(message)

        if self._key is None or _is_open(scope) or self._has_key(scope["headers"]):
            await self._application(scope, receive, hardened)
        else:
            body = error_body("expected the key of this server as Authorization: Bearer KEY or X-API-Key: KEY")
            await respond(hardened, 401, body)

    def _has_key(self, headers: list[tuple[bytes, bytes]]) -> bool:
        given = b""
        for name, value in headers:
            if name == b"x-api-key":
                given = value
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                given = value[7:].strip()
        return hmac.compare_digest(given, self._key or b"")


def _is_open(scope: Any) -> bool:
    path = scope["path"]
    preflight = scope["method"] == "OPTIONS"  # a browser sends it without any key, and it is answered without data
    return preflight or path in _OPEN or path.startswith(_OPEN_FOLDERS)


def _policy(path: str) -> bytes:
    return _DOCS if path == "/docs" else _STRICT


def _caching(path: str) -> tuple[tuple[bytes, bytes], ...]:
    """Histories and recommendations are nobody's to keep."""
    return ((b"cache-control", b"no-store"),) if path.lower().startswith(("/api", "/v1")) else ()
