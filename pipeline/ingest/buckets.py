"""Cleaning from and into buckets: workers fetch recordings and put clips, tables are made here and put when they are whole.

The bucket holds all that a local clean folder does, so that any machine can go on. While cleaning works, its tables and journal
lie in a temporary folder. A worker puts the journal lines of a chunk of recordings before it puts their clips, and a clip only
where nothing is: no clip stands in the bucket that no line there knows, and none replaces somebody's file.
"""

import dataclasses
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from ...data.audio import Sound
from ...data.bucket_lock import CLEANING, LOCK, held_bucket
from ...data.buckets import Bucket, Folder, folder_at
from ...data.clips import CLIP_TABLE
from ...data.decisions import DECISIONS
from ...data.errors import RecordingError, WordspotError
from ...data.near import PREFIX, add_decisions, naming
from ...data.recordings.folders import SPLIT_LISTS, Recording
from ...data.recordings.in_place import read_or_error
from .clip_maker import ClipMaker
from .destination import JOURNAL_FOLDER, MADE_FILES, MARKER, Clips, edited_since, in_the_way, is_other
from .journal_entry import FORMAT, write_line
from .outcome import Outcome
from .plan import PlannedClip
from .settings import CleanSettings

if TYPE_CHECKING:
    from upath import UPath

_JOURNAL = f"{JOURNAL_FOLDER}/journal.jsonl"
_LINES = f"{JOURNAL_FOLDER}/lines-"  # folders of what workers have put, one for each header of a journal
_LAST = (MARKER, CLIP_TABLE)  # to be put
_CLIPS_AT_ONCE = 128  # held in memory
_LONGEST_ENDING = 16


@dataclass(frozen=True)
class BucketMaker(ClipMaker):
    """Makes clips of recordings of which, or of whose clips, one lies in a bucket.

    Attributes
    ----------
    source
        May be a URL, as `folder_at` gives it.
    clips
        Where the clips go; None for the scratch folder, as ever.
    lines
        The folder in `clips` for the journal's lines.
    """

    clips: "UPath | None" = None
    lines: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """URLs go to other processes as text: what they become there is the business of the packages there."""
        source = self.source if isinstance(self.source, Path) else str(self.source)
        return _made, (source, self.settings, self.scratch, self.clips and str(self.clips), self.lines)

    def read_all(self, recordings: Sequence[Recording]) -> Iterator[Sound | RecordingError]:
        """Decodes recordings, which are fetched together, see `ClipMaker.read_all`."""
        with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
            yield from self._beside(Path(folder), [one.path for one in recordings]).read_all(recordings)

    def process_all(self, planned: Sequence[PlannedClip]) -> list[Outcome]:
        """Makes the clips of many recordings; where they go into a bucket, they are in their place when it returns."""
        with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
            maker = self._beside(Path(folder), [clip.recording.path for clip in planned])
            outcomes = maker.process_all(planned)
            if self.clips is not None and self.scratch is not None:
                self._put(maker, Path(folder), planned, outcomes)
        return outcomes

    def _beside(self, folder: Path, paths: Sequence[str]) -> ClipMaker:
        """The maker that finds these recordings on this machine, and leaves clips there."""
        scratch = folder if self.clips is not None and self.scratch is not None else self.scratch
        if isinstance(self.source, Path):
            return ClipMaker(self.source, self.settings, scratch)
        Bucket(self.source).fetch(paths, [_fetched(folder, path) for path in paths])
        return _NearMaker(folder, self.settings, scratch)

    def _put(self, maker: ClipMaker, folder: Path, planned: Sequence[PlannedClip], outcomes: Sequence[Outcome]) -> None:
        """First the lines, then the clips; the same chunk gives the same object of lines, whoever makes it again."""
        bucket = Bucket(cast("UPath", self.clips))
        name_of_lines = f"{self.lines}/{_hashed(planned[0].file_name.encode())}.jsonl"
        made = dict(zip(planned, outcomes, strict=True))
        bucket.put(name_of_lines, _lines(folder, made))
        clips = {clip.file_name: clip for clip, outcome in made.items() if outcome.clip_digest}
        taken = bucket.put_new(list(clips), [maker.unfinished(clip) for clip in clips.values()])
        for name, data in zip(taken, bucket.read(taken), strict=True):
            outcome = made[clips[name]]
            if is_other(data, outcome.clip_digest):  # and not what a worker had put before it was killed
                others = {clip: outcome for clip, outcome in made.items() if clip.file_name not in taken}
                bucket.put(name_of_lines, _lines(folder, others))
                raise in_the_way(f"{bucket.url}/{name}", outcome)


