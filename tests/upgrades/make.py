"""Packs a run and an export of this version into VERSION.tar.gz, for later versions to read. To be run at a release:

python tests/upgrades/make.py

The ratings are generated. What the run and the export recommend is kept beside them.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path

from tfrs_lab.data import generate

HERE = Path(__file__).parent
KEPT, LEFT_OUT = ("run", "export", "ratings.csv", "said.json"), ("tensorboard", "report.html")


def recs(*words: str, home: Path) -> str:
    """Runs the command where HOME is; returns what it printed."""
    command = [sys.executable, "-m", "tfrs_lab.experiments.cli", *words]
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def pack(folder: Path, archive: Path) -> None:
    """Packs what is to be kept, without owners and times."""
    with tarfile.open(archive, "w:gz") as packed:
        for file in sorted(folder.rglob("*")):
            parts = file.relative_to(folder).parts
            if file.is_file() and parts[0] in KEPT and not set(parts) & set(LEFT_OUT):
                content = file.read_bytes()
                entry = tarfile.TarInfo(file.relative_to(folder).as_posix())
                entry.size = len(content)
                packed.addfile(entry, io.BytesIO(content))


def main() -> None:
    """Makes, asks and packs."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        generate(20, 15, 200, seed=0).ratings.write_csv(home / "ratings.csv")
        words = ("--retrieval.parts", "linear", "--ratings", str(home / "ratings.csv"), "--split", "random")
        recs("run", "retrieval", *words, "--out", str(home / "run"), home=home)
        recs("export", str(home / "run"), str(home / "export"), "--index", "brute-force", home=home)
        said = {
            name: json.loads(recs("recommend", str(home / name), "--user", "3", "--json", home=home))
            for name in ("run", "export")
        }
        (home / "said.json").write_text(json.dumps(said, indent=1))
        pack(home, HERE / f"{metadata.version('tfrs-lab')}.tar.gz")


if __name__ == "__main__":
    main()
