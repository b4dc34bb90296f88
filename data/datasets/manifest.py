"""Any table of recordings, CSV or JSON lines: path and label, and where known speaker, split, and the section that counts."""

import dataclasses
import difflib
import json
import math
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..clips import find_speaker, speaker_pattern
from ..errors import WordspotError, WordspotWarning
from ..labels import normalize_name
from ..tables import columns_of, iterate_table
from .entries import Entry, known_speaker
from .listing import Listing

COLUMNS = {  # what the house calls it: what others do (NeMo, Hugging Face, Common Voice)
    "path": ("path", "file_name", "file", "filename", "audio_filepath", "audio"),
    "label": ("label", "word", "command", "text", "sentence"),
    "speaker": ("speaker", "speaker_id", "client_id"),
    "split": ("split", "set", "subset"),
    "start": ("start", "start_s", "offset"),
    "end": ("end", "end_s"),
    "duration": ("duration", "duration_s"),
    "language": ("language", "locale", "lang"),
}
_JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
_ENDINGS = (".csv", ".tsv", *_JSON_ENDINGS)
_USUAL_NAMES = ("manifest", "metadata")
_LOOKS_LIKE = 0.75  # of a column's name: less is another word


def find_manifest(source: Path, language: str) -> Listing:
    """Finds the table, in a folder or named itself; the paths in it are relative to where it lies.

    Parameters
    ----------
    source
        The table, or a folder with a `manifest` or `metadata` file or one table alone.
    language
        Only the rows of this language, by a column of that name; empty for all.

    Raises
    ------
    WordspotError
        No table or several, no column for path or label, or none for the language that is asked for.

    Warns
    -----
    WordspotWarning
        A column that is not read has nearly the name of one that is.
    """
    table = source if source.is_file() else _table_in(source)
    is_json = table.suffix in _JSON_ENDINGS
    names = _names(table, _keys(table) if is_json else columns_of(table))
    if language and "language" not in names:
        raise WordspotError(f"{table} has no column for the language: leave it out to import all rows")

    def entries() -> Iterator[Entry]:
        rows = _objects(table) if is_json else iterate_table(table, (names["path"], names["label"]))
        return _entries(table, rows, names, language)

    return Listing(f"the recordings of {table.name}", table.parent, (table,), entries)


def _table_in(folder: Path) -> Path:
    found = sorted(file for file in folder.iterdir() if file.suffix in _ENDINGS and file.is_file())
    usual = [file for file in found if file.stem in _USUAL_NAMES]
    if len(usual or found) != 1:
        names = ", ".join(file.name for file in usual or found) or "none"
        raise WordspotError(
            f"{folder} must hold one table ({', '.join(_ENDINGS)}); found {names}: name the table itself"
        )
    return (usual or found)[0]


def _keys(table: Path) -> list[str]:
    return next((list(row) for _, row in _objects(table) if isinstance(row, dict)), [])


def _objects(table: Path) -> Iterator[tuple[int, Any]]:
    """Line number and JSON object; text for a line that is none."""
    try:
        with open(table, encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _object(line)
    except UnicodeDecodeError as error:
        raise WordspotError(f"{table} is not a text in UTF-8 ({error}): save it again as such") from error


def _object(line: str) -> Any:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return line
    return values if isinstance(values, dict) else line


def _names(table: Path, columns: list[str]) -> dict[str, str]:
    """{what the house calls it: what this table does}."""
    names = {ours: next((name for name in theirs if name in columns), "") for ours, theirs in COLUMNS.items()}
    for ours in ("path", "label"):
        if not names[ours]:
            raise WordspotError(
                f"{table} has no column {ours!r} (nor {', '.join(COLUMNS[ours][1:])}); found {', '.join(columns) or 'nothing'}"
            )
    known = [name for theirs in COLUMNS.values() for name in theirs]
    for column in set(columns) - set(known):
        near = difflib.get_close_matches(column.casefold(), COLUMNS, 1, _LOOKS_LIKE)
        if near and not names[near[0]]:
            text = f"{table}: the column {column!r} is not read; if it is the {near[0]}, name it {near[0]!r}"
            warnings.warn(text, WordspotWarning, stacklevel=4)
    return {ours: name for ours, name in names.items() if name}


def _entries(table: Path, rows: Iterator[tuple[int, Any]], names: dict[str, str], language: str) -> Iterator[Entry]:
    for line, row in rows:
        where = f"{table.name}, line {line}"
        if not isinstance(row, Mapping):
            yield Entry("", "", where=where, fault="not a row", detail="expected one JSON object on each line")
            continue
        values = {ours: row.get(name) for ours, name in names.items()}
        if not language or _text(values.get("language")) == language:
            yield _entry(table, values, where)


def _entry(table: Path, values: Mapping[str, Any], where: str) -> Entry:
    texts = {name: _text(values.get(name)) for name in ("path", "label", "speaker", "split")}
    entry = Entry(
        _below(table.parent, texts["path"]),
        normalize_name(texts["label"]),
        known_speaker(texts["speaker"]) or find_speaker(texts["path"], speaker_pattern()),
        texts["split"],
        where=where,
    )
    if not entry.path or not entry.label:
        return entry.with_fault("not a row", "path and label must not be empty")
    try:
        start_s, end_s, duration_s = (_seconds(values.get(name)) for name in ("start", "end", "duration"))
    except ValueError as error:
        return entry.with_fault("impossible section", str(error))
    if end_s is None and start_s is not None and duration_s is not None:
        end_s = start_s + duration_s
    return dataclasses.replace(entry, start_s=start_s, end_s=end_s)


def _below(folder: Path, path: str) -> str:
    """An absolute path that lies in the folder, relative to it; any other as it is."""
    absolute = Path(path)
    return absolute.relative_to(folder).as_posix() if absolute.is_absolute() and folder in absolute.parents else path


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _seconds(value: Any) -> float | None:
    text = _text(value)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds):
        raise ValueError(f"{text!r} is no time in seconds")
    return seconds