@dataclass(frozen=True)
class _NearMaker(ClipMaker):
    """Makes clips of recordings that were fetched; their names may be longer than a file's, or lead out of the folder."""

    def read_all(self, recordings: Sequence[Recording]) -> Iterator[Sound | RecordingError]:
        return (read_or_error(_fetched(self.source, recording.path)) for recording in recordings)


def _made(
    source: Path | str, settings: CleanSettings, scratch: Path | None, clips: str | None, lines: str
) -> BucketMaker:
    return BucketMaker(cast("Path", folder_at(source)), settings, scratch, clips and folder_at(clips), lines)  # type: ignore[arg-type]


def _lines(folder: Path, made: Mapping[PlannedClip, Outcome]) -> Path:
    """A file with the journal's lines of these clips."""
    file = folder / "lines"
    file.write_bytes(b"".join(write_line(clip.recording, outcome) for clip, outcome in made.items()))
    return file


def _fetched(folder: Path, path: str) -> str:
    ending = PurePosixPath(path).suffix
    usual = ending.isascii() and ending.isprintable() and len(ending) <= _LONGEST_ENDING
    return f"{folder}/{_hashed(path.encode('utf-8', 'surrogateescape'))}{ending if usual else ''}"


def _hashed(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def maker_of(source: Folder, settings: CleanSettings, scratch: Path | None, clips: Clips) -> ClipMaker:
    """What makes clips of the recordings below `source`, and leaves or puts them where they belong."""
    place = clips.place_of_clips if isinstance(clips, BucketClips) else None
    if isinstance(source, Path) and place is None:
        return ClipMaker(source, settings, scratch)
    maker = BucketMaker(cast("Path", source), settings, scratch, place)
    header = json.dumps({"format": FORMAT} | maker.made_by(), ensure_ascii=False)
    return dataclasses.replace(maker, lines=_LINES + _hashed(header.encode()))


@contextmanager
def clips_at(place: Folder, *, dry_run: bool) -> Iterator[Clips]:
    """Gives the clips of a clean folder, for this process alone; of a bucket, all that changed is put at the end.

    Raises
    ------
    WordspotError
        The bucket cannot be reached or written to, holds something else, or somebody is cleaning into it.
    """
    if isinstance(place, Path):
        yield Clips(place)
        return
    bucket = Bucket(place)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX) as folder,
        naming(folder, bucket.url),
        nullcontext() if dry_run else held_bucket(bucket, CLEANING),
    ):
        clips = BucketClips(place, Path(folder))
        yield clips
        if not dry_run:
            clips.publish()


