"""What has been done so far, on disk, so that interrupted cleaning goes on and finished cleaning is not repeated."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...data.errors import WordspotError
from ...data.files import printable, replacing
from ...data.folders import Recording

_FOLDER = ".wordspot"


class Journal:
    """One JSON line a recording: its path, size and time of change, and the row that it became.

    A line that was being written when the machine stopped is ignored. Lives in the clean folder's `.wordspot` folder,
    together with the lock and the temporary files of the workers. The lines are kept as text, 300 bytes each.
    """

    def __init__(self, clean_folder: Path) -> None:
        self.folder = clean_folder / _FOLDER
        self.path = self.folder / "journal.jsonl"
        self.header: dict[str, Any] = {}
        self._lines: dict[str, str] = {}

    def load(self) -> None:
        """Reads what an earlier run has left."""
        if not self.path.is_file():
            return
        with open(self.path, encoding="utf-8", errors="replace", newline="\n") as file:
            for number, line in enumerate(file):
                try:
                    entry = json.loads(line) if line.endswith("\n") else None
                except json.JSONDecodeError:
                    entry = None
                if number == 0:
                    self.header = entry or {}
                elif entry:
                    self._lines[entry["path"]] = line

    def row(self, recording: Recording) -> dict[str, Any] | None:
        """The row of a recording that has not changed since, or None."""
        line = self._lines.get(printable(recording.path))
        entry = json.loads(line) if line else None
        if entry and (entry["size_bytes"], entry["modified_ns"]) == (recording.size_bytes, recording.modified_ns):
            return entry["row"]
        return None

    def holds_exactly(self, recordings: list[Recording]) -> bool:
        """Whether it has a row for each of these recordings and for no other."""
        return self._lines.keys() == {printable(recording.path) for recording in recordings}

    def file_names(self) -> set[str]:
        """The clip files that were written, as far as is known."""
        rows = (json.loads(line)["row"] for line in self._lines.values())
        return {row["file_name"] for row in rows if "reason" not in row}

    def rewrite(self, recordings: list[Recording]) -> None:
        """Keeps the rows of these recordings alone, in this order."""
        keys = [printable(recording.path) for recording in recordings]
        self._lines = {key: self._lines[key] for key in keys}
        with replacing(self.path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(self.header, ensure_ascii=False) + "\n")
            file.writelines(self._lines.values())

    @contextmanager
    def appending(self) -> Iterator[Any]:
        """Gives a function `add(recording, row)` that appends a line."""
        _drop_torn_line(self.path)
        with open(self.path, "a", encoding="utf-8", newline="\n") as file:

            def add(recording: Recording, row: dict[str, Any]) -> None:
                path = printable(recording.path)
                entry = {
                    "path": path,
                    "size_bytes": recording.size_bytes,
                    "modified_ns": recording.modified_ns,
                    "row": row,
                }
                self._lines[path] = json.dumps(entry, ensure_ascii=False) + "\n"
                file.write(self._lines[path])

            yield add

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Holds the folder for this process alone; gives a folder for temporary files, removed at the end.

        Raises
        ------
        WordspotError
            Another process is cleaning into the same folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / "tmp"
        with open(self.folder / "lock", "w") as lock:
            if not _try_lock(lock):
                raise WordspotError(
                    f"another process is cleaning into {self.folder.parent}: wait until it has finished"
                )
            try:  # from here on, so that Ctrl-C at any moment leaves nothing
                shutil.rmtree(scratch, ignore_errors=True)
                scratch.mkdir()
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)


def _drop_torn_line(path: Path) -> None:
    with open(path, "r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def _try_lock(file: Any) -> bool:
    """Locks for as long as the file is open; a lock of the process, so that it dies with it and not with its workers."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
