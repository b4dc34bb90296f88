"""Recordings that are no files: a table, `sections.csv`, says which part of which file each of them is, and no sound is copied.

The table lies in a folder of recordings, beside the labels' folders or in their place: `file_name` (`<label>/<name>`, what the
recording is called), `source` (the sound file, absolute or relative to the folder), `start_s` and `end_s` (empty for its
beginning and its end), and what else somebody likes to note. `import_set` writes it; cleaning reads it, and so does who listens
to what was cleaned. A part is the very sound that importing would cut into a file of that name, so that clips and decisions
are the same, too.
"""

import itertools
import math
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from ..arrays import FULL_SCALE, Samples
from ..audio import LONGEST_S, SAMPLE_RATE_HZ, Sound, read_sound
from ..audio.cut import cut
from ..buckets import Folder, folder_at
from ..errors import RecordingError, WordspotError
from ..tables import iterate_table
from ..text import printable
from .folders import SECTIONS, Recording, Section, check_folder, scan_bucket, scan_files

_REQUIRED = ("file_name", "source", "start_s", "end_s")


def scan_source(folder: Folder | str) -> list[Recording]:
    """All recordings of a folder, or of a URL, those that are files and those of its table, sorted by path.

    Raises
    ------
    WordspotError
        As `scan_recordings` does; a damaged table, one that names a sound that is not there, or one recording twice.
    """
    folder = folder_at(folder)
    if not isinstance(folder, Path):
        return scan_bucket(folder)
    check_folder(folder)
    table = folder / SECTIONS
    if not table.is_file():
        return scan_files(folder)
    has_files = any(entry.is_dir() and not entry.name.startswith(".") for entry in folder.iterdir())
    recordings = sorted([*(scan_files(folder) if has_files else ()), *_recordings(table)])
    if not recordings:
        raise WordspotError(f"{table} lists no recordings: import them again")
    for one, other in itertools.pairwise(recordings):
        if one.path == other.path:
            raise WordspotError(f"{table} names {one.path}, which is there twice: rename one of them")
    return recordings


def find_section(folder: Path, key: str) -> Section | None:
    """Where the sound of the recording with this `key` lies by the folder's table; None where it does not name it."""
    table = folder / SECTIONS
    return _sections(table, table.stat().st_mtime_ns).get(key) if table.is_file() else None


def by_file(recording: Recording) -> tuple[str, float]:
    """The order in which `read_all` decodes every file once."""
    section = recording.section
    return (section.file, section.start_s or 0.0) if section else ("", 0.0)


def read_recording(folder: Path | str, recording: Recording) -> Sound:
    """Decodes a recording of `scan_source`. Raises as `read_sound` does."""
    sound = next(read_all(folder, [recording]))
    if isinstance(sound, RecordingError):
        raise sound
    return sound


def read_all(folder: Path | str, recordings: Sequence[Recording]) -> Iterator[Sound | RecordingError]:
    """Decodes recordings one after the other, in their order; gives the error of one that cannot be.

    Neighbours that are sections of one file, in the order of their starts, take one pass over it.
    """
    for file, group in itertools.groupby(recordings, key=_long_file):
        if file:
            yield from _read_sections(file, [recording.section for recording in group if recording.section])
        else:
            yield from (read_or_error(_path(folder, recording)) for recording in group)


def read_section(section: Section) -> Sound:
    """Decodes one section, or all of the file. Raises as `read_sound` does."""
    sound = read_or_error(section.file) if section.is_whole else next(_read_sections(section.file, [section]))
    if isinstance(sound, RecordingError):
        raise sound
    return sound


def _long_file(recording: Recording) -> str:
    """The file that it is only a part of; empty for none."""
    return recording.section.file if recording.section and not recording.section.is_whole else ""


def _path(folder: Path | str, recording: Recording) -> str:
    return recording.section.file if recording.section else f"{folder}/{recording.path}"


def read_or_error(path: str) -> Sound | RecordingError:
    """Decodes a file; gives the error of one that cannot be."""
    try:
        return read_sound(path)
    except RecordingError as error:
        return error


def _read_sections(file: str, sections: Sequence[Section]) -> Iterator[Sound | RecordingError]:
    begin = 0
    for end in range(1, len(sections) + 1):
        if end == len(sections) or (sections[end].start_s or 0.0) < (sections[end - 1].start_s or 0.0):
            yield from _read_ordered(file, sections[begin:end])
            begin = end


def _read_ordered(file: str, sections: Sequence[Section]) -> Iterator[Sound | RecordingError]:
    """Of a file that is damaged further on, the sections before that are given."""
    pieces = cut(Path(file), [(one.start_s or 0.0, math.inf if one.end_s is None else one.end_s) for one in sections])
    for place, section in enumerate(sections):
        try:
            samples = next(pieces)
        except RecordingError as error:
            yield from itertools.repeat(error, len(sections) - place)
            return
        yield _as_of_file(section, samples)


def _as_of_file(section: Section, samples: Samples | None) -> Sound | RecordingError:
    """What reading the section gives once it is a WAV of its own."""
    if samples is None:
        return RecordingError(f"{section.start_s or 0:g} to {section.end_s} s is not in {Path(section.file).name}")
    if len(samples) > LONGEST_S * SAMPLE_RATE_HZ:
        return RecordingError("longer than an hour: cut it into parts first")
    samples = samples.copy()  # or all that was decoded of the file with it would be kept
    peak = max(int(samples.max()), -int(samples.min())) / FULL_SCALE
    return Sound(samples, SAMPLE_RATE_HZ, 1, len(samples), "WAV", samples, peak)


@lru_cache(maxsize=2)
def _sections(table: Path, modified_ns: int) -> dict[str, Section]:
    return {printable(name): section for _, name, section in _rows(table)}


def _recordings(table: Path) -> Iterator[Recording]:
    changed_ns = table.stat().st_mtime_ns
    for where, name, section in _rows(table):
        try:
            status = os.stat(section.file)
        except (OSError, ValueError) as error:
            raise WordspotError(
                f"{where}: the sound {section.file!r} is not there: put it back, or import again from where the sounds are now"
            ) from error
        both_ns = (
            status.st_mtime_ns + changed_ns
        )  # another sum where either was changed: the table may name other sections
        yield Recording(name, status.st_size, both_ns, section)


def _rows(table: Path) -> Iterator[tuple[str, str, Section]]:
    """Where it stands, `<label>/<name>` and the section of each row; no sound is looked at."""
    root = str(table.parent.resolve())
    for line, row in iterate_table(table, _REQUIRED):
        where = f"{table}, line {line}"
        start_s, end_s = (_seconds(row[column], where) for column in ("start_s", "end_s"))
        if not 0 <= (start_s or 0.0) < (math.inf if end_s is None else end_s):
            raise WordspotError(f"{where}: from {start_s} to {end_s} s; expected a start before its end")
        file = os.path.join(root, row["source"])  # noqa: PTH118 pathlib takes ten times as long
        yield where, _name(row["file_name"], where), Section(file, start_s, end_s)


def _name(name: str, where: str) -> str:
    parts = name.split("/")
    if len(parts) < 2 or any(part in ("", ".", "..") for part in parts) or parts[0].startswith("."):
        raise WordspotError(f"{where}: the file_name {name!r}; expected LABEL/NAME")
    return name


def _seconds(text: str, where: str) -> float | None:
    try:
        seconds = float(text) if text else None
    except ValueError:
        seconds = math.nan
    if seconds is not None and not math.isfinite(seconds):
        raise WordspotError(f"{where}: {text!r} is no time in seconds")
    return seconds