class BucketClips(Clips):
    """The clips of a clean folder in a bucket, while its tables lie in a local folder.

    Parameters
    ----------
    place
        The bucket.
    folder
        An empty folder; gets the tables and the journal.
    """

    def __init__(self, place: "UPath", folder: Path) -> None:
        super().__init__(folder)
        self.place_of_clips = place
        self._bucket = Bucket(place)
        self._removed: list[Outcome] = []
        self._untouched: set[str] = set()  # clips that were read in this run, or made in it
        files = self._bucket.files()
        self._stored, self._table = set(files), files.get(CLIP_TABLE)
        self._check_is_ours()
        self._fetch([name for name in files if _is_book(name)])
        self._put = self._books()
        self._add_lines()

    def stands(self, name: str) -> bool:
        """Whether the clip is in the bucket."""
        return name in self._stored

    def check_untouched(self, outcomes: Iterable[Outcome]) -> None:
        """Raises `WordspotError` where a clip that is to go is not as cleaning wrote it."""
        unread = [one for one in outcomes if self.stands(one.file_name) and one.file_name not in self._untouched]
        for start in range(0, len(unread), _CLIPS_AT_ONCE):
            some = unread[start : start + _CLIPS_AT_ONCE]
            for outcome, data in zip(some, self._bucket.read([one.file_name for one in some]), strict=True):
                if is_other(data, outcome.clip_digest):
                    raise edited_since(f"{self._bucket.url}/{outcome.file_name}")
                self._untouched.add(outcome.file_name)

    def check_free(self, outcome: Outcome) -> None:
        """Nothing: the worker that has put the clip would have said so."""

    def place(self, unfinished: str, outcome: Outcome) -> None:
        """Takes note of a clip that a worker has put."""
        self._stored.add(outcome.file_name)
        self._untouched.add(outcome.file_name)

    def remove(self, outcome: Outcome) -> None:
        """Deletes the clip with the next `publish`, unless somebody has edited it."""
        if self.stands(outcome.file_name):
            self._removed.append(outcome)

    def has_table(self) -> bool:
        """Whether a clip table has come into the bucket since cleaning took it away; then it is fetched."""
        self._table = self._bucket.file(CLIP_TABLE)
        if self._table:
            self._fetch([CLIP_TABLE])
        return self._table is not None

    def publish(self) -> None:
        """Makes the bucket what the local tables are: decisions first, the clip table last, each whole or not at all."""
        books = self._books()
        changed = sorted((name for name in books if books[name] != self._put.get(name)), key=_order)
        if DECISIONS in changed:
            add_decisions(self._bucket, DECISIONS, self.folder / DECISIONS)
        self._take_away(sorted(self._put.keys() - books.keys(), key=_order, reverse=True))
        self._remove_clips()
        for name in changed:
            self._put_book(name)
        if _JOURNAL in changed:
            self._bucket.remove([name for name in self._bucket.files(JOURNAL_FOLDER) if name.startswith(_LINES)])
        self._put = books

    def _check_is_ours(self) -> None:
        others = (name for name in self._stored if name != DECISIONS and not name.startswith(f"{JOURNAL_FOLDER}/"))
        if _JOURNAL not in self._stored and any(others):
            raise WordspotError(f"{self._bucket.url} holds something else: choose a new or an empty folder")

    def _fetch(self, names: Sequence[str]) -> None:
        (self.folder / JOURNAL_FOLDER).mkdir(exist_ok=True)
        self._bucket.fetch(names, [str(self.folder / name) for name in names])

    def _add_lines(self) -> None:
        """Those that workers have put since the journal was; of another header they are of a run that was given up."""
        journal = self.folder / _JOURNAL
        if not journal.exists():
            return
        with open(journal, "rb") as file:
            header = file.readline()
        own = _LINES + _hashed(header.rstrip(b"\n"))
        lines = [name for name in self._stored if name.startswith(f"{own}/")]
        with open(journal, "ab") as file:
            for start in range(0, len(lines), _CLIPS_AT_ONCE):
                file.writelines(self._bucket.read(lines[start : start + _CLIPS_AT_ONCE]))

    def _books(self) -> dict[str, tuple[int, int, int]]:
        """{name: what tells its state} of all that is to be in the bucket beside the clips."""
        files = (*self.folder.iterdir(), *(self.folder / JOURNAL_FOLDER).iterdir())
        names = {path.relative_to(self.folder).as_posix(): path.stat() for path in files if path.is_file()}
        return {
            name: (status.st_mtime_ns, status.st_size, status.st_ino)
            for name, status in names.items()
            if name != LOCK and ".tmp-" not in name
        }

    def _take_away(self, names: Sequence[str]) -> None:
        if CLIP_TABLE in names:
            self._check_table()
        for name in names:
            self._bucket.remove([name])

    def _check_table(self) -> None:
        """Raises `WordspotError` where somebody has saved the clip table since it was read."""
        if self._bucket.file(CLIP_TABLE) not in (None, self._table):
            raise WordspotError(
                f"{self._bucket.url}/{CLIP_TABLE} was edited while cleaning: nothing is lost, run the same command again"
            )

    def _remove_clips(self) -> None:
        self.check_untouched(self._removed)
        names = [outcome.file_name for outcome in self._removed]
        self._bucket.remove(names)
        self._stored.difference_update(names)
        self._untouched.difference_update(names)
        self._removed.clear()

    def _put_book(self, name: str) -> None:
        if name == CLIP_TABLE:
            self._check_table()
        if name != DECISIONS:
            self._bucket.put(name, self.folder / name)


def _is_book(name: str) -> bool:
    """Whether cleaning has a use for it: not for clips, nor for what somebody else has put there."""
    if name.startswith(f"{JOURNAL_FOLDER}/"):
        return name != LOCK and name.count("/") == 1
    return name in (*MADE_FILES, *SPLIT_LISTS, DECISIONS)


def _order(name: str) -> tuple[int, str]:
    return _LAST.index(name) + 1 if name in _LAST else 0, name
