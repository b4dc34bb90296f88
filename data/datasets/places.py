"""Where the tables and the sounds of a public set lie: unpacked anyhow, or in the archives as they were downloaded."""

import re
import shutil
import tarfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import WordspotError
from ..files import replacing

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
SOUNDS = "clips"
_ARCHIVE_ENDINGS = (".tar.gz", ".tgz", ".tar")
_TABLE_ENDINGS = (".csv", ".tsv")
_DEEPEST = 4  # folders between the one that somebody names and the tables
_FOR_ARCHIVES = ("", "audio", "splits")  # folders of the server that publishes them, which people keep
_MOST_TABLE_BYTES = 8 << 30


def homes(folder: Path) -> list[Path]:
    """The folder and those in it that may hold tables or a folder `clips`: nothing below `clips` is looked at."""
    found, level = [folder], [folder]
    for _ in range(_DEEPEST):
        level = [child for parent in level for child in _children(parent)]
        found += level
    return found


def _children(folder: Path) -> list[Path]:
    if (folder / SOUNDS).is_dir():
        return [child for name in _FOR_ARCHIVES[1:] if (child := folder / name).is_dir()]
    entries = sorted(folder.iterdir())
    return [entry for entry in entries if not entry.name.startswith(".") and entry.is_dir()]


def packed_sounds(source: Path, language: str) -> list[Path]:
    """The tar archives of a set that is not unpacked yet, the smallest first; none where a folder `clips` is.

    They are the source itself, or those in it, its `audio` and its `splits` whose name has the language between dots and lines.
    """
    if source.is_file():
        return [source] if source.name.endswith(_ARCHIVE_ENDINGS) else []
    if any((home / SOUNDS).is_dir() for home in homes(source)):
        return []
    folders = [folder for name in _FOR_ARCHIVES if (folder := source / name).is_dir()]
    found = [file for folder in folders for file in folder.iterdir() if file.name.endswith(_ARCHIVE_ENDINGS)]
    named = [file for file in found if not language or len(found) == 1 or _names(file, language)]
    return sorted(named, key=lambda file: (file.stat().st_size, file))


def _names(file: Path, language: str) -> bool:
    return re.search(rf"(^|[-_.]){re.escape(language)}([-_.]|$)", file.name) is not None


def unpack_tables(archive: Path, folder: Path) -> None:
    """Writes the tables of an archive into `folder`, where they lay in it. Raises `WordspotError` for a damaged archive."""
    with _members(archive) as members:
        for tar, member in members:
            if member.name.endswith(_TABLE_ENDINGS) and member.size <= _MOST_TABLE_BYTES:
                _write(archive, tar, member, folder.joinpath(*_parts(archive, member)))


def unpack_sounds(archive: Path, folder: Path, wanted: Collection[str], progress: Progress) -> None:
    """Writes the sounds of an archive that are `wanted` (`clips/...`) into `folder`, and no others.

    Raises
    ------
    WordspotError
        A damaged archive, or a sound that is no file.
    """
    left = {path for path in wanted if not (folder / path).is_file()}
    for _ in progress(_unpacking(archive, folder, left), len(left)):
        pass


def _unpacking(archive: Path, folder: Path, left: set[str]) -> Iterator[str]:
    if not left:
        return
    with _members(archive) as members:
        for tar, member in members:
            path = _below_home(member.name)
            if path in left:
                _write(archive, tar, member, folder / path)
                left.discard(path)
                yield path
            if not left:
                return


def _below_home(name: str) -> str:
    """`clips/...`, whatever stands before it."""
    parts = PurePosixPath(name).parts
    return "/".join(parts[parts.index(SOUNDS) :]) if SOUNDS in parts else ""


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]]:
    try:
        with tarfile.open(archive, "r|*") as tar:
            yield _each(tar)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # of the disk, not of the archive
        raise WordspotError(f"{archive} is a damaged archive ({error}): remove it and download it again") from error


def _each(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    while (member := tar.next()) is not None:
        yield tar, member
        tar.members.clear()  # type: ignore[attr-defined] it would keep the names of seven million files


def _write(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member) if member.isreg() else None
    if source is None:
        raise WordspotError(
            f"{archive} holds {member.name!r}, which is no file (a link or a device): nothing of it is used"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary, source, open(temporary, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _parts(archive: Path, member: tarfile.TarInfo) -> tuple[str, ...]:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name:
        raise WordspotError(f"{archive} holds {member.name!r}, which leaves the folder: nothing of it is used")
    return path.parts
