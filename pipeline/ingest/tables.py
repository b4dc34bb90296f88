"""The two tables that cleaning writes, row by row, so that they are never all in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...data.clips import CLIP_TABLE
from ...data.tables import TableWriter, writing_table
from .checks import CHECKS
from .destination import DISCARD_TABLE
from .outcome import MEASUREMENTS, Outcome

CHECK_COLUMNS = tuple(check.column for check in CHECKS if check.name != "unreadable")
_OF_DECISIONS = ("recording", "decision")
CLIP_COLUMNS = ("file_name", "label", "speaker", "source", "findings", *MEASUREMENTS, *CHECK_COLUMNS, *_OF_DECISIONS)
DISCARD_COLUMNS = ("source", "label", "reason", "detail", "findings", *MEASUREMENTS, *CHECK_COLUMNS, *_OF_DECISIONS)


class Tables:
    """The clip table and the table of discards, while they are written."""

    def __init__(self, clips: TableWriter, discards: TableWriter) -> None:
        self._clips, self._discards = clips, discards

    def add(self, outcome: Outcome) -> None:
        """Writes a row into the table where it belongs; long sound that was kept has none."""
        if outcome.discarded_for:
            self._discards.add(_row(outcome))
        elif not outcome.is_long_sound:
            self._clips.add(_row(outcome))


@contextmanager
def writing_tables(folder: Path) -> Iterator[Tables]:
    """Gives the two tables of a clean folder; they are put in their place at the end of the block."""
    with (
        writing_table(folder / CLIP_TABLE, CLIP_COLUMNS) as clips,
        writing_table(folder / DISCARD_TABLE, DISCARD_COLUMNS) as discards,
    ):
        yield Tables(clips, discards)


def _row(outcome: Outcome) -> dict[str, Any]:
    """{column: cell} of either table: the one place where findings are joined."""
    return {
        "file_name": outcome.file_name,
        "label": outcome.label,
        "speaker": outcome.speaker,
        "source": outcome.source,
        "reason": outcome.discarded_for,
        "detail": outcome.detail,
        "findings": ";".join(outcome.findings),
        **outcome.measured,
        "recording": outcome.recording,
        "decision": outcome.decision,
    }
