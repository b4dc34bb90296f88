"""What has been done so far, on disk, so that interrupted cleaning goes on and finished cleaning is not repeated."""

import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ...data.files import held_alone, replacing
from ...data.recordings.folders import Recording
from .destination import JOURNAL_FOLDER
from .journal_entry import JournalEntry, parse_line, read_line, write_line
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
        self._places: dict[str, int] = {}
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
        if recording.key not in self._places:
            return None
        entry = self._entry(recording.key)
        return entry.outcome if entry.is_of(recording) else None

    def known_outcome(self, recording: Recording) -> Outcome:
        """That of a recording which is known to have one."""
        return self._entry(recording.key).outcome

    def outcomes(self) -> Iterator[Outcome]:
        """All of them, also of recordings that have changed or gone since."""
        return (self._entry(key).outcome for key in self._places)

    def holds_exactly(self, recordings: Iterable[Recording]) -> bool:
        """Whether it has an outcome for each of these recordings and for no other."""
        return self._places.keys() == {recording.key for recording in recordings}

    def rewrite(self, recordings: list[Recording]) -> None:
        """Keeps the outcomes of these recordings alone, in this order."""
        in_order = list(self._places) == [recording.key for recording in recordings]
        if self._places and in_order and self._lines == len(self._places):
            return  # they were written so, and nothing else was
        places: dict[str, int] = {}
        with replacing(self.path) as temporary, open(temporary, "wb") as file:
            end = file.write(json.dumps(self.header, ensure_ascii=False).encode() + b"\n")
            for recording in recordings:
                line = self._line(recording.key)
                places[recording.key] = end
                end += file.write(line)
            self._close()  # a file that is open cannot be replaced everywhere
        self._places, self._lines, self._end = places, len(places), end

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

    def _entry(self, key: str) -> JournalEntry:
        return read_line(self._line(key))

    def _line(self, key: str) -> bytes:
        if self._reader is None:
            self._reader = open(self.path, "rb")  # noqa: SIM115 closed with the lock
        self._reader.seek(self._places[key])
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
