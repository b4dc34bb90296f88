"""What somebody has changed in a clip table since it was written, as decisions: in whatever way a spreadsheet has saved it."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from .decisions import Decision, State, What
from .errors import WordspotError
from .labels import normalize_name
from .tables import read_table

SPREADSHEET = "spreadsheet"
_REQUIRED = ("file_name", "label")
_OF_EXCEL = "cp1252"  # what it takes for CSV in many countries: letters that this lacks become question marks
_LONG, _SHOWN = 1e11, 0.01  # from so many digits on it saves numbers as it shows them, 1.23E+12
_TRUTHS = frozenset({"true", "false"})
_WHATS = frozenset(get_args(What)) & {"keep", "drop", "unsure"}  # that may be typed into the column `decision`
_MISSING = dict.fromkeys(("speaker", "source", "recording", "decision"), "")  # columns that not every table has

Row = Mapping[str, str]


@dataclass(frozen=True)
class Edits:
    """What was changed in a clip table.

    Attributes
    ----------
    decisions
        Changed labels and deleted rows, and what was typed into the column `decision`.
    others
        What else was changed that no decision can say, in words; empty for nothing.
    """

    decisions: tuple[Decision, ...] = ()
    others: str = ""


def find_edits(table: Path, written: Iterable[Path], *, path_column: str = "source") -> Edits:
    """Compares a clip table with what was written.

    Semicolons or tabs for commas, line ends, a byte-order mark, another encoding, order, empty rows and additional columns
    make no difference, nor does what spreadsheets do to labels that look like numbers.

    Parameters
    ----------
    table
        The table as it is.
    written
        The tables that were written last, the newest first: it is compared with the one that it resembles most, because a
        spreadsheet that was open may be saved after the table was written anew.
    path_column
        The column that says where a recording lies.
    """
    known = [path for path in written if path.is_file()]
    if not table.is_file() or any(table.read_bytes() == path.read_bytes() for path in known):
        return Edits()
    try:
        rows = _read(table)
    except WordspotError as error:
        return Edits(others=f"it is no table any more ({error})")
    if not rows or not known:
        return Edits(others="it lists nothing any more" if known else "it is not known what was written")
    bases = [[_MISSING | row | {"path": row[path_column]} for row in read_table(path)] for path in known]
    names = {row["file_name"] for row in rows}
    base = min(bases, key=lambda base: len(names ^ {row["file_name"] for row in base}))
    return _compare(rows, base)


def _read(table: Path) -> list[Row]:
    try:
        return [*read_table(table, _REQUIRED)]
    except WordspotError:
        return [*read_table(table, _REQUIRED, encoding=_OF_EXCEL)]


def _compare(rows: list[Row], base: list[dict[str, str]]) -> Edits:
    """By the name of the clip, or by the recording where that was changed, or cannot be read any more."""
    names = {row["file_name"] for row in rows}
    unnamed = [row for row in base if row["file_name"] not in names]
    known = [("file_name", _unique(base, "file_name"))]
    known += [(column, _unique(unnamed, column)) for column in ("recording", "source")]
    found, others, decisions = set(), set(), []
    for row in rows:
        before = next((of_cell[row[column]] for column, of_cell in known if row.get(column) in of_cell), None)
        if before is None:
            others.add("rows of your own")
            continue
        found.add(before["file_name"])
        others.update(_others(row, before))
        if decision := _decision(row, before):
            decisions.append(decision)
    if not found:
        return Edits(others="it lists none of the clips")
    decisions += [_decide("drop", row) for row in base if row["file_name"] not in found]
    return Edits(tuple(decisions), " and ".join(sorted(others)))


def _unique(base: list[dict[str, str]], column: str) -> dict[str, dict[str, str]]:
    """{cell: its row} of those that are in one row alone."""
    counts = Counter(row[column] for row in base)
    return {row[column]: row for row in base if row[column] and counts[row[column]] == 1}


def _others(row: Row, before: Row) -> set[str]:
    """Columns that people fill in; how a spreadsheet writes numbers is nobody's work."""
    mine = {f"the column {name}" for name, cell in row.items() if name not in before and name and cell}
    speaker = row.get("speaker", before["speaker"])
    return mine if _is_same(speaker, before["speaker"]) else mine | {"the column speaker"}


def _decision(row: Row, before: Row) -> Decision | None:
    label, typed = normalize_name(row["label"]), row.get("decision", before["decision"]).strip()
    if not label:
        return _decide("unsure", before)
    if not _is_same(label, before["label"]):
        return _decide("relabel", before, label)
    if typed == before["decision"]:
        return None
    if not typed and before["decision"] == "unsure":
        return _decide("keep", before, label)
    return _decide(typed, before, label) if typed in _WHATS else None  # type: ignore[arg-type]


def _decide(what: What, row: Row, after: str = "") -> Decision:
    return Decision(what, row["recording"], row["path"], row["label"], after, SPREADSHEET)


def _is_same(text: str, before: str) -> bool:
    """Whether a cell says what it said, though a spreadsheet may have made `7` of `007`, `TRUE` of `true`, `?` of a letter."""
    text, before = normalize_name(text), normalize_name(before)
    lossy = before.encode(_OF_EXCEL, "replace").decode(_OF_EXCEL)
    if text in (before, lossy) or (text.casefold() == before.casefold() and text.casefold() in _TRUTHS):
        return True
    try:
        number, number_before = float(text.replace(",", ".")), float(before)
    except ValueError:
        return False
    shown = math.isclose(number, number_before, rel_tol=_SHOWN) and abs(number_before) >= _LONG
    return number == number_before or shown


def is_news(decision: Decision, states: Mapping[str, State]) -> bool:
    """Whether an edit says something that does not count yet: it may have been read before an interruption."""
    state = states.get(decision.recording)
    if state is None or state.what != decision.what:
        return True
    if decision.what == "relabel":
        return state.label != decision.after
    return decision.what == "drop" and decision.path not in state.dropped
