"""What a clip is, and the clip table that lists them."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .errors import WordspotError
from .labels import normalize_name
from .recordings.folders import check_folder, scan_recordings
from .recordings.layout import refuse_misplaced
from .shards import SHARD_TABLE, iterate_shard_table
from .tables import iterate_table

CLIP_TABLE = "metadata.csv"
SPEAKER_PATTERN = r"([^/]+?)_nohash_"
_SKETCH_SIZE = 64
_UNSURE = "unsure"
_REQUIRED_COLUMNS = ("file_name", "label")


@dataclass(frozen=True)
class Clip:
    """One row of a clip table: the columns that later stages need.

    Attributes
    ----------
    file_name
        The WAV file, relative to the table's folder, with forward slashes.
    label
        The word said.
    speaker
        Who said it; empty when not known.
    source
        The recording it was cut from, relative to the source folder; empty when not known.
    split
        `training`, `validation`, `testing`, or empty: then the rule of `splits` decides.
    recording
        Hash of the recording's content, which decisions go by; empty when not known.
    decision
        What a person decided of it last, see `decisions.State.what`; empty for nothing.
    """

    file_name: str
    label: str
    speaker: str = ""
    source: str = ""
    split: str = ""
    recording: str = field(default="", repr=False)
    decision: str = field(default="", repr=False)


def read_clip_table(folder: Path | str, *, unsure: bool = False) -> list[Clip]:
    """Reads `metadata.csv` of a clean folder; labels and speakers as `labels.normalize_name` has them.

    Parameters
    ----------
    folder
        The clean folder.
    unsure
        Whether to give the clips, too, of which somebody was not sure: nothing trains on them, nothing is judged by them.

    Raises
    ------
    WordspotError
        No such folder or table, a column missing, an empty value, a file name that leaves the folder or is listed twice, or
        no rows.
    """
    folder = Path(folder)
    check_folder(folder)
    table = find_clip_table(folder)
    if table is None:
        raise WordspotError(
            f"{folder} is not a clean folder (it has no {CLIP_TABLE}): run `wordspot clean {folder} CLIPS` first and use CLIPS"
        )
    clips = [clip for clip, _ in checked_rows(folder) if unsure or clip.decision != _UNSURE]
    if not clips:
        raise WordspotError(f"{table} lists no clips: every recording was discarded, see discarded.csv beside it")
    return clips


def find_clip_table(folder: Path) -> Path | None:
    """The clip table of a clean folder, or of one with shards; None where there is none."""
    tables = (folder / CLIP_TABLE, folder / SHARD_TABLE)
    return next((table for table in tables if table.is_file()), None)


def iterate_clip_table(folder: Path, required: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and row, {column: text}, of a folder's clip table, of either kind; see `tables.iterate_table`."""
    table = find_clip_table(folder) or folder / CLIP_TABLE
    return (iterate_shard_table if table.name == SHARD_TABLE else iterate_table)(table, required)


def checked_rows(folder: Path) -> Iterator[tuple[Clip, dict[str, str]]]:
    """The clips of a folder's table, each with its whole row, one after the other. Raises as `read_clip_table` does."""
    table, seen = find_clip_table(folder), set[str]()
    for line, row in iterate_clip_table(folder, _REQUIRED_COLUMNS):
        names = {column: normalize_name(row.get(column, "")) for column in ("label", "speaker", "split")}
        known = {column: row.get(column, "") for column in ("source", "recording", "decision")}
        clip = Clip(row["file_name"], **known, **names)
        if not clip.file_name or not clip.label:
            raise WordspotError(f"{table}, line {line}: file_name and label must not be empty")
        if clip.file_name.startswith("/") or ".." in clip.file_name.split("/"):
            raise WordspotError(f"{table}, line {line}: {clip.file_name} lies outside the folder")
        if clip.file_name in seen:
            raise WordspotError(f"{table}, line {line}: {clip.file_name} is listed twice: delete one row")
        seen.add(clip.file_name)
        yield clip, row


def speaker_pattern(pattern: str = SPEAKER_PATTERN) -> re.Pattern[str]:
    """Compiles a pattern whose first group is the speaker, searched for in the path below the label's folder.

    Raises
    ------
    WordspotError
        No regular expression, or one without a group.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise WordspotError(f"speaker_pattern {pattern!r} is not a regular expression: {error}") from error
    if compiled.groups < 1:
        raise WordspotError(f"speaker_pattern {pattern!r} needs a group around the speaker, as in {SPEAKER_PATTERN!r}")
    return compiled


def find_speaker(path: str, pattern: re.Pattern[str]) -> str:
    """The pattern's first group in `path`, as `labels.normalize_name` has it, or an empty string."""
    match = pattern.search(path)
    return normalize_name(match[1] or "") if match else ""


def sketch(clips: Iterable[Clip]) -> list[str]:
    """A small sample of these clips' names (label and file without ending) as hashes: the same for the same clips.

    The smallest hashes are kept (a bottom-k sketch, Cohen and Kaplan 2007), so that another collection with many of the
    same clips is bound to hold some of the sample.
    """
    return sorted({_name_hash(clip) for clip in clips})[:_SKETCH_SIZE]


def in_sketch(clip: Clip, sketch: Collection[str]) -> bool:
    """Whether the clip is one of a sketch's sample."""
    return _name_hash(clip) in sketch


def _name_hash(clip: Clip) -> str:
    name = f"{clip.label}/{PurePosixPath(clip.file_name).stem}"
    return hashlib.sha1(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def list_clips(folder: Path | str) -> list[Clip]:
    """The rows of a folder's clip table and its files in `_` folders; without a table, every file below its labels.

    Where no table says so, the speaker is what Speech Commands' file names give.

    Raises
    ------
    WordspotError
        The folder cannot be used, its table is damaged, or its words lie elsewhere than in the folders at the top.
    """
    folder = Path(folder)
    clips = read_clip_table(folder) if find_clip_table(folder) else []
    listed = bool(clips)
    pattern = speaker_pattern()
    recordings = scan_recordings(folder)
    if not listed:
        refuse_misplaced(folder, recordings)
    for recording in recordings:
        if not listed or recording.is_long_sound:
            speaker = find_speaker(recording.inner_path, pattern)
            clips.append(Clip(recording.path, recording.label, speaker, source=recording.path))
    return clips
