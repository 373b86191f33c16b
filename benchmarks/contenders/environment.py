"""The environment of the peers that the benchmarks compare with.

``python -m benchmarks.contenders.environment`` makes it. It lies in ``build/peers``, or where ``TFRS_LAB_PEERS`` says.
What cannot be installed is reported and left out.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
REQUIREMENTS, CONSTRAINTS = HERE / "peers.txt", HERE / "peers-constraints.txt"


def peers_python() -> Path:
    """The peers' interpreter, for which the environment is made if it is not there or not up to date."""
    if "TFRS_LAB_PEERS" in os.environ:
        return interpreter(Path(os.environ["TFRS_LAB_PEERS"]))
    folder = HERE.parents[1] / "build" / "peers"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + CONSTRAINTS.read_bytes()).hexdigest()
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        install(folder)
        stamp.write_text(wanted)
    return interpreter(folder)


def interpreter(folder: Path) -> Path:
    """Of a virtual environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def install(folder: Path) -> None:
    """Makes the environment; if the peers do not install together, each is tried after the other."""
    print(f"Installing the peers into {folder}: a few minutes, 8 GB", file=sys.stderr, flush=True)
    venv.create(folder, with_pip=True, clear=True)
    if not run_pip(folder, ["--requirement", str(REQUIREMENTS)]):
        for requirement in requirements():
            if not run_pip(folder, [requirement]):
                print(f"{requirement} does not install here", file=sys.stderr, flush=True)


def requirements() -> list[str]:
    """The peers, a pinned requirement each."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def run_pip(folder: Path, words: list[str]) -> bool:
    """Installs under the constraints; whether it worked."""
    command = [str(interpreter(folder)), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    done = subprocess.run([*command, "--constraint", str(CONSTRAINTS), *words], check=False)
    return done.returncode == 0


if __name__ == "__main__":
    print(peers_python())
