"""Running one function over many items in several processes, results in order."""

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, islice
from multiprocessing import connection
from typing import Any, TypeVar

from ..data.errors import WordspotError
from .cluster import Cluster

Item = TypeVar("Item")
Result = TypeVar("Result")
_ITEMS_PER_CHUNK = 128
_CHUNKS_AHEAD = 4  # per process: none waits for work, and memory does not grow with the number of items
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as malloc.h of glibc numbers them
_stopped = threading.Event()  # in a worker: nobody waits for the rest of its chunk any more


@contextmanager
def mapping(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int | Cluster
) -> Iterator[Iterable[Result]]:
    """Gives the results of `function` over `items`, in order, worked out by `jobs` processes (1: this one) or a cluster.

    Leaving the block early, by an error or Ctrl-C, drops what has not been started.

    Raises
    ------
    WordspotError
        A process was killed.
    """
    if jobs == 1:
        yield map(function, items)
        return
    with mapping_lists(partial(_one_by_one, function), items, jobs) as results:
        yield results


@contextmanager
def mapping_lists(
    function: Callable[[list[Item]], list[Result]], items: Iterable[Item], jobs: int | Cluster
) -> Iterator[Iterable[Result]]:
    """As `mapping` does, of a function that gives the results of many items at once, one for each."""
    if isinstance(jobs, Cluster):
        with jobs.mapping(function, _chunks(items)) as results:
            yield results
        return
    if jobs == 1:
        yield chain.from_iterable(map(function, _chunks(items)))
        return
    stop_signal, sender = multiprocessing.Pipe(duplex=False)
    pool = ProcessPoolExecutor(jobs, initializer=_start_worker, initargs=(stop_signal,))
    futures = (pool.submit(_unless_stopped, function, chunk) for chunk in _chunks(items))
    try:
        with _interrupts_held_back():  # the processes start here
            waiting = deque(islice(futures, _CHUNKS_AHEAD * jobs))
        yield _in_order(waiting, futures)
    except BrokenExecutor as error:
        raise WordspotError(
            "a worker process was killed, for want of memory perhaps: do the same again with jobs=1"
        ) from error
    finally:
        sender.send("enough")
        pool.shutdown(cancel_futures=True)
        stop_signal.close()
        sender.close()


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    items = iter(items)
    while chunk := list(islice(items, _ITEMS_PER_CHUNK)):
        yield chunk


def _in_order(waiting: deque[Future[list[Result]]], futures: Iterator[Future[list[Result]]]) -> Iterator[Result]:
    """Starts one chunk for each that is done."""
    while waiting:
        yield from waiting.popleft().result()
        waiting.extend(islice(futures, 1))


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C waits until the end of the block; processes started meanwhile never get it: the parent stops them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(stop_signal: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _be_silent()
    keep_freed_memory()
    gc.freeze()  # what the parent has read is shared for as long as nobody counts its references
    threading.Thread(target=_wait_for_end, args=(stop_signal,), daemon=True).start()


def _be_silent() -> None:
    """Decoders print what they think of damaged files; what matters comes back as a result."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:  # where it was closed, its number may be that of a pipe to the parent
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def keep_freed_memory() -> None:
    """Arrays of a megabyte come and go; glibc gives each back to the kernel, and getting it again costs as much as the work."""
    with suppress(OSError, AttributeError, TypeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(_TRIM_THRESHOLD, 64 << 20)


def _wait_for_end(stop_signal: Any) -> None:
    """Ends this process when its parent has died, and its work when the parent needs no more results."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if parent.sentinel not in connection.wait([parent.sentinel, stop_signal]):
        _stopped.set()
        connection.wait([parent.sentinel])
    os._exit(1)


def _unless_stopped(function: Callable[[list[Item]], list[Result]], chunk: list[Item]) -> list[Result]:
    return [] if _stopped.is_set() else function(chunk)


def _one_by_one(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk if not _stopped.is_set()]
