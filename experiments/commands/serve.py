"""``recs serve OUT``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import tyro

from tfrs_lab.experiments.command_line.options import CommandOptions
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.display.display import console
from tfrs_lab.serving.http.settings import ServerSettings


@dataclass(frozen=True)
class ServeOptions(ServerSettings, CommandOptions):
    """Serves exported models over HTTP: TensorFlow Serving's REST API, a JSON API, and a page to look at them."""

    out: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Directories that `recs export` wrote, each with numbered versions. The first is called --name, the others by the
    name of their directory."""
    model: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """A model with a name of its own, as NAME=DIRECTORY; may be repeated."""
    name: str = "recs"
    """Name of the first model in URLs."""
    host: str = "127.0.0.1"
    """Address to listen on; the default is reachable from this machine only."""
    port: int = 8501
    """Port to listen on; 0 for a free one."""
    api_key_file: Path | None = None
    """File with a key that requests must carry (Authorization: Bearer KEY); or set RECS_API_KEY. Default: no key."""
    cors_origin: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """A site whose pages may ask this server from a browser, such as https://example.org; may be repeated."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.port < 2**16:
            raise ValueError(f"--port: expected 0 to 65535, got {self.port}")
        for origin in self.cors_origin:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise ValueError(f"--cors-origin: expected an origin such as https://example.org, got {origin!r}")
        self.directories()

    def directories(self) -> dict[str, Path]:
        """Model name → directory.

        Raises:
            ValueError: There is none, or two have the same name.
        """
        named = [(self.name if place == 0 else path.resolve().name, path) for place, path in enumerate(self.out)]
        for word in self.model:
            name, equals, path = word.partition("=")
            if not (name and equals and path):
                raise ValueError(f"--model: expected NAME=DIRECTORY, got {word!r}")
            named.append((name, Path(path)))
        if not named:
            raise ValueError("expected a directory that `recs export` wrote, got none")
        names = [name for name, _ in named]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"expected a name of its own for each model, got {name!r} twice; use --model NAME=DIR")
            if not name or set(name) & set("/:"):
                raise ValueError(f"expected model names without / and :, got {name!r}")
        return dict(named)


def main(words: Sequence[str]) -> None:
    """Serves until it is stopped."""
    options = parse_options(ServeOptions, words, prog="recs serve")
    serve = server()
    from tfrs_lab.serving.http.access import Access, read_key

    settings = ServerSettings(**{field.name: getattr(options, field.name) for field in fields(ServerSettings)})
    serve(
        options.directories(),
        host=options.host,
        port=options.port,
        settings=settings,
        access=Access(read_key(options.api_key_file), options.cors_origin),
        report=lambda line: console().print(line, soft_wrap=True),
    )


def server() -> Callable[..., None]:
    """``tfrs_lab.serving.http.run.serve``, whose packages come with an extra of their own.

    Raises:
        ImportError: One of them is missing.
    """
    try:
        from tfrs_lab.serving.http.run import serve
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "fastapi_offline", "uvicorn", "prometheus_client"):
            raise
        raise ImportError(
            f"expected the extra `serving`, got no package {error.name}: pip install '.[serving]' where this project is"
        ) from None
    return serve
