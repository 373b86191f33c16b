"""Files of a MovieLens release, read from a directory, a zip archive or memory. Nothing is ever extracted."""

from __future__ import annotations

import hashlib
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from tfrs_lab.data.catalogue import RELEASES, Release
from tfrs_lab.data.errors import DataError

MARKERS = {"100k": "u.data", "dat": "ratings.dat", "csv": "ratings.csv"}  # layout → the file that gives it away
_DAMAGE = (  # what zipfile raises on bytes that are no archive any more
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, LookupError, ArithmeticError),
    *(RuntimeError, NotImplementedError),
)
_MAX_MEMBER_BYTES = 8 << 30  # nine times the largest official file: more is a zip bomb
_SUSPICIOUS_BYTES, _MAX_RATIO = 64 << 20, 100  # so is what shrinks by more than text of ratings does, five times


@dataclass(frozen=True)
class Archive:
    """The files of one release, wherever they are.

    Attributes:
        label: The directory or archive, for messages.
        readers: File name (without folder) → function that reads it whole, or says where it is on disk.
        identity: Changes when the contents do; keys the cache.
    """

    label: str
    readers: Mapping[str, Callable[[], bytes | Path]]
    identity: str

    def __contains__(self, name: str) -> bool:
        return name in self.readers

    def where(self, name: str) -> str:
        """How messages call a file."""
        separator = "!/" if self.label.endswith(".zip") else "/"
        return f"{self.label}{separator}{name}"

    def open(self, name: str) -> bytes | Path:
        """Contents of a file, or its path."""
        if name not in self.readers:
            raise DataError(f"expected a file {name}, got only {', '.join(sorted(self.readers))}", file=self.label)
        return self.readers[name]()

    def read(self, name: str) -> bytes:
        """Contents of a file."""
        content = self.open(name)
        return content.read_bytes() if isinstance(content, Path) else content


def in_memory(label: str, files: Mapping[str, bytes]) -> Archive:
    """An archive of files that are already read."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}:{len(content)};".encode() + content)
    return Archive(label, {name: partial(bytes, content) for name, content in files.items()}, digest.hexdigest())


def open_archive(path: str | Path, release: Release) -> Archive:
    """The files of ``release`` in a directory or zip archive.

    A directory may hold the files, the official folder (or any one folder) with the files, or the official zip.

    Raises:
        DataError: If nothing is there, the archive is damaged or unsafe, or it is of another release.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise DataError(f"expected the {release.name} archive or its directory, got nothing there", file=path)
    if path.is_dir():
        return _open_directory(path, release)
    if not zipfile.is_zipfile(path):
        raise DataError("expected a zip archive or a directory, got another or a truncated file", file=path)
    return _open_zip(path, release)


def _open_directory(path: Path, release: Release) -> Archive:
    candidates = [path, path / release.folder, *sorted(child for child in path.iterdir() if child.is_dir())]
    marker = MARKERS[release.layout]
    folder = next((folder for folder in candidates if (folder / marker).is_file()), None)
    if folder is None:
        for name in (f"{release.folder}.zip", f"ml-{release.name}.zip"):
            if (path / name).is_file():
                return open_archive(path / name, release)
        names = {child.name for folder in candidates if folder.is_dir() for child in folder.iterdir()}
        raise _wrong_archive(path, release, names)
    _check_folder(folder.name, release, path)
    files = {child.name: child for child in sorted(folder.iterdir()) if child.is_file()}
    # Contents are not read only to name the cache entry: size and time of change tell as much as make trusts them to.
    stats = ";".join(f"{name}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for name, file in files.items())
    identity = hashlib.sha256(f"{folder.resolve()};{stats}".encode()).hexdigest()
    return Archive(str(folder), {name: partial(Path, file) for name, file in files.items()}, identity)


def _open_zip(path: Path, release: Release) -> Archive:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except _DAMAGE as error:
        raise DataError(f"expected a complete zip archive, got a damaged one ({error})", file=path) from error
    for member in members:
        _check_member(path, member)
    twice = [name for name, count in Counter(member.filename for member in members).items() if count > 1]
    if twice:
        raise DataError(f"unsafe archive: the member {twice[0]!r} is there more than once", file=path)
    marker = MARKERS[release.layout]
    found = sorted(
        (len(PurePosixPath(member.filename).parts), PurePosixPath(member.filename).parent)
        for member in members
        if PurePosixPath(member.filename).name == marker and not member.filename.startswith("__MACOSX/")
    )
    if not found:
        raise _wrong_archive(path, release, {PurePosixPath(member.filename).name for member in members})
    folder = found[0][1]
    _check_folder(folder.name, release, path)
    inside = {PurePosixPath(m.filename).name: m for m in members if PurePosixPath(m.filename).parent == folder}
    # The directory's checksums name the contents; reading a member compares them with what is really there.
    listing = ";".join(f"{name}:{member.file_size}:{member.CRC}" for name, member in sorted(inside.items()))
    identity = hashlib.sha256(listing.encode()).hexdigest()
    readers = {name: partial(_read_member, path, member) for name, member in inside.items()}
    return Archive(str(path), readers, identity)


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    """Refuses members that no honest archive of ratings has, although nothing is extracted here."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in (name.parts or ("",))[0]:
        raise DataError(f"unsafe archive: the member {member.filename!r} points outside of it", file=path)
    if stat.S_ISLNK(member.external_attr >> 16):
        raise DataError(f"unsafe archive: the member {member.filename!r} is a symbolic link", file=path)
    if member.file_size > _MAX_MEMBER_BYTES:
        raise DataError(f"unsafe archive: the member {member.filename!r} has {member.file_size:,} bytes", file=path)
    if member.file_size > max(_SUSPICIOUS_BYTES, _MAX_RATIO * member.compress_size):
        came = f"{member.file_size:,} bytes out of {member.compress_size:,}"
        raise DataError(f"unsafe archive: the member {member.filename!r} is a bomb, {came}", file=path)


def _read_member(path: Path, member: zipfile.ZipInfo) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    except _DAMAGE as error:
        place = f"{path}!/{member.filename}"
        raise DataError(f"damaged archive, bad checksum or truncated member ({error})", file=place) from error


def _check_folder(folder: str, release: Release, path: Path) -> None:
    """Refuses the official folder of another release: many of them have the same format."""
    other = next((name for name, known in RELEASES.items() if known.folder.lower() == folder.lower()), release.name)
    if other != release.name:
        raise DataError(f"wrong archive: expected MovieLens {release.name}, got {other} ({folder})", file=path)


def _wrong_archive(path: Path, release: Release, names: set[str]) -> DataError:
    marker = MARKERS[release.layout]
    others = [f"{name} ({layout})" for layout, name in MARKERS.items() if name in names]
    came = f"the format of another: {', '.join(others)}" if others else "no such file"
    return DataError(f"wrong archive: expected {marker} of MovieLens {release.name}, got {came}", file=path)
