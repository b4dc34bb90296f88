"""A folder of recordings: `<label>/**/<file>`, read and never written to."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..buckets import Bucket, Folder, StoredFile, folder_at
from ..errors import WordspotError
from ..labels import is_word, normalize_name
from ..shards import is_sharded
from ..text import printable
from .file_names import sorting_hint

if TYPE_CHECKING:
    from upath import UPath

SPLIT_LISTS = ("validation_list.txt", "testing_list.txt")
SECTIONS = "sections.csv"  # beside the labels' folders, or in their place: recordings that are no files, see `in_place`
_OF_THE_SYSTEM = frozenset(  # files and folders that file managers, storage boxes and zip programs leave, in lower case
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "#recycle", "$recycle.bin", "system volume information"}
    | {"__macosx", "lost+found"}
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a sound file, or all of it.

    Attributes
    ----------
    file
        The sound file.
    start_s, end_s
        In seconds; None for its beginning and its end.
    """

    file: str
    start_s: float | None = None
    end_s: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the file."""
        return self.start_s is None and self.end_s is None


@dataclass(frozen=True, order=True, slots=True)
class Recording:
    """One file of a folder of recordings, or what a table in the folder names in the place of one.

    Attributes
    ----------
    path
        Relative to the folder, with forward slashes; its first part is the label.
    size_bytes, modified_ns
        As the file system gives them, to notice a changed file; -1 where it cannot be asked.
    section
        Where its sound lies, if it is no file of its own, see `in_place`.
    key
        The path as tables, journals and messages have it: without control characters and bytes that UTF-8 cannot hold.
    """

    path: str
    size_bytes: int
    modified_ns: int
    section: "Section | None" = field(default=None, compare=False, repr=False)
    key: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", printable(self.path))  # ASCII: the very same text, which takes no memory

    @property
    def label(self) -> str:
        """The first folder, without spaces around its name and in Unicode form NFC."""
        name = self.path.split("/", 1)[0]
        label = normalize_name(name)
        return name if label in ("", ".", "..") else label  # which would be another folder

    @property
    def inner_path(self) -> str:
        """The path below the label's folder."""
        return self.path.split("/", 1)[1]

    @property
    def inner_key(self) -> str:
        """`key` below the label's folder."""
        return self.key.split("/", 1)[1]

    @property
    def is_long_sound(self) -> bool:
        """Whether it lies in a `_` folder (`_background_noise_`, `_negatives_`), which holds long sound, not words."""
        return not is_word(self.label)


def scan_recordings(folder: Folder | str) -> list[Recording]:
    """All files below the label folders, sorted by path; `folder` may be a URL, see `data.buckets`.

    Hidden files and folders (`.DS_Store`, `.git`) and those of the system (`Thumbs.db`, `@eaDir`) are passed over; links
    are followed, and a link back to a folder that contains it is passed over too.

    Raises
    ------
    WordspotError
        The folder is missing, is no folder, has no label folders, or no file in them; or some of its recordings are no
        files, which only cleaning reads.
    """
    folder = folder_at(folder)
    if not isinstance(folder, Path):
        return scan_bucket(folder)
    check_folder(folder)
    if (folder / SECTIONS).is_file():
        raise WordspotError(
            f"{folder} holds recordings that are parts of other files ({SECTIONS}), which only cleaning reads: run "
            f"`wordspot clean {folder} CLIPS` and use CLIPS"
        )
    return scan_files(folder)


def scan_files(folder: Path) -> list[Recording]:
    """As `scan_recordings`, of the files alone, whatever tables lie beside them."""
    labels = [entry for entry in _visible(folder) if _is_folder(entry)]
    if not labels and is_sharded(folder):
        return []
    if not labels:
        raise WordspotError(
            f"{folder} has no label folders: put each word's recordings into a folder of its name, as in {folder}/left/"
            + sorting_hint(folder, unlabeled_files(folder))
        )
    recordings = _below(folder, labels)
    if not recordings:
        raise WordspotError(f"{folder} has label folders ({labels[0].name}, ...) but no file in any of them")
    return recordings


