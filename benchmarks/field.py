"""Where this project stands: retrieval as it is, tuned baselines, peers and what others publish, one table per set.

    python -m benchmarks.field [--data-dir DIR] [--only NAME ...] [--no-seconds] [--write]

The sets are MovieLens-100K by four splits and what DIR holds (or the directory TFRS_LAB_FIELD_DATA): files of events
(``NAME.parquet``, the last of each user is asked) and folders with ``train``, ``test`` and, where there is one,
``valid`` (NAME: fitted on train alone; NAME-refit: validation chooses, and is fitted on too). ``--only`` takes names or
paths. Ours are ``recs compare MODEL``, a process each; peers are fitted on the rows that ours knew, and ``recs score``
scores their lists. What fails costs its own row. Published figures are in ``benchmarks/published.json``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders.environment import peers_python
from benchmarks.pages import RESULTS
from benchmarks.pages.tables import field_cells
from benchmarks.shared.record import command, cores, keep, print_table
from benchmarks.shared.turns import Ended, away, timed
from tfrs_lab.data import DataError, load_files

BASELINES = ("popularity", "itemknn", "ease", "ials")
PEERS = {"RecTools SASRec": "sasrec", "RecTools HSTU": "hstu", "RecBole LightGCN": "lightgcn"}
ORDERED = ("sasrec", "hstu")
"""Peers that are asked where there is an order; the others, where there is none."""
LIMIT = 900.0
"""Seconds after which a peer is stopped."""
METRICS = ("ndcg@10", "ndcg@20", "recall@10", "recall@20")
PUBLISHED = Path(__file__).with_name("published.json")
RECS = [sys.executable, "-m", "tfrs_lab.experiments"]


@dataclass(frozen=True)
class Task:
    """Data and a split, as options of ``recs``; whether movies have features, and whether what comes next is asked."""

    name: str
    options: Sequence[str]
    features: bool = False
    ordered: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        """Of this project."""
        return ("retrieval", *(["hybrid"] if self.features else []), *BASELINES)


MOVIELENS = [
    Task(f"100k-{kind}", ["--dataset", "100k", "--split", kind], features=True, ordered=kind != "stratified")
    for kind in ("stratified", "temporal-user", "temporal-global", "leave-one-out")
]


def of_path(path: Path) -> Iterator[Task]:
    """What a file of events, or a folder with a split, asks.

    Raises:
        DataError: It is neither.
    """
    if path.is_file():
        timed_events = "timestamp" in load_files(path).ratings.columns
        kind = "leave-one-out" if timed_events else "random"
        yield Task(path.name.split(".")[0], ["--ratings", str(path), "--split", kind], ordered=timed_events)
        return
    parts = {file.name.split(".")[0]: str(file) for file in sorted(path.iterdir()) if file.is_file()}
    if not {"train", "test"} <= parts.keys():
        raise DataError(f"{path}: expected files named train and test, got {', '.join(parts) or 'none'}")
    files = ["--train", parts["train"], "--test", parts["test"]]
    yield Task(path.name, files)
    if "valid" in parts:
        yield Task(f"{path.name}-refit", [*files, "--validation", parts["valid"]])


def tasks(data_dir: Path | None, only: Sequence[str]) -> list[Task]:
    """All that there are, or those with a name, and those of paths.

    Raises:
        SystemExit: A name is none of them, and no path.
    """
    named = data_dir or os.environ.get("TFRS_LAB_FIELD_DATA")
    folders = [] if named is None else [path for path in sorted(Path(named).iterdir()) if path.suffix != ".md"]
    known = {task.name: task for task in [*MOVIELENS, *(task for path in folders for task in of_path(path))]}
    chosen: list[Task] = []
    for name in only or known:
        if name not in known and not Path(name).exists():
            raise SystemExit(f"expected a path or one of {', '.join(known)}, got {name}")
        chosen += [known[name]] if name in known else of_path(Path(name))
    return chosen


def measured(task: Task, folder: Path) -> dict[str, Any]:
    """``rows`` of a set, and ``protocol``, what is to be known of those that are published."""
    rows = []
    for name in task.models:
        words = ["compare", name, *task.options, "--json", "--ks", "10,20", "--out", str(folder / name)]
        ended = timed([*RECS, *words])
        rows.append(row(name, ended, json.loads(ended.said)["runs"][name] if not ended.problem else None))
    run = next((place for name in task.models if (place := folder / name / name / "known.parquet").exists()), None)
    for name, word in PEERS.items():
        if run is not None and (word in ORDERED) == task.ordered:
            rows.append(of_peer(name, word, run.parent, folder / f"{word}.parquet"))
    published = json.loads(PUBLISHED.read_text(encoding="utf-8")).get(task.name, {"protocol": "", "figures": []})
    return {"protocol": published["protocol"], "rows": rows + published["figures"]}


def of_peer(name: str, word: str, run: Path, lists: Path) -> dict[str, Any]:
    """Fits a peer on what a run knew, and scores its lists."""
    known, asked = run / "known.parquet", run / "test.parquet"
    fitting = [str(peers_python()), "-m", "benchmarks.contenders.lists", word, str(known), str(asked), str(lists)]
    ended = timed(fitting, limit=LIMIT, **away(lists.parent))
    if ended.problem:
        return row(name, ended, None)
    scoring = ["score", "--topk", str(lists), "--truth", str(asked), "--seen", str(known), "--ks", "10,20", "--json"]
    scored = timed([*RECS, *scoring])
    if scored.problem:
        return row(name, scored, None)
    found = json.loads(scored.said)
    return row(name, ended, {"test": found["metrics"], **found, "seconds": {"train": ended.answer["seconds"]}})


def row(name: str, ended: Ended, run: dict[str, Any] | None) -> dict[str, Any]:
    """A line of the record: what was found, or why it was not."""
    if run is None:
        return {"by": name, "source": ended.problem}
    values = {metric: run["test"][metric] for metric in METRICS}
    costs = {"train_seconds": run["seconds"]["train"], "peak_gb": ended.peak_gb}
    return {"by": name, **values, "confidence": run["confidence"]["ndcg@10"], **costs}


@dataclass(frozen=True)
class Standing:
    """Name of a set → what `measured` found; kept beside the sets that were not asked for."""

    sets: dict[str, dict[str, Any]]

    def finish(self, write: bool) -> int:
        """Keeps them if asked to; returns the exit code, 1 where one of this project's models has no figures."""
        file = RESULTS / "field.json"
        if write:
            before = json.loads(file.read_text(encoding="utf-8"))["sets"] if file.exists() else {}
            keep("field", {"kind": "field", "machine": cores(), "sets": {**before, **self.sets}})
        return int(any("ndcg@10" not in found["rows"][0] for found in self.sets.values()))


def measure(data_dir: Path | None, only: Sequence[str], no_seconds: bool) -> Standing:
    """Set by set; each table is printed when it is there."""
    sets = {}
    for task in tasks(data_dir, only):
        with tempfile.TemporaryDirectory(prefix="tfrs-lab-field-") as folder:
            found = measured(task, Path(folder))
        for one in found["rows"] if no_seconds else []:
            one.pop("train_seconds", None)
        sets[task.name] = found
        print_table(*field_cells({"sets": {task.name: found}}))
        print(found["protocol"], flush=True)
    return Standing(sets)


main = command(
    __doc__,
    measure,
    data_dir=(Path, "directory with further sets"),
    only=((), "names of sets, or paths of others"),
    no_seconds=(False, "leave out seconds: the machine does other work"),
)

if __name__ == "__main__":
    sys.exit(main())
