"""Clip tables that somebody has edited: what was decided in them is read before they are written anew."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from ...data.clips import CLIP_TABLE
from ...data.decisions import Decision
from ...data.edits import Edits, find_edits
from ...data.errors import WordspotWarning
from ...data.files import copy, read_json
from .destination import JOURNAL_FOLDER, MARKER, digest, sha256, stands

_WRITTEN = "written.csv"  # the table as cleaning wrote it
_BEFORE = "written-before.csv"  # and the one before that, which a spreadsheet may still show
_ASIDE = "set-aside.csv"  # a table that is being replaced


def edits_of(destination: Path) -> list[Decision]:
    """What was decided in the clip table of a clean folder, and in one that an interrupted run has set aside."""
    aside, table = destination / JOURNAL_FOLDER / _ASIDE, destination / CLIP_TABLE
    return [*_edits(destination, aside).decisions, *_edits(destination, table).decisions]


def set_aside(destination: Path) -> list[Decision]:
    """Takes the clip table away; gives what was decided in it, as it was at that moment.

    Warns
    -----
    WordspotWarning
        Something else was changed: then a copy is kept beside the clips.
    """
    decisions = _keep_others(destination)  # of an interrupted run
    with contextlib.suppress(FileNotFoundError):
        os.replace(destination / CLIP_TABLE, destination / JOURNAL_FOLDER / _ASIDE)
    return [*decisions, *_keep_others(destination)]


def _keep_others(destination: Path) -> tuple[Decision, ...]:
    """Keeps what no decision can say of the table that was set aside; gives its decisions."""
    aside = destination / JOURNAL_FOLDER / _ASIDE
    edits = _edits(destination, aside)
    if edits.others:
        kept = destination / f"metadata-edited-{digest(aside)[:8]}.csv"
        copy(aside, kept)
        note = (
            f"{CLIP_TABLE} was edited: {edits.others}; the table that is written now lacks that, and {kept} is a copy"
        )
        warnings.warn(note, WordspotWarning, stacklevel=5)
    return edits.decisions


def forget_aside(destination: Path) -> None:
    """Removes what `set_aside` took away, once its decisions are in a log."""
    (destination / JOURNAL_FOLDER / _ASIDE).unlink(missing_ok=True)


def _edits(destination: Path, table: Path) -> Edits:
    is_there = (
        table.is_file() and table.stat().st_size
    )  # a power cut leaves an empty file, in which nobody decided anything
    if not is_there or sha256(table) == _sha256_of_marker(destination):
        return Edits()
    return find_edits(table, (destination / JOURNAL_FOLDER / name for name in (_WRITTEN, _BEFORE)))


def _sha256_of_marker(destination: Path) -> str | None:
    """What `clean.json` says of the table: all that is known of one that an older version has written."""
    marker = destination / MARKER
    return read_json(marker).get("clip_table_sha256") if stands(marker) else None


@contextlib.contextmanager
def placing_table(destination: Path) -> Iterator[Path]:
    """Gives where to write the clip table; what is written there is remembered, and then put in its place.

    In this order: a table in its place is always one that is known, or that somebody has edited.
    """
    folder = destination / JOURNAL_FOLDER
    unplaced = folder / CLIP_TABLE
    yield unplaced
    if (folder / _WRITTEN).exists() and (folder / _WRITTEN).read_bytes() != unplaced.read_bytes():
        os.replace(folder / _WRITTEN, folder / _BEFORE)
    os.replace(unplaced, folder / _WRITTEN)
    copy(folder / _WRITTEN, destination / CLIP_TABLE)
