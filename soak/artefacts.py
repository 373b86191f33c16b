"""Damages what commands wrote, run directories, exports, settings files and studies, and lets commands read it again.

Right is the answer of the undamaged directory, or exit status 1 or 2 with one line on stderr.
"""

from __future__ import annotations

import contextlib
import io
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from soak.mutate import WORDS, mutate
from soak.tally import Tally, ends_with_one_error, hunting
from tfrs_lab.data import generate
from tfrs_lab.experiments.cli import main

INPUTS = 6_000
_JSON_WORDS = (*WORDS, *b'{ } [ ] " "" null -1 1e999 {"a":1} [[[[ NaN \\ud800'.split())


@dataclass(frozen=True)
class Case:
    """A file to damage, and the command that reads it; with ``same`` a success must print what it printed before."""

    file: Path
    words: Sequence[str]
    same: bool = True


def call(words: Sequence[str]) -> tuple[int, str, str]:
    """Runs a command in this process: exit status, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(words)
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
    return status, out.getvalue(), err.getvalue()


def cases(root: Path) -> list[Case]:
    """Makes a run, an export, a study and a settings file in a folder."""
    ratings, run = root / "ratings.csv", root / "runs" / "run"
    generate(40, 30, 600, seed=0).ratings.write_csv(ratings)
    source = ["--ratings", str(ratings), "--split", "random"]
    settings, study = root / "settings.toml", root / "study.db"
    settings.write_text('seed = 3\nks = [5, 10]\nsplit = "random"\n[ease]\nregularization = 12.5\n')
    searching = ["tune", "ease", *source, "--trials", "1", "--study", str(study), "--json"]
    running = (["run", "ease", *source, "--out", str(run)], ["run", "ials", *source, "--out", str(root / "ials")])
    exporting = ["export", str(root / "ials"), str(root / "export"), "--index", "brute-force"]
    for words in (*running, exporting, searching):
        status, _, err = call(words)
        if status:
            raise RuntimeError(f"expected {words[:2]} to work, got {err}")
    asked = ["recommend", str(run), "--user", "1", "--json"]
    exported = [file for file in sorted((root / "export" / "1").rglob("*")) if file.is_file()]
    read = ("config.json", "metrics.json", "timing.json", "per_user.parquet", "manifest.json", "checkpoints/model.npz")
    return [
        *(Case(run / name, asked) for name in (*read, "movies.parquet", "known.parquet", "test.parquet")),
        *(Case(file, ["recommend", str(root / "export"), *asked[2:]]) for file in exported),
        Case(run / "topk.parquet", ["report", str(run), "--out", str(root / "report.html")], same=False),
        Case(run / "config.json", ["runs", "list", "--root", str(root / "runs"), "--json"], same=False),
        Case(run / "metrics.json", ["runs", "list", "--root", str(root / "runs"), "--json"], same=False),
        Case(settings, ["run", "ease", "--config", str(settings), "--ratings", str(root / "none.csv")], same=False),
        Case(study, searching, same=False),  # SQLite has no checksums
    ]


def hunt(seed: int, *, inputs: int = INPUTS, seconds: float = 120.0) -> Tally:
    """Damages each file in turn, until the seconds are over."""
    with hunting("artefacts", seconds) as (tally, folder):
        found = cases(folder)
        before = {words: call(words) for words in {tuple(case.words) for case in found}}
        for number in range(inputs):
            if tally.is_over:
                break
            case = found[number % len(found)]
            outcome, problem = _try(case, before[tuple(case.words)], random.Random(f"{seed}:{number}"))
            tally.counts.update(("inputs", outcome))
            if problem:
                what = f"{case.words[0]} with a damaged {case.file.name} ({number}): {problem}"
                tally.fail(what, f"python -m soak artefacts --seed {seed}")
    return tally


def _try(case: Case, before: tuple[int, str, str], rng: random.Random) -> tuple[str, str | None]:
    kept = case.file.with_name(case.file.name + ".kept")
    shutil.copy2(case.file, kept)
    try:
        case.file.write_bytes(mutate(kept.read_bytes(), rng, _JSON_WORDS))
        status, out, err = call(case.words)
    except BaseException as error:
        return "refused", f"expected one line, got {type(error).__name__}: {error}"
    finally:
        shutil.move(kept, case.file)
    return ("refused" if status else "read"), _problem(case, before, status, out, err)


def _problem(case: Case, before: tuple[int, str, str], status: int, out: str, err: str) -> str | None:
    if "Traceback" in err or "--debug shows where" in err or "panicked" in err:
        return f"an error of no documented kind: {err[-300:]}"
    if status not in (0, 1, 2):
        return f"exit status {status}"
    if status == 1 and not ends_with_one_error(err):
        return f"expected one line on stderr, got {err!r}"
    if status == 0 and case.same and out != before[1]:
        return f"another answer than before: {out[:200]}"
    return None
