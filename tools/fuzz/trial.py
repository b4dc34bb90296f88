"""Runs cases in a process of their own, so that one that dies or never ends is a fault and not the end."""

import ctypes
import multiprocessing
import os
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any, BinaryIO

from ...data.errors import WordspotError
from .kinds import KINDS

LONGEST_S = 20.0
_START_S = 120.0
_MOST_MEMORY_BYTES = 6 << 30  # of addresses, of which the libraries take two


@dataclass
class Counts:
    """What became of the cases of a kind; `faults` are (name, content, what was seen)."""

    tried: int = 0
    accepted: int = 0
    refused: int = 0
    faults: list[tuple[str, bytes, str]] = field(default_factory=list)


def run_once(kind: str, content: bytes) -> str:
    """`accepted`, `refused`, or what is wrong, here in this process."""
    try:
        KINDS[kind].run(content)
    except WordspotError:
        return "refused"
    except Exception:
        return traceback.format_exc()
    return "accepted"


class Trial:
    """A process that runs cases, started when it is needed and again after it died."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._connection: Any = None

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, kind: str, content: bytes) -> str:
        """As `run_once`, but also a process that died or took longer than `LONGEST_S` is something wrong."""
        connection = self._connection or self._start()
        try:
            connection.send((kind, content))
            if connection.poll(LONGEST_S):
                return connection.recv()
            self._end()
        except (EOFError, OSError):
            assert self._process is not None
            self._process.join()
            status = self._process.exitcode
            self._end()
            return f"the process died with status {status}"
        return f"not finished after {LONGEST_S:g} s"

    def _start(self) -> Any:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        assert self._connection.poll(_START_S), "the process for trials does not start"
        self._connection.recv()
        return self._connection

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None


def _serve(connection: Any) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders say there what is damaged
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 1)
        _limit_memory()
        connection.send("started")
        while True:
            try:
                kind, content = connection.recv()
            except EOFError:
                return
            result = run_once(kind, content)
            connection.send(_since_last(printed) or result)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _since_last(printed: BinaryIO) -> str:
    """What libraries have printed on standard output, where it would be taken for results."""
    if sys.platform != "win32":
        ctypes.CDLL(None).fflush(None)
    printed.seek(0)
    text = printed.read().decode(errors="replace")
    printed.seek(0)
    printed.truncate()
    return f"printed on standard output: {text[:200]!r}" if text else ""
