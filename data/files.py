"""Writing files so that nobody ever sees half of one."""

import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from .errors import WordspotError
from .text import printable as printable

_TEMPORARY = ".tmp-"
_LOOK_AGAIN_S = 0.1


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path in the same folder; renames it to `path` at the end, or removes it on an error.

    The name is short whatever the length of `path`, so that a name at the limit of the file system still fits, and has
    the same ending, which some writers go by.
    """
    temporary = path.parent / f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}{path.suffix}"
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if any(name and Path(os.fsdecode(name)) == temporary for name in (error.filename, error.filename2)):
            error.filename, error.filename2 = str(path), None  # the name that the user knows
        raise
    finally:
        temporary.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copies a file under a temporary name, then renames it."""
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def remove_leftovers(folder: Path) -> None:
    """Removes the temporary files in `folder` that `replacing` left because its process was killed."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text under a temporary name, then renames it.

    A byte of a file name that is not UTF-8 becomes the escape of the surrogate that stands for it in Python, which JSON has
    too: `read_json` gives the name again.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as indented JSON, keys in the order given."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object. Raises `WordspotError` for anything else."""
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # the latter for ten thousand brackets
        raise WordspotError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise WordspotError(f"{path} must hold a JSON object")
    return values


def try_lock(file: IO[Any]) -> bool:
    """Locks for as long as the file is open; a lock of the process, so that it dies with it and not with its workers."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # both are what systems say of a file that is locked
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lets one process at a time do something; others wait. Makes the file, and leaves it."""
    with open(path, "ab") as file:
        while not try_lock(file):
            time.sleep(_LOOK_AGAIN_S)
        yield


_held: set[Path] = set()  # by this process: to its own threads a lock of the system is open
_held_guard = threading.Lock()


@contextmanager
def held_alone(path: Path, refusal: str) -> Iterator[None]:
    """Lets nobody else in between here and the end of the block; makes the file, and removes it at the end.

    Raises
    ------
    WordspotError
        Somebody else, another process or thread, is in there: says `refusal`.
    """
    key = path.resolve()  # for the set alone: the folders above a relative path may be closed to this user
    with _held_guard:
        if key in _held:
            raise WordspotError(refusal)
        _held.add(key)
    try:
        with _open_locked(path, refusal), _removing(path):
            yield
    finally:
        _held.discard(key)


@contextmanager
def _removing(path: Path) -> Iterator[None]:
    """Removes a lock's file while it is locked: whoever has opened it meanwhile sees that it is gone."""
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps a file that is open
            path.unlink()


def _open_locked(path: Path, refusal: str) -> IO[bytes]:
    while True:
        file = open(path, "ab")  # noqa: SIM115 the caller closes it
        if not try_lock(file):
            file.close()
            raise WordspotError(refusal)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()  # its last holder has removed it in the meantime
