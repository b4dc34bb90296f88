"""A clean folder in a bucket, brought near where it is used: its tables whole, its clips some at a time.

Where a folder is local all of it is near already, so that whoever reads clips need not ask where they are.
"""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .buckets import Bucket, Folder, folder_at
from .clips import CLIP_TABLE, find_clip_table
from .errors import WordspotError
from .shards import SHARD_TABLE, find_in_shard

PREFIX = "wordspot-bucket-"  # of temporary folders
_WIDEST_GAP_BYTES = 1 << 16  # between two clips of a shard: cheaper to read over than one more request


@dataclass(frozen=True, slots=True)
class StoredClip:
    """Where a clip of a clean folder lies: a file, or a part of a shard.

    Attributes
    ----------
    name
        As the clip table has it.
    shard
        The archive's name; empty where the clip is a file.
    offset, size_bytes
        Of its bytes in the archive.
    """

    name: str
    shard: str = ""
    offset: int = 0
    size_bytes: int = 0

    @property
    def end(self) -> int:
        """The byte after its last one in the archive."""
        return self.offset + self.size_bytes


@contextmanager
def near_tables(place: Folder, *more: str) -> Iterator[Path]:
    """Gives a local folder with the clip table of a clean folder, and files of other names as far as there are any.

    That is the folder itself where it is local. An error or a note of the block names the place in either case.

    Raises
    ------
    WordspotError
        There is no such place, or it cannot be reached.
    """
    if isinstance(place, Path):
        yield place
        return
    bucket = Bucket(place)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder, naming(folder, bucket.url):
        there = bucket.top_files()
        names = [name for name in (CLIP_TABLE, SHARD_TABLE, *more) if name in there]
        bucket.fetch(names, [f"{folder}/{name}" for name in names])
        yield Path(folder)


def stored_clips(tables: Path, names: Sequence[str]) -> list[StoredClip]:
    """Where these clips lie in the folder whose tables `near_tables` has given."""
    if find_clip_table(tables) != tables / SHARD_TABLE:
        return [StoredClip(name) for name in names]
    found = [(name, find_in_shard(tables / name)) for name in names]
    return [
        StoredClip(name, place.shard.name, place.offset, place.size_bytes) if place else StoredClip(name)
        for name, place in found
    ]


@contextmanager
def near_clips(place: Folder | str, clips: Sequence[StoredClip]) -> Iterator[list[Path]]:
    """Gives local files of some clips, in order; an error of the block names a clip by where it came from.

    Raises
    ------
    WordspotError
        A clip is missing in the bucket, or it cannot be reached.
    """
    place = folder_at(place)
    if isinstance(place, Path):
        yield [place / clip.name for clip in clips]
        return
    bucket = Bucket(place)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        paths = [Path(folder, f"{number}.wav") for number in range(len(clips))]  # whatever a table calls them
        for path, data in zip(paths, _contents(bucket, clips), strict=True):
            path.write_bytes(data)
        try:
            yield paths
        except WordspotError as error:
            text = str(error)
            for path, clip in zip(paths, clips, strict=True):
                text = text.replace(str(path), f"{bucket.url}/{clip.name}")
            raise type(error)(text) from error


def _contents(bucket: Bucket, clips: Sequence[StoredClip]) -> list[bytes]:
    try:
        if not all(clip.shard for clip in clips):
            return bucket.read([clip.name for clip in clips])
        return _parts(bucket, clips)
    except WordspotError:
        _check_are_there(bucket, clips)
        raise


def _parts(bucket: Bucket, clips: Sequence[StoredClip]) -> list[bytes]:
    """The clips' bytes out of their archives, neighbours by one request."""
    runs = list(_neighbours(clips))
    read = bucket.read_parts([(run[0].shard, run[0].offset, run[-1].end) for run in runs])
    parts = [
        data[clip.offset - run[0].offset : clip.end - run[0].offset]
        for run, data in zip(runs, read, strict=True)
        for clip in run
    ]
    if any(len(part) < clip.size_bytes for part, clip in zip(parts, clips, strict=True)):
        _check_are_there(bucket, clips)
    return parts


def _neighbours(clips: Sequence[StoredClip]) -> Iterator[list[StoredClip]]:
    run: list[StoredClip] = []
    for clip in clips:
        if run and (clip.shard != run[-1].shard or not 0 <= clip.offset - run[-1].end <= _WIDEST_GAP_BYTES):
            yield run
            run = []
        run.append(clip)
    if run:
        yield run


def _check_are_there(bucket: Bucket, clips: Sequence[StoredClip]) -> None:
    """Raises `WordspotError` that names the first that is not."""
    for clip in clips:
        stored = bucket.file(clip.shard or clip.name)
        if stored is None:
            raise WordspotError(
                f"the clip table of {bucket.url} lists {clip.name}, but {bucket.url}/{clip.shard or clip.name} does not exist: "
                "clean again, or delete its row"
            )
        if stored.size_bytes < clip.end:
            raise WordspotError(
                f"{bucket.url}/{clip.shard} was cut short: write the shards again with `wordspot shard`"
            )


@contextmanager
def near_file(place: Folder | str) -> Iterator[Path]:
    """Gives where to write a file; one that belongs into a bucket is put there at the end, whatever is there."""
    place = folder_at(place)
    if isinstance(place, Path):
        yield place
        return
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        near = Path(folder, place.name)
        yield near
        Bucket(place.parent).put(place.name, near)


@contextmanager
def near_log(log: Folder | str) -> Iterator[Path]:
    """Gives a local log of decisions to read and to add to; what is added to that of one in a bucket is put at the end."""
    log = folder_at(log)
    if isinstance(log, Path):
        yield log
        return
    bucket = Bucket(log.parent)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder, naming(folder, bucket.url):
        near = Path(folder, log.name)
        if bucket.file(log.name):
            bucket.fetch([log.name], [str(near)])
        yield near
        if near.exists():
            add_decisions(bucket, log.name, near)


def add_decisions(bucket: Bucket, name: str, log: Path) -> None:
    """Adds what the log in the bucket lacks: somebody else may have added to it meanwhile."""
    there = b"".join(bucket.read([name])) if bucket.file(name) else b""
    known = set(there.splitlines())
    missing = [line for line in log.read_bytes().splitlines() if line not in known]
    if missing:
        log.write_bytes(b"".join(line + b"\n" for line in (*there.splitlines(), *missing)))
        bucket.put(name, log)


@contextmanager
def naming(folder: str, url: str) -> Iterator[None]:
    """Names the bucket where an error or a note is about a file in the temporary folder."""
    show = warnings.showwarning

    def show_named(message: Warning | str, *rest: object, **more: object) -> None:
        named = str(message).replace(folder, url)
        show(type(message)(named) if isinstance(message, Warning) else named, *rest, **more)  # type: ignore[arg-type]

    try:
        with warnings.catch_warnings():
            warnings.showwarning = show_named
            yield
    except WordspotError as error:
        if folder not in str(error):
            raise
        raise type(error)(str(error).replace(folder, url)) from error
