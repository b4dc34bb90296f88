"""What has been done so far, on disk, so that interrupted cleaning goes on and finished cleaning is not repeated."""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ...data.errors import WordspotError
from ...data.files import printable, replacing, try_lock
from ...data.folders import Recording

_FOLDER = ".wordspot"
_SCRATCH = "tmp"


class Journal:
    """One JSON line a recording: its path, size and time of change, and the row that it became.

    A line that was being written when the machine stopped is ignored. Lives in the clean folder's `.wordspot` folder,
    together with the lock and the temporary files of the workers. Of the lines only their places in the file are kept
    in memory.
    """

    def __init__(self, clean_folder: Path) -> None:
        self.folder = clean_folder / _FOLDER
        self.path = self.folder / "journal.jsonl"
        self.header: dict[str, Any] = {}
        self._places: dict[str, int] = {}
        self._end = 0
        self._reader: BinaryIO | None = None

    def load(self) -> None:
        """Reads what an earlier run has left."""
        if not self.path.is_file():
            return
        with open(self.path, "rb") as file:
            for number, line in enumerate(file):
                entry = _parsed(line)
                if number == 0:
                    self.header = entry or {}
                elif entry:
                    self._places[entry["path"]] = self._end
                if line.endswith(b"\n"):
                    self._end += len(line)

    def row(self, recording: Recording) -> dict[str, Any] | None:
        """The row of a recording that has not changed since, or None."""
        place = self._places.get(printable(recording.path))
        entry = json.loads(self._line(place)) if place is not None else None
        if entry and (entry["size_bytes"], entry["modified_ns"]) == (recording.size_bytes, recording.modified_ns):
            return entry["row"]
        return None

    def known_row(self, recording: Recording) -> dict[str, Any]:
        """The row of a recording that is known to have one."""
        return json.loads(self._line(self._places[printable(recording.path)]))["row"]

    def holds_exactly(self, recordings: list[Recording]) -> bool:
        """Whether it has a row for each of these recordings and for no other."""
        return self._places.keys() == {printable(recording.path) for recording in recordings}

    def file_names(self) -> set[str]:
        """The clip files that were written, as far as is known."""
        rows = (json.loads(self._line(place))["row"] for place in self._places.values())
        return {row["file_name"] for row in rows if "reason" not in row}

    def rewrite(self, recordings: list[Recording]) -> None:
        """Keeps the rows of these recordings alone, in this order."""
        if self._places and list(self._places) == [printable(recording.path) for recording in recordings]:
            return  # they were written in this order
        places: dict[str, int] = {}
        with replacing(self.path) as temporary, open(temporary, "wb") as file:
            end = file.write(_line(self.header))
            for recording in recordings:
                key = printable(recording.path)
                line = self._line(self._places[key])
                places[key] = end
                end += file.write(line)
            self._close()  # a file that is open cannot be replaced everywhere
        self._places, self._end = places, end

    @contextmanager
    def appending(self) -> Iterator[Callable[[Recording, dict[str, Any]], None]]:
        """Gives a function `add(recording, row)` that appends a line."""
        with open(self.path, "r+b") as file:
            file.truncate(self._end)  # a torn line
            file.seek(self._end)

            def add(recording: Recording, row: dict[str, Any]) -> None:
                path = printable(recording.path)
                entry = {"path": path, "size_bytes": recording.size_bytes, "modified_ns": recording.modified_ns}
                self._places[path] = self._end
                self._end += file.write(_line(entry | {"row": row}))

            yield add
        self._close()  # the reader may have read a torn line ahead, where another one now stands

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Holds the folder for this process alone; gives a folder for temporary files, removed at the end.

        Raises
        ------
        WordspotError
            Another process is cleaning into the same folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w") as lock:
            if not try_lock(lock):
                raise WordspotError(
                    f"another process is cleaning into {self.folder.parent}: wait until it has finished"
                )
            try:  # from here on, so that Ctrl-C at any moment leaves nothing
                self._remove_scratch()
                scratch = self._new_scratch()
                scratch.mkdir()
                yield scratch
            finally:
                self._close()
                self._remove_scratch()

    def _new_scratch(self) -> Path:
        return self.folder / f"{_SCRATCH}-{secrets.token_hex(4)}"

    def _remove_scratch(self) -> None:
        """Removes temporary folders. Renamed first: a worker that outlives its killed parent finds its own no more."""
        for old in self.folder.glob(f"{_SCRATCH}*"):
            shutil.rmtree(old.rename(self._new_scratch()), ignore_errors=True)

    def _line(self, place: int) -> bytes:
        if self._reader is None:
            self._reader = open(self.path, "rb")  # noqa: SIM115 closed with the lock
        self._reader.seek(place)
        return self._reader.readline()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The entry of a line, or None for one that was not written to its end."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
