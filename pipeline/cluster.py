"""Work on many machines: the workers of a Dask cluster, which see the same folders as this machine."""

import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from ..data.buckets import Bucket, Folder, folder_at
from ..data.errors import WordspotError
from ..data.shards import is_sharded

Item = TypeVar("Item")
Result = TypeVar("Result")
# whose versions decide every byte of a clip, of a feature set and of an audit
_PACKAGES = ("wordspot", "numpy", "soundfile", "soxr", "ai-edge-litert")
_OF_SHARDS = ("pyarrow",)
_OF_URLS = ("fsspec", "universal_pathlib")
_CONNECT_S = 10
_CHUNKS_AHEAD = 3  # per worker: none waits for work, and memory does not grow with the number of items


class Cluster:
    """Workers of a Dask cluster in the place of processes: give it as `jobs`.

    A worker that dies is replaced by Dask: others do again what it had not handed over, and the same recording gives the same
    bytes, so nothing is lost or there twice.

    Parameters
    ----------
    client
        A `distributed.Client`.
    """

    def __init__(self, client: Any) -> None:
        self._client, self._versions = client, _versions()

    @classmethod
    @contextmanager
    def connect(cls, address: str, *folders: Folder) -> Iterator["Cluster"]:
        """Connects to a scheduler, and looks at its workers.

        Parameters
        ----------
        address
            Of the scheduler, as in `tcp://host:8786`.
        folders
            That all workers must see under the same path or URL.

        Raises
        ------
        WordspotError
            No scheduler answers, it has no workers, one of them has other versions than this machine or more than one
            thread, or does not see the folders; a recording that killed one worker after the other.
        """
        from distributed import CancelledError, Client, KilledWorker  # here, because only clusters need it: an extra
        from distributed.comm.core import CommClosedError

        for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is raised
        try:
            client = Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise WordspotError(
                f"no scheduler answers at {address!r} ({_first_line(error)}): start one with `dask scheduler`, and give its "
                "address as in tcp://host:8786"
            ) from error
        with client:
            _check_workers(client, address, folders)
            try:
                yield cls(client)
            except KilledWorker as error:
                raise WordspotError(
                    f"worker after worker was killed over the same files, for want of memory perhaps, last "
                    f"at {error.last_worker.address}: nothing is lost, the same command goes on"
                ) from error
            except (CancelledError, CommClosedError) as error:
                raise WordspotError(
                    f"the scheduler at {address} has ended or cannot be reached any more: nothing is lost, the same command "
                    "goes on once it is there again"
                ) from error

    @contextmanager
    def mapping(
        self, function: Callable[[list[Item]], list[Result]], chunks: Iterable[list[Item]]
    ) -> Iterator[Iterable[Result]]:
        """Gives the results of `function` over all chunks, in order; leaving early drops what has not begun."""
        ahead = max(1, len(self._client.scheduler_info(n_workers=-1)["workers"])) * _CHUNKS_AHEAD
        futures = (self._client.submit(_work, self._versions, function, chunk, pure=False) for chunk in chunks)
        waiting = deque(islice(futures, ahead))
        try:
            yield _in_order(waiting, futures)
        finally:
            self._client.cancel(list(waiting))


def _in_order(waiting: deque[Any], futures: Iterator[Any]) -> Iterator[Any]:
    """Submits one chunk for each that is done."""
    while waiting:
        yield from waiting[0].result()
        waiting.popleft()
        waiting.extend(islice(futures, 1))


def _work(versions: dict[str, str], function: Callable[[list[Item]], list[Result]], chunk: list[Item]) -> list[Result]:
    """In a worker, which may have joined after the others were looked at."""
    _check_versions(socket.gethostname(), versions, _versions())
    return function(chunk)


def _versions(*more: str) -> dict[str, str]:
    return {package: version(package) for package in (*_PACKAGES, *more)}


def _needed_by(folders: Sequence[Folder]) -> tuple[str, ...]:
    """The packages that these folders need besides."""
    local = [folder for folder in folders if isinstance(folder, Path)]
    return (_OF_SHARDS if any(map(is_sharded, local)) else ()) + (_OF_URLS if len(local) < len(folders) else ())


def _check_workers(client: Any, address: str, folders: Sequence[Folder]) -> None:
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except TimeoutError as error:
        raise WordspotError(
            f"the scheduler at {address} has no workers: start some with `dask worker {address} --nthreads 1 --nworkers auto`"
        ) from error
    for name, worker in client.scheduler_info(n_workers=-1)["workers"].items():
        if worker["nthreads"] > 1:  # what native libraries print is kept back for the whole process
            raise WordspotError(
                f"the worker {name} has {worker['nthreads']} threads: start workers with --nthreads 1, as many as there are "
                "cores (--nworkers auto)"
            )
    for package, ours in _versions(*_needed_by(folders)).items():
        for name, theirs in client.run(version, package, on_error="return").items():
            _check_versions(name, {package: ours}, {package: theirs})
    for folder in folders:
        for name, refusal in client.run(_refusal, str(folder)).items():
            if refusal:
                raise WordspotError(f"the worker {name} {refusal}")


def _refusal(folder: str) -> str:
    """In a worker: why it cannot use a folder; empty if it can."""
    try:
        place = folder_at(folder)
        if not isinstance(place, Path):
            Bucket(place).file("clean.json")  # any name: it need not be there
        elif not place.is_dir():
            return f"sees no folder {folder}: all workers need the same folders, under the same paths"
    except WordspotError as error:
        return f"says: {error}"
    return ""


def _check_versions(worker: str, ours: dict[str, str], theirs: dict[str, Any]) -> None:
    for package, expected in ours.items():
        found = "no" if isinstance(theirs[package], PackageNotFoundError) else theirs[package]
        if found != expected:
            raise WordspotError(
                f"the worker {worker} has {found} {package}, and this machine {expected}: install the same versions, so that "
                "all give the same bytes"
            )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
