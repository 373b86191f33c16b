"""The whole server as one ASGI application."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from tfrs_lab.serving.http.api.routes import api_router
from tfrs_lab.serving.http.body import ClientGone, Receive, Send, read_body
from tfrs_lab.serving.http.errors import ApiError, error_body
from tfrs_lab.serving.http.metrics import CONTENT_TYPE, Metrics
from tfrs_lab.serving.http.models import Models
from tfrs_lab.serving.http.openapi import rest_paths
from tfrs_lab.serving.http.respond import log_failure, respond
from tfrs_lab.serving.http.rest import RestApi
from tfrs_lab.serving.http.settings import ServerSettings

_STATIC = Path(__file__).parent / "static"
_DESCRIPTION = """TensorFlow Serving's REST API under `/v1`, and a friendlier one under `/api`."""
_PAGE_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"


class Application:
    """Sends ``/v1`` to TensorFlow Serving's API and everything else to FastAPI, counts, and limits bodies."""

    def __init__(self, models: Models, settings: ServerSettings, metrics: Metrics):
        """Serves some models.

        Args:
            models: Loaded by whoever runs the application.
            settings: The limits.
            metrics: Counts requests.
        """
        self._settings = settings
        self._metrics = metrics
        self._rest = RestApi(models, settings, metrics)
        self._pages = create_pages(models, metrics)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
        elif scope["path"].lower().startswith("/v1/"):
            await self._rest(scope, receive, send)
        else:
            await self._page(scope, receive, send)

    async def _page(self, scope: Any, receive: Receive, send: Send) -> None:
        started, status = time.perf_counter(), 500

        async def noting(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            settings = self._settings
            body = await read_body(scope["headers"], receive, settings.max_body, settings.request_seconds)
            # any body here is JSON, whatever the client calls it: curl -d says it is a form
            headers = [pair for pair in scope["headers"] if pair[0] not in (b"content-encoding", b"content-type")]
            headers.append((b"content-type", b"application/json"))
            await self._pages({**scope, "headers": headers}, _replaying(body, receive), noting)
        except ApiError as error:
            await respond(noting, error.status, error_body(error.message))
        except ClientGone:
            return
        self._metrics.request("", _kind(scope["path"]), status, time.perf_counter() - started)


def create_pages(models: Models, metrics: Metrics) -> FastAPI:
    """The part that FastAPI serves: ``/api``, the page, health, metrics, documentation.

    Args:
        models: What is asked.
        metrics: What ``/metrics`` shows.
    """
    app = FastAPIOffline(redoc_url=None, title="TFRS Lab", description=_DESCRIPTION, version="1")
    app.include_router(api_router(models))
    _add_errors(app)
    _add_operations(app, models, metrics)
    _add_page(app)
    _add_rest_to_openapi(app)
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def on_api_error(request: Request, error: ApiError) -> Response:
        return _error(error.status, error.message)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        return _error(400, f"{where or 'body'}: {first['msg']}, got {str(first.get('input'))[:100]!r}")

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        return _error(error.status_code, f"{error.detail}: {request.method} {request.url.path}")

    @app.exception_handler(Exception)
    async def on_failure(request: Request, error: Exception) -> Response:
        log_failure(request.scope, error)
        return _error(500, "internal error; the server's log says more")


def _add_operations(app: FastAPI, models: Models, metrics: Metrics) -> None:
    @app.get("/health", tags=["operations"], summary="200 if every model has a version that answers, else 503")
    async def health() -> Response:
        loaded = {model.name: model.available() for model in models}
        ready = all(loaded.values())
        return JSONResponse({"status": "ok" if ready else "loading", "models": loaded}, 200 if ready else 503)

    @app.get("/metrics", tags=["operations"], summary="Metrics for Prometheus")
    @app.get("/monitoring/prometheus/metrics", include_in_schema=False)
    async def prometheus() -> Response:
        return Response(metrics.page(), headers={"content-type": CONTENT_TYPE})


def _add_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        headers = {"content-security-policy": _PAGE_POLICY, "cache-control": "no-cache"}
        return FileResponse(_STATIC / "index.html", headers=headers)

    app.mount("/static", StaticFiles(directory=_STATIC), name="static")


def _add_rest_to_openapi(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["paths"].update(rest_paths())
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _error(status: int, message: str) -> Response:
    return Response(error_body(message), status, media_type="application/json")


def _replaying(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives a body that was read already."""
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return pending.pop() if pending else await receive()

    return replay


def _kind(path: str) -> str:
    """A label for metrics; never the path itself, of which there are endlessly many."""
    return "api" if path.startswith("/api/") else "page"
