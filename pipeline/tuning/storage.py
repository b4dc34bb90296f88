"""Where the trials of a search are kept: a file, or a database that several machines reach."""

import errno
import sqlite3
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import exc, make_url

from ...data.errors import WordspotError
from ...data.files import locked

BEAT_S = 10  # from one sign of life of a running trial to the next
_DEAD_AFTER_S = 60  # without one
_BUSY_S = 60  # most time to wait for another process that writes to the file
_TRIES, _BETWEEN_TRIES_S = 10, 0.5  # to make the tables of a database
_LIKE = "postgresql+psycopg2://user:password@host/database"
STORAGE_ERRORS = (StorageInternalError, exc.SQLAlchemyError)


def open_file_storage(path: Path) -> RDBStorage:
    """The storage in an SQLite file of this name, which is made where there is none.

    Not Optuna's journal file: a line of that which a full disk cuts short makes all of it unreadable, the lock of a killed
    process holds up the others, and it keeps no signs of life. SQLite rolls back, and its locks die with their process.
    """
    # not by its URL, in which some characters of a path mean something
    creator = {"creator": lambda: sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)}
    with locked(path.with_suffix(".lock")):  # two that make the tables at once would get in each other's way
        return _open("sqlite:///study.db", creator)


def open_storage(url: str) -> RDBStorage:
    """The storage at an SQLAlchemy URL.

    Raises
    ------
    WordspotError
        No such URL, a database whose driver is not installed, or one that cannot be reached.
    """
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except (exc.ArgumentError, ValueError) as error:  # the latter for a port that is no number
        raise WordspotError(f"storage_url {url} is no database URL; expected one like {_LIKE}") from error
    escaped = url.replace("{", "{{").replace("}", "}}")  # Optuna fills in names in braces
    try:
        return _open_among_others(escaped)
    except (exc.NoSuchModuleError, ImportError) as error:
        raise WordspotError(
            f"storage_url {shown}: no driver for this database is installed ({_first_line(error)})"
        ) from error


def _open_among_others(url: str) -> RDBStorage:
    """Tries again where another machine makes the tables at the same moment, which a database refuses to either."""
    for _ in range(_TRIES - 1):
        with suppress(exc.ProgrammingError, exc.IntegrityError):
            return _open(url, {})
        time.sleep(_BETWEEN_TRIES_S)
    return _open(url, {})


def _open(url: str, engine_kwargs: dict[str, Any]) -> RDBStorage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # whoever tunes says what happens
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls the signs of life experimental
        return RDBStorage(url, engine_kwargs, heartbeat_interval=BEAT_S, grace_period=_DEAD_AFTER_S)


@contextmanager
def storage_errors_in_words(where: str) -> Iterator[None]:
    """Raises the errors of a storage as `WordspotError` or, where the disk is full, as `OSError`."""
    try:
        yield
    except STORAGE_ERRORS as error:
        reason = _first_line(error)
        if "disk is full" in reason:
            raise OSError(errno.ENOSPC, "No space left on device", where) from error
        raise WordspotError(
            f"the storage {where} cannot be used: {reason}; finished trials are kept, and gone on with when tuned again"
        ) from error


def _first_line(error: BaseException) -> str:
    """What the database itself says: Optuna and SQLAlchemy wrap it."""
    cause = error.__cause__ or error
    return str(getattr(cause, "orig", None) or cause).strip().split("\n")[0]
