"""An Optuna study in one SQLite file, which belongs to one question.

SQLite rather than Optuna's journal file: a process that is killed while it writes leaves a half line in a journal, and
the journal can no longer be read; in SQLite the half transaction is undone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import optuna
from alembic.util import CommandError
from optuna.exceptions import OptunaError
from optuna.study import Study
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from tfrs_lab.data import DataError

try:
    import fcntl
except ImportError:  # Windows has no flock: there, two searches in one file go unnoticed
    fcntl = None  # type: ignore[assignment]

STUDY_NAME = "tune"
SQLITE = b"SQLite format 3\0"


@contextmanager
def open_study(file: Path, identity: Mapping[str, Any]) -> Iterator[Study]:
    """Opens the study in ``file``, or begins one there.

    Args:
        file: Where the study is kept.
        identity: What decides a trial's value: experiment, data, folds, space. A file belongs to one identity.

    Raises:
        DataError: The file holds something else or a study with another identity, or another process uses it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab+") as handle:
        _lock(handle, file)
        _check_content(handle, file)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with _refusing(file):
            _check_pages(file)
            url = URL.create("sqlite", database=str(file)).render_as_string()
            storage = optuna.storages.RDBStorage(url)
        try:
            with _refusing(file):
                study = optuna.create_study(
                    storage=storage, study_name=STUDY_NAME, direction="maximize", load_if_exists=True
                )
                study.get_trials(deepcopy=False)
                _claim(study, file, json.loads(json.dumps(identity)))
            yield study
        finally:
            storage.remove_session()
            storage.engine.dispose()


@contextmanager
def _refusing(file: Path) -> Iterator[None]:
    """Turns what SQLite, Optuna and its migrations say of a file that they cannot read into one line."""
    try:
        yield
    except DataError:
        raise
    except (SQLAlchemyError, sqlite3.Error, CommandError, OptunaError, RuntimeError, LookupError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"expected a study of Optuna {optuna.__version__}, got a damaged file or that of another version "
            f"({reason}); choose another --study",
            file=file,
        ) from None


def _check_pages(file: Path) -> None:
    """Refuses a file whose pages do not hold together."""
    with closing(sqlite3.connect(file)) as connection:
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        raise ValueError(said)


def _lock(handle: IO[bytes], file: Path) -> None:
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError("another process is working on this study", file=file) from None


def _check_content(handle: IO[bytes], file: Path) -> None:
    handle.seek(0)
    if handle.read(len(SQLITE)) not in (b"", SQLITE):
        raise DataError("expected --study to be new or a study, got another file", file=file)


def _claim(study: Study, file: Path, identity: dict[str, Any]) -> None:
    """Writes the identity into a new study, and compares it with that of an old one."""
    stored = study.user_attrs.get("identity")
    if stored is None and not study.trials:
        study.set_user_attr("identity", identity)
        return
    stored = stored or {}
    for key, value in identity.items():
        if stored.get(key) != value:
            raise DataError(
                f"holds a study of something else: expected {key} {_short(value)}, got {_short(stored.get(key))}; "
                "choose another --study",
                file=file,
            )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
