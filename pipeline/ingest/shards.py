"""A clean folder to tar shards with a Parquet clip table (WebDataset's layout): few large files in place of many small ones."""

import filecmp
import hashlib
import io
import itertools
import json
import re
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.buckets import here
from ...data.clips import CLIP_TABLE, checked_rows
from ...data.decisions import DECISIONS
from ...data.errors import WordspotError
from ...data.files import copy, held_alone, read_json, remove_leftovers, replacing, write_json
from ...data.recordings.folders import SPLIT_LISTS, check_folder, scan_recordings
from ...data.shards import PLACE_COLUMNS, SHARD_TABLE
from ...data.tables import iterate_table
from ..progress import Progress, no_progress

CLIPS_PER_SHARD = 10_000  # 330 MB
_OWN_FOLDER = ".wordspot-shards"  # what is known of the shards that are complete
_SHARD_NAME = re.compile(r"clips-\d{5}\.tar")

Row = dict[str, str]


def shard(
    clips: Path | str,
    shards: Path | str,
    *,
    clips_per_shard: int = CLIPS_PER_SHARD,
    progress: Progress = no_progress,
) -> int:
    """Writes the clips of a clean folder as tar archives, and its clip table as Parquet, and returns the number of clips.

    An archive holds `<number>.wav`, the clip as it is, and `<number>.json`, its row of the table, for each clip, in the
    order of the table. The same clips give the same bytes. Interrupted, the same call goes on; later, it writes the shards
    in which something has changed. `_` folders and split lists are copied as they are, and decisions where there are none
    yet.

    Parameters
    ----------
    clips
        A clean folder.
    shards
        New or empty folder, or one with shards of earlier.
    clips_per_shard
        Clips in each archive, at least 1.
    progress
        Shows how far it has come, in archives.

    Raises
    ------
    WordspotError
        No clean folder, a clip that is missing, a destination that holds something else or lies in the clean folder.
    """
    clips, shards = here(clips), here(shards)
    _check(clips, shards, clips_per_shard)
    (shards / _OWN_FOLDER).mkdir(parents=True, exist_ok=True)
    with held_alone(shards / _OWN_FOLDER / "lock", f"another process is writing {shards}: wait until it is done"):
        for folder in (shards, shards / _OWN_FOLDER):
            remove_leftovers(folder)
        return _write(clips, shards, clips_per_shard, progress)


