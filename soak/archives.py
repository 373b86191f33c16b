"""Archives that are attacks: members that point outside, links, members twice, bombs. None may be read."""

from __future__ import annotations

import io
import random
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

from soak.tally import Tally, hunting
from soak.texts import FILES
from tfrs_lab.data import DataError
from tfrs_lab.data.catalogue import release
from tfrs_lab.data.reading.archive import open_archive
from tfrs_lab.data.reading.formats import parse_archive

ARCHIVES = 2_000


def hunt(seed: int, *, archives: int = ARCHIVES, seconds: float = 60.0) -> Tally:
    """Makes evil archives of every kind, until the seconds are over."""
    with hunting("archives", seconds) as (tally, folder):
        for number in range(archives):
            if tally.is_over:
                break
            content = bomb() if number == 0 else evil_zip(random.Random(f"{seed}:{number}"))
            problem = refused(content, folder / "evil.zip")
            tally.counts.update({"inputs": 1, "refused": problem is None})
            if problem:
                tally.fail(f"archive {number}: {problem}", f"python -m soak archives --seed {seed}")
    return tally


def evil_zip(rng: random.Random) -> bytes:
    """An archive with something in it that none of ratings has."""
    way = rng.choice(EVIL)
    content = _with(lambda archive: way(archive, rng))
    return _lie(content) if rng.random() < 0.1 else content


def bomb() -> bytes:
    """A small archive with a large member."""
    return _with(lambda archive: archive.writestr("ml-100k/README", bytes(80 << 20), compresslevel=1))


def _with(add: Callable[[zipfile.ZipFile], None]) -> bytes:
    """A good archive and what is added."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES["100k"].items():
            archive.writestr(f"ml-100k/{name}", content)
        add(archive)
    return file.getvalue()


def _outside(archive: zipfile.ZipFile, rng: random.Random) -> None:
    up = rng.choice(("../", "/", "ml-100k/../../", "..\\", "C:\\", "\\\\host\\share\\", "./../"))
    archive.writestr(up + rng.choice(("u.data", "etc/passwd", "x")), b"1\t1\t1\t1\n")


def _link(archive: zipfile.ZipFile, rng: random.Random) -> None:
    link = zipfile.ZipInfo(f"ml-100k/{rng.choice(('link', 'u.genre', 'deep/u.data'))}")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, rng.choice(("/etc/passwd", "../../..", "u.data")))


def _twice(archive: zipfile.ZipFile, rng: random.Random) -> None:
    with warnings.catch_warnings(action="ignore"):
        archive.writestr(f"ml-100k/{rng.choice(list(FILES['100k']))}", b"9\t9\t1\t0\n")


EVIL: tuple[Callable[[zipfile.ZipFile, random.Random], None], ...] = (_outside, _link, _twice)


def _lie(content: bytes) -> bytes:
    """Says in the directory that the first member is longer than it is."""
    place = content.rindex(b"PK\x01\x02")
    return content[: place + 24] + struct.pack("<I", 1 << 30) + content[place + 28 :]


def refused(content: bytes, file: Path) -> str | None:
    """What is wrong with how an evil archive is dealt with; None if it is refused."""
    file.write_bytes(content)
    try:
        parse_archive(open_archive(file, release("100k")), "100k")
    except DataError:
        return None
    except BaseException as error:
        return f"expected DataError, got {type(error).__name__}: {error}"
    return "read an archive that it should have refused"
