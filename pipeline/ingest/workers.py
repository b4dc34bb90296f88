"""Running one function over many items in several processes, results in order."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_ITEMS_A_CHUNK = 64


@contextmanager
def mapping(function: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Iterable[Result]]:
    """Gives the results of `function` over `items`, in order, worked out by `jobs` processes (1: this one).

    Leaving the block early drops what has not been started.
    """
    if jobs == 1:
        yield map(function, items)
        return
    pool = ProcessPoolExecutor(jobs, initializer=_start_worker)
    try:
        yield pool.map(function, items, chunksize=_ITEMS_A_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and winds up
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
