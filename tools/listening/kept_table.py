"""The clip table of what `listen` keeps: rows are added to it while somebody may be editing it."""

import contextlib
import csv
import hashlib
import io
import os
import warnings
from pathlib import Path

from ...data.clips import CLIP_TABLE
from ...data.decisions import DECISIONS, append, read, replay
from ...data.edits import Edits, find_edits, is_news
from ...data.errors import WordspotError, WordspotWarning
from ...data.files import copy, replacing
from ...data.tables import as_cell, read_table, write_table

Row = dict[str, str]
WRITTEN = ".wordspot/kept.csv"  # the table as it was left, but for rows that are being added
_REQUIRED = ("file_name", "label")


class KeptTable:
    """Adds rows to the clip table of a folder, at its end while nobody else has written it.

    What somebody has changed meanwhile, in whatever way it was saved, stays, and becomes decisions (see `data.edits`) in
    the folder's `decisions.jsonl`.

    Parameters
    ----------
    folder
        The folder, which nobody else adds to.
    columns
        Of every row.

    Raises
    ------
    WordspotError
        The folder has a clip table of another kind: one without these columns that was not written here.
    """

    def __init__(self, folder: Path, columns: tuple[str, ...], required: tuple[str, ...]) -> None:
        self._folder, self._columns = folder, columns
        self._table, self._written = folder / CLIP_TABLE, folder / WRITTEN
        self._added: list[Row] = []  # by this process
        self._stamp: tuple[int, ...] | None = None  # of the table as it was left
        self._header: list[str] = []
        if self._table.exists() and not self._written.exists():
            _check_kind(self._table, required)

    def add(self, row: Row) -> None:
        """Adds one row; it is in the file when this returns."""
        self._written.parent.mkdir(exist_ok=True)
        if not self._written.exists():
            write_table(self._written, *self._of_an_older_version())
        self._added.append(row)
        if self._stamp is None or not self._append(row):
            self._merge(row)

    def _of_an_older_version(self) -> tuple[list[str], list[Row]]:
        rows = read_table(self._table) if self._table.exists() else []
        return list(self._columns), rows

    def _append(self, row: Row) -> bool:
        """Whether the row stands at the end of the table now, where somebody else may be writing at the same moment."""
        if _stamp_of(self._table) != self._stamp:
            return False
        size = self._table.stat().st_size
        written = _append_line(self._table, [row.get(column, "") for column in self._header])
        self._stamp = _stamp_of(self._table)
        if self._stamp is None or self._stamp[1] != size + written:
            return False
        _append_line(self._written, [row.get(column, "") for column in self._columns])
        return True

    def _merge(self, row: Row) -> None:
        """Writes the table as somebody has left it, and the row; decides what was edited."""
        before = _stamp_of(self._table)
        edits = find_edits(self._table, [self._written], path_column="file_name")
        rows = self._rows(edits)
        saved_before = self._saved_before(rows) if before else []
        self._decide(edits, {one["file_name"] for one in saved_before})
        new = [one for one in (*saved_before, row) if one["file_name"] not in {old["file_name"] for old in rows}]
        self._header = list(dict.fromkeys([*(rows[0] if rows else ()), *self._columns]))
        with replacing(self._table) as temporary:
            write_table(temporary, self._header, [*rows, *new])
            if _stamp_of(self._table) != before:  # saved in this very moment
                return self._merge(row)
        self._stamp = _stamp_of(self._table)
        write_table(self._written, self._columns, [*rows, *new])  # what was edited is decided, and no edit any more
        return None

    def _rows(self, edits: Edits) -> list[Row]:
        """Those of the table; of one that is none any more a copy is kept, and what was written counts."""
        if not self._table.exists():
            return []
        with contextlib.suppress(WordspotError):
            return read_table(self._table, _REQUIRED)
        with contextlib.suppress(WordspotError):
            return read_table(self._table, _REQUIRED, encoding="cp1252")
        kept = self._folder / f"metadata-edited-{hashlib.sha256(self._table.read_bytes()).hexdigest()[:8]}.csv"
        copy(self._table, kept)
        warnings.warn(f"{self._table}: {edits.others}; {kept} is a copy", WordspotWarning, stacklevel=5)
        return read_table(self._written)

    def _saved_before(self, rows: list[Row]) -> list[Row]:
        """The last rows that a table lacks, because it was open in a spreadsheet before they were added, and saved after."""
        names = {row["file_name"] for row in rows}
        missing = []
        for row in reversed(self._added[:-1]):
            if row["file_name"] in names:
                break
            missing.append(row)
        return missing[::-1]

    def _decide(self, edits: Edits, saved_before: set[str]) -> None:
        log = self._folder / DECISIONS
        decisions = [one for one in edits.decisions if one.recording and one.path not in saved_before]
        if decisions:
            states = replay(read(log))
            append(log, [one for one in decisions if is_news(one, states)])


def _check_kind(table: Path, required: tuple[str, ...]) -> None:
    try:
        read_table(table, required)
    except WordspotError as error:
        raise WordspotError(
            f"{table} is a clip table of another kind ({error}): choose a folder of its own for what is recognized"
        ) from error


def _append_line(path: Path, cells: list[str]) -> int:
    """Gives the number of bytes."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow([as_cell(cell) for cell in cells])
    with open(path, "ab") as file:
        return file.write(line.getvalue().encode())


def _stamp_of(path: Path) -> tuple[int, ...] | None:
    """Another one for a file that somebody else has written; None where there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
