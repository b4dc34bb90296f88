"""CSV tables, read and written in this one place.

UTF-8, a header row, line feeds. Text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@` or a
tab, and is no number) is written with an apostrophe before it, which reading takes away again.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from .errors import WordspotError
from .files import replacing

_DELIMITERS = ",;\t"
_LONGEST_HEADER = 100_000
_GUARDED_STARTS = frozenset("=+-@\t'")  # the apostrophe, so that what had one before is read back with it


class TableWriter:
    """Writes the rows of a table that is not in its place yet."""

    def __init__(self, file: Any, columns: Sequence[str]) -> None:
        self._columns = tuple(columns)
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow([as_cell(column) for column in self._columns])  # labels are columns of some

    def add(self, row: Mapping[str, Any]) -> None:
        """Writes {column: value}; columns that the row lacks stay empty, and what is no column is left out."""
        cells = [row.get(column, "") for column in self._columns]
        self._writer.writerow([as_cell(cell) if cell and isinstance(cell, str) else cell for cell in cells])


@contextmanager
def writing_table(path: Path, columns: Sequence[str]) -> Iterator[TableWriter]:
    """Gives a writer; the table takes its place at the end of the block, and never half of it."""
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        yield TableWriter(file, columns)
        file.flush()  # a full disk is found out here, under the name of the table


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes a whole table; see `writing_table`."""
    with writing_table(path, columns) as table:
        for row in rows:
            table.add(row)


def read_table(path: Path, required: Sequence[str] = (), *, encoding: str = "") -> list[dict[str, str]]:
    """The rows of a table, {column: text}; a cell that is missing in a row is empty.

    Raises
    ------
    WordspotError
        No such file, no UTF-8, no CSV, or a column of `required` missing.
    """
    return [row for _, row in iterate_table(path, required, encoding=encoding)]


def iterate_table(
    path: Path, required: Sequence[str] = (), *, encoding: str = "", quoted: bool = True
) -> Iterator[tuple[int, dict[str, str]]]:
    """The line number and the row, one after the other, rows without any text left out; see `read_table`.

    Semicolons and tabs, which spreadsheets save in many countries, are taken for commas where only they give the columns
    that are required. Where cells are not `quoted`, a quotation mark is a character like any other.
    """
    try:
        with open(path, newline="", encoding=encoding or _encoding(path)) as file:
            quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
            reader = csv.reader(file, delimiter=_delimiter(file, required), quoting=quoting)
            columns = next(reader, [])
            missing = [column for column in required if column not in columns]
            if missing:
                raise WordspotError(f"{path} has no column {missing[0]!r}; found {', '.join(columns) or 'nothing'}")
            names = [from_cell(name) for name in columns]
            for cells in reader:
                if any(cells[: len(names)]):
                    cells += [""] * (len(names) - len(cells))
                    texts = map(from_cell, cells) if "'" in "".join(cells) else cells  # most rows hold none
                    yield reader.line_num, dict(zip(names, texts, strict=False))
    except OSError as error:
        raise WordspotError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise WordspotError(f"{path} is not a CSV in UTF-8 ({error}): save it again as such") from error


def columns_of(path: Path) -> list[str]:
    """The header of a table somebody else has written: by commas, semicolons or tabs, whichever gives the most columns.

    Raises
    ------
    WordspotError
        No such file, or no UTF-8.
    """
    try:
        with open(path, newline="", encoding=_encoding(path)) as file:
            header = file.readline(_LONGEST_HEADER)
    except OSError as error:
        raise WordspotError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WordspotError(f"{path} is not a CSV in UTF-8 ({error}): save it again as such") from error
    return max((next(csv.reader([header], delimiter=delimiter), []) for delimiter in _DELIMITERS), key=len)


def _encoding(path: Path) -> str:
    """By the byte-order mark that spreadsheets save; UTF-8 where there is none."""
    with open(path, "rb") as file:
        return "utf-16" if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _delimiter(file: TextIO, required: Sequence[str]) -> str:
    header = file.readline(_LONGEST_HEADER)
    file.seek(0)
    for delimiter in _DELIMITERS:
        columns = next(csv.reader([header], delimiter=delimiter), [])
        if columns and set(required) <= set(columns):
            return delimiter
    return _DELIMITERS[0]


def as_cell(value: Any) -> Any:
    """The value as it is written: text that would be a formula gets an apostrophe; numbers stay numbers."""
    if not isinstance(value, str) or value[:1] not in _GUARDED_STARTS:
        return value
    harmless = from_cell(value) == value if value.startswith("'") else _is_number(value)
    return value if harmless else f"'{value}"


def from_cell(text: str) -> str:
    """The reverse of `as_cell`."""
    return text[1:] if text[:1] == "'" and text[1:2] in _GUARDED_STARTS else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
