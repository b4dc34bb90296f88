"""The two tables that cleaning writes, row by row, so that they are never all in memory."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...data.clips import CLIP_TABLE
from ...data.files import replacing
from .checks import CHECKS
from .clip_maker import MEASUREMENTS

DISCARD_TABLE = "discarded.csv"
CHECK_COLUMNS = tuple(check.column for check in CHECKS if check.name != "unreadable")
CLIP_COLUMNS = ("file_name", "label", "speaker", "source", "findings", *MEASUREMENTS, *CHECK_COLUMNS)
DISCARD_COLUMNS = ("source", "label", "reason", "detail", "findings", *MEASUREMENTS, *CHECK_COLUMNS)


class Tables:
    """The clip table and the table of discards, while they are written."""

    def __init__(self, clips: Any, discards: Any) -> None:
        self._clips, self._discards = clips, discards

    def add(self, row: dict[str, Any]) -> None:
        """Writes a row into the table where it belongs; long sound that was kept has none."""
        if "reason" in row:
            self._discards.writerow(row)
        elif not row["label"].startswith("_"):
            self._clips.writerow(row)


@contextmanager
def writing_tables(folder: Path) -> Iterator[Tables]:
    """Gives the two tables of a clean folder; they are put in their place at the end of the block."""
    with (
        _table(folder / CLIP_TABLE, CLIP_COLUMNS) as clips,
        _table(folder / DISCARD_TABLE, DISCARD_COLUMNS) as discards,
    ):
        yield Tables(clips, discards)


@contextmanager
def _table(path: Path, columns: tuple[str, ...]) -> Iterator[csv.DictWriter]:
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        yield writer
        file.flush()  # a full disk is found out here, under the name of the table
