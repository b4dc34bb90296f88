"""The map of the clips, for the page of `wordspot review`: made when somebody wants it, in a process of its own."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from ...data.errors import WordspotError
from ...pipeline.curation.review import Review

_TELL_S = 0.2


class ClusterMap:
    """The map of a review's clips.

    Parameters
    ----------
    review
        Of which clips.
    blind
        Whether labels, and groups that are named by them, are kept back.
    """

    def __init__(self, review: Review, blind: bool) -> None:
        self._review, self._blind = review, blind
        self._places = {clip.clip.file_name: place for place, clip in enumerate(review.clips)}
        self._clusters: Any = None
        self._process: BaseProcess | None = None
        self._told: dict[str, Any] = {"state": "none", "done": 0, "note": ""}
        self._lock = threading.Lock()

    def state(self, query: dict[str, str]) -> dict[str, Any]:
        """`none`, `running`, `ready` or `failed`; how many clips are done, of how many; and what there is to say."""
        from ...pipeline.curation.clusters import (
            kept_clusters,
            what_is_missing,
        )  # here, because LiteRT takes long to load

        with self._lock:
            if self._told["state"] == "none" and self._clusters is None:
                self._clusters = kept_clusters(self._review.folder)
                if self._clusters:
                    self._told = {"state": "ready", "done": len(self._clusters.places), "note": ""}
                else:
                    self._told |= {"note": what_is_missing()}
            return self._told | {"clips": len(self._review.clips)}

    def start(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begins to make the map, unless it is made already."""
        told = self.state({})
        if told["state"] in ("running", "ready") or (told["state"] == "none" and told["note"]):
            return told
        with self._lock:
            ours, theirs = multiprocessing.get_context("spawn").Pipe(duplex=False)
            self._told = {"state": "running", "done": 0, "note": ""}
            work = multiprocessing.get_context("spawn").Process(
                target=_work, args=(self._review.folder, theirs), daemon=True
            )
            work.start()
            theirs.close()
            self._process = work
            threading.Thread(target=self._listen, args=(ours,), daemon=True).start()
        return self.state({})

    def _listen(self, connection: Connection) -> None:
        """Takes what the process says, until it has ended."""
        failed = {"state": "failed", "done": 0, "note": "The map was not finished: draw it again."}
        try:
            while True:
                kind, value = connection.recv()
                if kind == "done":
                    self._told = {"state": "running", "done": value, "note": ""}
                elif kind == "clusters":
                    self._clusters = value
                    self._told = {"state": "ready", "done": len(value.places), "note": ""}
                else:
                    failed["note"] = value
        except (EOFError, OSError):
            if self._told["state"] != "ready":
                self._told = failed

    def points(self, query: dict[str, str]) -> dict[str, Any]:
        """Place, x, y and number of the label of every point, and the groups that lie among another word."""
        if self._clusters is None:
            raise WordspotError("the map is not drawn yet")
        found = [(self._places[name], x, y) for name, (x, y) in self._clusters.places.items() if name in self._places]
        now = {place: "" if self._blind else self._review.heard().labels[place] for place, _, _ in found}
        labels = sorted(set(now.values()))
        number = {label: i for i, label in enumerate(labels)}
        return {
            "labels": labels,
            "places": [place for place, _, _ in found],
            "x": [x for _, x, _ in found],
            "y": [y for _, _, y in found],
            "label": [number[now[place]] for place, _, _ in found],
            "islands": [] if self._blind else [self._island(island) for island in self._clusters.islands],
        }

    def _island(self, island: Any) -> dict[str, Any]:
        whose = f", all of {island.speaker}" if island.speaker else ""
        places = [self._places[name] for name in island.file_names if name in self._places]
        return {"title": f"{island.label} among {island.among}{whose}", "places": places}

    def close(self) -> None:
        """Ends the process if it still works."""
        if self._process:
            self._process.terminate()
            self._process.join()


def _work(folder: Path, connection: Connection) -> None:
    """Makes the map; ends when the server does, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = (
        "1"  # threads that wait for each other take all time from the sound on a busy machine
    )
    from ...pipeline.curation.clusters import find_clusters

    def telling(items: Iterable[Any], total: int) -> Iterator[Any]:
        told_s = 0.0
        for done, item in enumerate(items):
            if time.monotonic() - told_s > _TELL_S:
                connection.send(("done", done))
                told_s = time.monotonic()
            yield item
        connection.send(("done", total))

    try:
        connection.send(("clusters", find_clusters(folder, progress=telling)))
    except WordspotError as error:
        connection.send(("failed", str(error)))


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
