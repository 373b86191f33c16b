"""Settings and environment: what it takes to get the same numbers again."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfrs_lab.experiments.command_line.settings import public
from tfrs_lab.experiments.display.result_table import ResultTable
from tfrs_lab.experiments.reports.html import Section, note
from tfrs_lab.experiments.reports.runs import Run


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
    """All settings; what several runs have in common is listed once."""
    every = [public(run.result.config)["settings"] for run in runs]
    if runs[0].alone:
        return note("Settings, as in config.json; of files, the names:") + _pre(every[0])
    first = every[0]
    common = {key: value for key, value in first.items() if all(one.get(key, one) == value for one in every)}
    own = [{key: value for key, value in one.items() if key not in common} for one in every]
    shown = [note(f"Settings of {run.label} alone:") + _pre(one) for run, one in zip(runs, own, strict=True) if one]
    return note("Settings of all runs, as in config.json; of files, the names:") + _pre(common) + "".join(shown)


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
