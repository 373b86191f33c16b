"""``recs demo [RUN]``."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import tyro

from tfrs_lab.data import DataError
from tfrs_lab.experiments.command_line.options import CommandOptions, OneRunOptions
from tfrs_lab.experiments.command_line.settings import parse_settings
from tfrs_lab.experiments.command_line.usage import parse_options
from tfrs_lab.experiments.commands.serve import server
from tfrs_lab.experiments.display.display import console
from tfrs_lab.experiments.recommend.open import exported_version
from tfrs_lab.experiments.runs.replicates import load_source
from tfrs_lab.experiments.runs.run import run_experiment
from tfrs_lab.experiments.storage.directory import read_config
from tfrs_lab.experiments.storage.stored_runs import stored_runs
from tfrs_lab.models.registry import specification
from tfrs_lab.models.training.reporter import Reporter, reporter_here

HOST = "127.0.0.1"
QUICK = ("--parts", "linear", "spectral", "transitions", "trend")
"""Parts of retrieval in closed form: a model of MovieLens-100K in seconds."""


@dataclass(frozen=True)
class DemoOptions(CommandOptions):
    """Exports a run, serves it on this machine and opens the page to try it; Ctrl-C ends it."""

    run: tyro.conf.Positional[Path | None] = None
    """Directory of a finished run, or of a comparison. Default: the newest run in --root that can be exported; where
    there is none, a model is fitted to MovieLens-100K in seconds."""
    root: Path = Path("runs")
    """The directory of runs."""
    port: int = 8501
    """Port to listen on; where it is taken, a free one."""
    browser: bool = True
    """Open the page in a browser, where there is one."""


def main(words: Sequence[str]) -> None:
    """Takes or trains a run, exports it, serves it until it is stopped."""
    options = parse_options(DemoOptions, words, prog="recs demo")
    run_server, reporter = server(), reporter_here()
    out = _export(options, reporter)
    run_server(
        {out.name: out},
        host=HOST,
        port=_free(options.port),
        report=lambda line: console().print(line, soft_wrap=True),
        ready=webbrowser.open if options.browser and _has_screen() else lambda url: None,
    )


def _export(options: DemoOptions, reporter: Reporter) -> Path:
    """The directory of an export of the run that was asked for, or of the newest that can be exported."""
    given = options.run
    if given is not None and "experiments" not in read_config(given):
        return _exported(given, reporter)
    for run in _newest(given or options.root):
        with suppress(DataError):
            return _exported(run, reporter)
    if given is not None:
        raise DataError(
            "expected a comparison with a run that can be exported, such as retrieval, got none", file=given
        )
    words = ["--out", str(options.root / "demo"), *QUICK]
    settings = parse_settings(OneRunOptions, ["retrieval"], words, prog="recs demo")
    source = load_source(settings.options, reporter)
    run = run_experiment(specification("retrieval"), settings, source, options.root / "demo", reporter).directory
    return _exported(run, reporter)


def _newest(root: Path) -> Iterator[Path]:
    """Finished runs below a directory, the newest first."""
    runs = [run for run in (stored_runs(root) if root.is_dir() else ()) if run.state == "finished"]
    yield from (run.directory for run in sorted(runs, key=lambda run: str(run.config.get("started")), reverse=True))


def _exported(run: Path, reporter: Reporter) -> Path:
    """``exports/RUN``, written unless it is there."""
    out = Path("exports") / run.resolve().name
    version = exported_version(out)
    if version is None or read_config(version / "assets.extra").get("started") != read_config(run)["started"]:
        with reporter.phase(f"exporting {run}"):
            from tfrs_lab.experiments.export.export import export_run

            export_run(run, out, "brute-force", 0.0, reporter)
    return out


def _free(port: int) -> int:
    """The port, or 0 for any free one if it is taken."""
    from tfrs_lab.serving.http.run import bind

    try:
        bind(HOST, port).close()
    except OSError:
        return 0
    return port


def _has_screen() -> bool:
    """Whether a browser could open a window."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
