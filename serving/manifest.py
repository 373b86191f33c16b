"""Checksums of the files of a run or an export, in a file of their own: what was cut off or changed is not believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

NAME = "manifest.json"
FORMAT = 1
"""Raised when what is written today cannot be read by what was written before, or the other way round."""


class ManifestError(ValueError):
    """A file is not what was written."""


def write_manifest(root: Path, files: Iterable[Path], place: Path | None = None) -> None:
    """Writes the checksums of some files below a directory.

    Args:
        root: The directory; paths are kept relative to it.
        files: Which ones.
        place: Where the manifest goes; default ``root / "manifest.json"``.
    """
    sums = {file.relative_to(root).as_posix(): checksum(file) for file in sorted(files)}
    content = json.dumps({"format": FORMAT, "sha256": sums}, indent=1) + "\n"
    (place or root / NAME).write_text(content, encoding="utf-8")


def check_manifest(
    root: Path, names: Iterable[str] | None = None, place: Path | None = None, *, optional: Collection[str] = ()
) -> None:
    """Compares files with the manifest; a directory without one was written before there were any.

    Args:
        root: The directory.
        names: Paths relative to it, those that are about to be read; None for all that the manifest names.
        place: Where the manifest is.
        optional: Files that may have been taken away.

    Raises:
        ManifestError: The manifest is damaged or of a newer version, or a file is missing or another than was written.
    """
    place = place or root / NAME
    if not place.exists():
        return
    sums = _sums(place)
    for name in sums if names is None else names:
        if name not in sums or (name in optional and not (root / name).exists()):
            continue
        try:
            found = checksum(root / name)
        except OSError:
            raise ManifestError(f"expected the file {name}, which {NAME} names, got none") from None
        if found != sums[name]:
            raise ManifestError(f"{name} is not what was written: its checksum differs from that in {NAME}")


def _sums(place: Path) -> dict[str, str]:
    try:
        content: Any = json.loads(place.read_text(encoding="utf-8"))
        format, sums = content["format"], dict(content["sha256"])
        fits = isinstance(format, int) and all(isinstance(text, str) for pair in sums.items() for text in pair)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"expected checksums in {NAME}, got a damaged file ({error})") from None
    if not fits:
        raise ManifestError(f"expected checksums in {NAME}, got other content")
    if format > FORMAT:
        raise ManifestError(
            f"expected format {FORMAT} at most in {NAME}, got {format}: written by a newer version, upgrade"
        )
    return sums


def checksum(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
