"""Keeping what native libraries print off the terminal, and out of the output that programs read."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_native_output(descriptor: int = 2) -> Iterator[None]:
    """Silences a file descriptor (1 or 2), for libraries that print there and have no switch for it.

    TensorFlow greets on 2 when it is imported, and LiteRT when it loads a model; libsndfile prints what is damaged on 1.
    Python's own errors still raise.
    """
    _flush(descriptor)
    try:
        saved = os.dup(descriptor)
    except OSError:  # it is closed: nothing can be printed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    try:
        yield
    finally:
        _flush(descriptor)
        os.dup2(saved, descriptor)
        os.close(saved)
        os.close(nowhere)


def _flush(descriptor: int) -> None:
    stream = sys.stdout if descriptor == 1 else sys.stderr
    if stream is not None:
        stream.flush()
    if descriptor == 1 and sys.platform != "win32":
        ctypes.CDLL(None).fflush(None)  # what C has printed is written later where it is no terminal
