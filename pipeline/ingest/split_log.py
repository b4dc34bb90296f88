"""What splitting has done so far, on disk, so that interrupted splitting goes on and finished splitting is not repeated."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...data.files import replacing
from ...data.recordings.folders import Recording
from .destination import JOURNAL_FOLDER

_FORMAT = 1


class SplitLog:
    """One JSON line per recording: its path, size and time of change, and the files that were made of it.

    A line that cannot be right was being written when the machine stopped, and is ignored. Lives in the folder of what is
    made, in `.wordspot`, which whoever reads recordings passes over.

    Parameters
    ----------
    folder
        Where the files are made.
    source
        The folder of recordings.
    """

    def __init__(self, folder: Path, source: Path) -> None:
        self.path = folder / JOURNAL_FOLDER / "split.jsonl"
        self._header = {"format": _FORMAT, "source": str(source.resolve())}
        lines = [_parsed(line) for line in self.path.read_bytes().splitlines()] if self.path.is_file() else []
        self.is_of_source = bool(lines) and lines[0] == self._header
        self._lines = {line["path"]: line for line in lines if "made" in line} if self.is_of_source else {}

    def made(self, recording: Recording) -> list[str] | None:
        """The files that were made of a recording as it is now; None where it is yet to be done."""
        line = self._lines.get(recording.path)
        return line["made"] if line and line == _line(recording, line["made"]) else None

    def made_before(self, recording: Recording) -> list[str]:
        """The files that were made of it when it was another."""
        return self._lines.get(recording.path, {"made": []})["made"]

    @contextmanager
    def appending(self) -> Iterator[Callable[[Recording, list[str]], None]]:
        """Gives a function that writes down the files that were made of a recording, which are in their places already."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as whole:
            whole.write_text("".join(json.dumps(line) + "\n" for line in (self._header, *self._lines.values())))
        with open(self.path, "a", encoding="ascii") as file:

            def add(recording: Recording, made: list[str]) -> None:
                file.write(json.dumps(_line(recording, made)) + "\n")
                file.flush()

            yield add


def _line(recording: Recording, made: list[str]) -> dict[str, Any]:
    return {
        "path": recording.path,
        "size_bytes": recording.size_bytes,
        "modified_ns": recording.modified_ns,
        "made": made,
    }


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
