"""Keeping others out of a folder in a bucket while one process writes there: an object says who it is."""

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .buckets import Bucket
from .errors import WordspotError

LOCK = ".wordspot/lock"
CLEANING = "cleaning into"
_held: set[str] = set()  # by this process


@contextmanager
def held_bucket(bucket: Bucket, doing: str) -> Iterator[None]:
    """Lets nobody else in until the end of the block; what a killed process of this machine has left keeps nobody out.

    Parameters
    ----------
    bucket
        The folder.
    doing
        What whoever holds it is doing, as in `cleaning into`.

    Raises
    ------
    WordspotError
        Somebody else is in there.
    """
    own = {"host": socket.gethostname(), "process": os.getpid()}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lock"
        file.write_text(json.dumps(own))
        if bucket.url in _held or bucket.put_new([LOCK], [str(file)]):
            _check_is_left(bucket, own, doing)
            bucket.put(LOCK, file)
    _held.add(bucket.url)
    try:
        yield
    finally:
        _held.discard(bucket.url)
        bucket.remove([LOCK])


def _check_is_left(bucket: Bucket, own: dict[str, Any], doing: str) -> None:
    """Raises `WordspotError` unless the process that holds the folder has ended."""
    holder = _holder(bucket)
    is_left = holder == own and bucket.url not in _held  # containers have the same numbers each time
    if not is_left and (holder.get("host") != own["host"] or not _has_ended(holder.get("process"))):
        raise WordspotError(
            f"process {holder.get('process')} on {holder.get('host')} is {doing} {bucket.url}: wait until it has "
            f"finished; if it was killed, delete {bucket.url}/{LOCK}"
        )


def _holder(bucket: Bucket) -> dict[str, Any]:
    try:
        holder = json.loads(bucket.read([LOCK])[0])
    except ValueError:
        holder = None
    return holder if isinstance(holder, dict) else {}


def _has_ended(process: Any) -> bool:
    if os.name == "nt" or type(process) is not int or process <= 0:  # where asking would end it
        return False
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)  # others are of a process that runs, but belongs to somebody else
    return False
