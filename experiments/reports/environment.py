"""Settings and environment: what it takes to get the same numbers again."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfrs_lab.experiments.command_line.options import RunOptions
from tfrs_lab.experiments.command_line.settings import Settings, public, to_json
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.reports.html import Section, note
from tfrs_lab.experiments.reports.runs import Run
from tfrs_lab.models.registry import specification


def environment_section(runs: Sequence[Run]) -> Section:
    """Data, versions and machine as a table with a column per run, and all settings as they are stored."""
    facts = [_facts(public(run.result.config)) | _notes(run) for run in runs]
    names = list(dict.fromkeys(name for one in facts for name in one))
    rows = [[name, *(one.get(name, "–") for one in facts)] for name in names]
    alike = [row[0:2] for row in rows if len(set(row[1:])) == 1]
    differ = [row for row in rows if len(set(row[1:])) > 1]
    body = _facts_table(["", "this run" if runs[0].alone else "all runs"], alike)
    if differ:
        body += _facts_table(["", *(run.label for run in runs)], differ)
    return Section("Settings and environment", body + _settings(runs))


def _facts_table(header: list[str], rows: list[list[str]]) -> str:
    return ResultTable(header, rows, words=header).html()


def _settings(runs: Sequence[Run]) -> str:
    """What differs from the default, then all settings; what several runs have in common is listed once."""
    every = [public(run.result.config)["settings"] for run in runs]
    rows = [[run.label, *row] for run, one in zip(runs, every, strict=True) for row in _changed(run, one)]
    header = ["run", "setting", "value", "default"][runs[0].alone :]
    rows = [row[runs[0].alone :] for row in rows]
    changed = _facts_table(header, rows) if rows else note("All settings are the defaults.")
    return changed + _folded(runs, every)


def _changed(run: Run, settings: Mapping[str, Any]) -> list[list[str]]:
    """Setting, value and default, of all that differs from it."""
    kind = specification(run.result.name)
    defaults = flat(to_json(Settings(RunOptions(), {run.result.name: kind.config()})))
    return [
        [name, _text(value), _text(defaults.get(name))]
        for name, value in flat(settings).items()
        if value != defaults.get(name)
    ]


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted name → value.

    >>> flat({"seed": 0, "ease": {"neighbours": 100}})
    {'seed': 0, 'ease.neighbours': 100}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "–" if value is None else str(value)


def _folded(runs: Sequence[Run], every: Sequence[Mapping[str, Any]]) -> str:
    """All settings, as they are stored."""
    if runs[0].alone:
        return _fold("All settings, as in config.json; of files, the names", _pre(every[0]))
    first = every[0]
    common = {key: value for key, value in first.items() if all(one.get(key, one) == value for one in every)}
    own = [{key: value for key, value in one.items() if key not in common} for one in every]
    shown = [_fold(f"Settings of {run.label} alone", _pre(one)) for run, one in zip(runs, own, strict=True) if one]
    return _fold("Settings of all runs, as in config.json; of files, the names", _pre(common)) + "".join(shown)


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary>{body}</details>"


def _facts(config: Mapping[str, Any]) -> dict[str, str]:
    dataset, host = config["dataset"], config.get("host", {})
    versions = config.get("versions", {})
    return {
        "data": f"{dataset['name']} ({dataset['source']})",
        "data checksum": str(dataset["fingerprint"]),
        "split": str(config["split"]),
        "started": str(config.get("started", "–")),
        "code": str(config.get("git_commit") or "–"),
        "packages": ", ".join(f"{name} {version}" for name, version in versions.items()) or "–",
        "machine": ", ".join(f"{name} {value}" for name, value in host.items()) or "–",
    }


def _notes(run: Run) -> dict[str, str]:
    """What the model says of itself, such as the numbers that it chose on validation."""
    return {"notes": "; ".join(run.result.notes)} if run.result.notes else {}


def _pre(settings: Mapping[str, Any]) -> str:
    return f"<pre tabindex=0>{html.escape(json.dumps(settings, indent=2, ensure_ascii=False))}</pre>"