def _write(clips: Path, shards: Path, clips_per_shard: int, progress: Progress) -> int:
    first = next((row for _, row in checked_rows(clips)), None)
    if first is None:
        raise WordspotError(
            f"{clips / CLIP_TABLE} lists no clips: every recording was discarded, see discarded.csv beside it"
        )
    count = sum(1 for _ in iterate_table(clips / CLIP_TABLE))
    names = [f"clips-{number:05}.tar" for number in range(-(-count // clips_per_shard))]
    rows = (row for _, row in checked_rows(clips))
    with _writing_parquet(shards, list(first)) as table:
        for number, name in enumerate(progress(names, len(names))):
            of_shard = list(itertools.islice(rows, clips_per_shard))
            places = _Shard(clips, shards, name, number * clips_per_shard, of_shard).places()
            table.add(of_shard, name, places)
        _copy_the_rest(clips, shards)
    for path in shards.iterdir():
        if _SHARD_NAME.fullmatch(path.name) and path.name not in names:
            path.unlink()
    return count


def _check(clips: Path, shards: Path, clips_per_shard: int) -> None:
    check_folder(clips)
    if clips_per_shard < 1:
        raise WordspotError(f"clips_per_shard is {clips_per_shard}; it must be at least 1")
    if not (clips / CLIP_TABLE).is_file():
        raise WordspotError(
            f"{clips} is not a clean folder (it has no {CLIP_TABLE}): run `wordspot clean {clips} CLIPS` first and use CLIPS"
        )
    inside, outside = shards.resolve(), clips.resolve()
    if inside == outside or outside in inside.parents:
        raise WordspotError(f"{shards} lies in the clean folder {clips}: choose a folder outside of it")
    if shards.exists():
        check_folder(shards)
        if any(shards.iterdir()) and not (shards / _OWN_FOLDER).is_dir():
            raise WordspotError(f"{shards} holds something else: choose a new or an empty folder")


@dataclass(frozen=True)
class _Shard:
    """One archive: of the clips from number `first` on, whose rows are `rows`."""

    clips: Path
    shards: Path
    name: str
    first: int
    rows: Sequence[Row]

    def places(self) -> list[tuple[int, int]]:
        """Offset and size of each clip; writes the archive unless it is there and was made of the same."""
        known, stamp = self.shards / _OWN_FOLDER / f"{self.name}.json", self._stamp()
        if known.is_file() and (self.shards / self.name).is_file():
            values = read_json(known)
            if values.get("made_of") == stamp and values.get("bytes") == (self.shards / self.name).stat().st_size:
                return [(offset, size) for offset, size in values["places"]]
        (self.shards / SHARD_TABLE).unlink(missing_ok=True)  # the folder is not complete any more
        with replacing(self.shards / self.name) as temporary:
            with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as archive:
                places = [self._add(archive, self.first + at, row) for at, row in enumerate(self.rows)]
            size = temporary.stat().st_size
        write_json(known, {"made_of": stamp, "bytes": size, "places": places})
        return places

    def _add(self, archive: tarfile.TarFile, number: int, row: Row) -> tuple[int, int]:
        sound = self._path(row).read_bytes()
        _add_member(archive, f"{number:09}.json", json.dumps(row).encode())
        return _add_member(archive, f"{number:09}.wav", sound), len(sound)

    def _stamp(self) -> str:
        digest = hashlib.blake2b(str(self.first).encode(), digest_size=16)
        for row in self.rows:
            status = self._path(row).stat()
            digest.update(json.dumps([row, status.st_size, status.st_mtime_ns]).encode())
        return digest.hexdigest()

    def _path(self, row: Row) -> Path:
        path = self.clips / row["file_name"]
        if not path.is_file():
            raise WordspotError(f"the clip table lists {path}, which does not exist: clean again, or delete its row")
        return path


def _add_member(archive: tarfile.TarFile, name: str, content: bytes) -> int:
    """Where the content begins. Owner, mode and time are the same for all, so that the bytes are."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
    return archive.offset - -(-len(content) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


class _Table:
    """`metadata.parquet` while it is written, a shard's rows at a time."""

    def __init__(self, file: Path, columns: Sequence[str]) -> None:
        import pyarrow
        from pyarrow.parquet import ParquetWriter  # here, because only shards need it, and the base install lacks it

        texts = [(column, pyarrow.string()) for column in (*columns, PLACE_COLUMNS[0])]
        self._schema = pyarrow.schema([*texts, *((column, pyarrow.int64()) for column in PLACE_COLUMNS[1:])])
        self._writer = ParquetWriter(file, self._schema, compression="zstd")
        self._batch_of = pyarrow.RecordBatch.from_pylist

    def add(self, rows: Sequence[Row], shard_name: str, places: Sequence[tuple[int, int]]) -> None:
        placed: list[dict[str, Any]] = [
            row | dict(zip(PLACE_COLUMNS, (shard_name, *place), strict=True))
            for row, place in zip(rows, places, strict=True)
        ]
        self._writer.write_batch(self._batch_of(placed, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


@contextmanager
def _writing_parquet(shards: Path, columns: Sequence[str]) -> Iterator[_Table]:
    """Gives the table; at the end of the block it takes its place."""
    place = shards / SHARD_TABLE
    with replacing(place) as temporary:
        table = _Table(temporary, columns)
        try:
            yield table
        finally:
            table.close()


def _copy_the_rest(clips: Path, shards: Path) -> None:
    long_sounds = [recording.path for recording in scan_recordings(clips) if recording.is_long_sound]
    for name in (*SPLIT_LISTS, *long_sounds):
        if (clips / name).is_file():
            _copy_if_other(clips / name, shards / name)
    if (clips / DECISIONS).is_file() and not (shards / DECISIONS).exists():  # those of the shards are never replaced
        copy(clips / DECISIONS, shards / DECISIONS)


def _copy_if_other(source: Path, target: Path) -> None:
    if target.is_file() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(exist_ok=True)
    copy(source, target)
