"""What has been done so far, on disk, so that interrupted cleaning goes on and finished cleaning is not repeated."""

import json
import secrets
import shutil
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...data.files import held_alone, replacing
from ...data.recordings.folders import Recording
from .destination import JOURNAL_FOLDER
from .journal_entry import JournalEntry, parse_line, read_line, write_line
from .journal_places import NOWHERE, Places
from .outcome import Outcome

_SCRATCH = "tmp"


class Journal:
    """One JSON line per recording: its path, size and time of change, and its outcome.

    A line that cannot be right is ignored: it was being written when the machine stopped, or is of another version. Lives
    in the clean folder's `.wordspot` folder, together with the lock and the temporary files of the workers. Of the lines
    only their places in the file are kept in memory.

    Attributes
    ----------
    header
        What the outcomes were made by, a JSON object; the first line.
    """

    def __init__(self, clean_folder: Path) -> None:
        self.folder = clean_folder / JOURNAL_FOLDER
        self.path = self.folder / "journal.jsonl"
        self.header: dict[str, Any] = {}
        self._places = Places()
        self._lines = 0  # with those that are ignored
        self._end = 0
        self._reader: BinaryIO | None = None

    def load(self) -> None:
        """Reads what an earlier run has left."""
        if not self.path.is_file():
            return
        with open(self.path, "rb") as file:
            for number, line in enumerate(file):
                if number == 0:
                    self.header = _header(line)
                elif entry := parse_line(line):
                    self._places[entry.outcome.source] = self._end
                if line.endswith(b"\n"):
                    self._end += len(line)
                    self._lines += number > 0

    def outcome(self, recording: Recording) -> Outcome | None:
        """That of a recording which has not changed since, or None."""
        place = self._places.find(recording.key)
        entry = None if place == NOWHERE else self._entry(place)
        return entry.outcome if entry and entry.is_of(recording) else None

    def known_outcome(self, recording: Recording) -> Outcome:
        """That of a recording which is known to have one."""
        return self._entry(self._places.find(recording.key)).outcome

    def outcomes(self) -> Iterator[Outcome]:
        """All of them, also of recordings that have changed or gone since, as they lie in the file; see `rewrite`."""
        return (self._entry(place).outcome for place in self._places.offsets())

    @property
    def holds_any(self) -> bool:
        """Whether it has any outcome."""
        return len(self._places) > 0

    def holds_exactly(self, recordings: Iterable[Recording]) -> bool:
        """Whether it has an outcome for each of these recordings and for no other."""
        places = [self._places.find(recording.key) for recording in recordings]
        return NOWHERE not in places and len(places) == len(self._places)

    def rewrite(self, recordings: Iterable[Recording]) -> None:
        """Keeps the outcomes of these recordings alone, in this order."""
        keys, places = array("q"), array("q")
        for recording in recordings:
            keys.append(hash(recording.key))
            places.append(self._places.find(recording.key))
        if places and len(places) == self._lines and np.all(np.diff(places) > 0):
            return  # they were written so, and nothing else was
        moved = array("q")
        with replacing(self.path) as temporary, open(temporary, "wb") as file:
            end = file.write(json.dumps(self.header, ensure_ascii=False).encode() + b"\n")
            for place in places:
                moved.append(end)
                end += file.write(self._line(place))
            self._close()  # a file that is open cannot be replaced everywhere
        self._places, self._lines, self._end = Places(keys, moved), len(places), end

    @contextmanager
    def appending(self) -> Iterator[Callable[[Recording, Outcome], None]]:
        """Gives a function `add(recording, outcome)` that appends a line, which is in the file when it returns."""
        with open(self.path, "r+b") as file:
            file.truncate(self._end)  # a torn line
            file.seek(self._end)

            def add(recording: Recording, outcome: Outcome) -> None:
                self._places[recording.key] = self._end
                self._lines += 1
                self._end += file.write(write_line(recording, outcome))
                file.flush()

            yield add
        self._close()  # the reader may have read a torn line ahead, where another one now stands

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Holds the folder for this process alone; gives a folder for temporary files, removed at the end.

        Raises
        ------
        WordspotError
            Somebody else is cleaning into the same folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        refusal = f"another process is cleaning into {self.folder.parent}: wait until it has finished"
        with held_alone(self.folder / "lock", refusal):
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

    def _entry(self, place: int) -> JournalEntry:
        return read_line(self._line(place))

    def _line(self, place: int) -> bytes:
        if self._reader is None:
            self._reader = open(self.path, "rb")  # noqa: SIM115 closed with the lock
        self._reader.seek(place)
        return self._reader.readline()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _header(line: bytes) -> dict[str, Any]:
    """The first line's object; empty for one that was not written to its end, or holds something else."""
    try:
        header = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}