def scan_long_sound(folder: Folder | str) -> list[Recording]:
    """The files below the `_` folders alone, as `scan_recordings` gives them; a million clips beside them cost no time."""
    folder = folder_at(folder)
    if not isinstance(folder, Path):
        bucket = Bucket(folder)
        names = [name for name in bucket.folders() if not is_word(normalize_name(name))]
        return _recordings_of({path: file for name in names for path, file in bucket.files(name).items()})
    check_folder(folder)
    named = [entry for entry in _visible(folder) if not is_word(normalize_name(entry.name))]
    return _below(folder, [entry for entry in named if _is_folder(entry)])


def _below(folder: Path, labels: list[os.DirEntry[str]]) -> list[Recording]:
    top = _identity(os.stat(folder))
    return sorted(recording for label in labels for recording in _walk(Path(label.path), label.name, (top,)))


def scan_bucket(folder: "UPath") -> list[Recording]:
    """All recordings below a URL, see `data.buckets`, as `scan_recordings` gives them."""
    files = Bucket(folder).files()
    if not _visible_names(files):
        raise WordspotError(f"{folder} holds no files: check the spelling")
    if SECTIONS in files:
        raise WordspotError(
            f"{folder / SECTIONS} names parts of files, which are read on this machine: copy all of it here"
        )
    if not (recordings := _recordings_of(files)):
        raise WordspotError(
            f"{folder} has no label folders: put each word's recordings into a folder of its name, as in {folder / 'left'}/"
        )
    return recordings


def _recordings_of(files: Mapping[str, StoredFile]) -> list[Recording]:
    """Of what a bucket holds: what lies in a folder, sorted by path."""
    names = [name for name in _visible_names(files) if "/" in name]
    return sorted(Recording(name, files[name].size_bytes, files[name].version) for name in names)


def _visible_names(files: Iterable[str]) -> list[str]:
    return [name for name in files if not any(not part or _is_passed_over(part) for part in name.split("/"))]


def check_folder(folder: Path) -> None:
    """Raises `WordspotError` unless `folder` is a folder that can be listed."""
    if not folder.exists():
        raise WordspotError(f"{folder} does not exist: check the spelling")
    if not folder.is_dir():
        raise WordspotError(f"{folder} is a file; expected a folder with one folder for each word")


def unlabeled_files(folder: Folder) -> list[str]:
    """Names of the visible files that lie in the folder itself, outside any label (lists and licences are no mistake)."""
    if not isinstance(folder, Path):
        return [name for name in Bucket(folder).top_files() if name and not _is_passed_over(name)]
    return [entry.name for entry in _visible(folder) if not _is_folder(entry)]


def _walk(folder: Path, prefix: str, ancestors: tuple[tuple[int, int], ...]) -> Iterator[Recording]:
    folders = [(folder, prefix, ancestors)]  # not by recursion: folders may be nested deeper than Python's calls
    while folders:
        folder, prefix, ancestors = folders.pop()
        identity = _identity(os.stat(folder))
        if identity in ancestors:  # a link that loops
            continue
        for entry in _visible(folder):
            path = f"{prefix}/{entry.name}"
            if _is_folder(entry):
                folders.append((Path(entry.path), path, (*ancestors, identity)))
            else:
                yield _recording(entry, path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _recording(entry: os.DirEntry[str], path: str) -> Recording:
    try:
        status = entry.stat()
    except OSError:  # a broken link: listed, so that it is reported
        return Recording(path, -1, -1)
    return Recording(path, _kept_once(status.st_size), status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _kept_once(size_bytes: int) -> int:
    """The number; many recordings have the same, and a million copies of it take as much memory as their names."""
    return size_bytes


def _visible(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Sorted by name; each is let go when the next is asked for, because it remembers what it was asked: a kilobyte."""
    try:
        with os.scandir(folder) as listed:
            entries = [entry for entry in listed if not _is_passed_over(entry.name)]
    except OSError as error:
        raise WordspotError(f"{folder} cannot be listed: {error.strerror}") from error
    entries.sort(key=lambda entry: entry.name, reverse=True)
    while entries:
        yield entries.pop()


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _OF_THE_SYSTEM


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
