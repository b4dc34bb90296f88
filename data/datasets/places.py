"""Where the tables and the sounds of a public set lie: unpacked anyhow, or in the archives as they were downloaded."""

import re
import shutil
import tarfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import WordspotError
from ..files import replacing

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
SOUNDS = "clips"
_ARCHIVE = re.compile(r"\.(tar\.gz|tgz|tar)(\.\d+)?$")  # with a number, as wget saves the second of the same name
_TABLE_ENDINGS = (".csv", ".tsv")
_DEEPEST = 4  # folders between the one that somebody names and the tables
_AUDIO, _SPLITS, _ALIGNMENTS = (
    "audio",
    "splits",
    "alignments",
)  # folders of the server that publishes them, which people keep
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
        return [child for name in (_AUDIO, _SPLITS) if (child := folder / name).is_dir()]
    entries = sorted(folder.iterdir())
    return [entry for entry in entries if not entry.name.startswith(".") and entry.is_dir()]


def packed_sounds(source: Path, language: str) -> list[Path]:
    """The tar archives of a set that is not unpacked yet, the smallest first; none where a folder `clips` is.

    They are the source itself, or those in it and in its folders, if one has the language in its name only those that do.
    """
    if source.is_file():
        return [source] if _ARCHIVE.search(source.name) else []
    folders = homes(source)
    if any((folder / SOUNDS).is_dir() for folder in folders):
        return []
    folders = [folder for folder in folders if folder.name != _ALIGNMENTS]
    found = [file for folder in folders for file in folder.iterdir() if _ARCHIVE.search(file.name) and file.is_file()]
    named = [file for file in found if language and _names(file.name, language)]
    return sorted(named or found, key=lambda file: (file.stat().st_size, file))


def archive_stem(name: str) -> str:
    """The name of an archive without its ending.

    Examples
    --------
    >>> archive_stem("splits/zh-CN.tar.gz"), archive_stem("de.tar.gz.1")
    ('zh-CN', 'de')
    """
    return _ARCHIVE.sub("", PurePosixPath(name).name)


def _names(archive: str, language: str) -> bool:
    return re.search(rf"(^|[-_.]){re.escape(language)}([-_. (]|$)", archive_stem(archive)) is not None


@dataclass(frozen=True)
class _Inside:
    """Which archives in an archive are looked into: a whole corpus is one of archives for each language.

    Attributes
    ----------
    language
        Only those with it in their name; empty for all.
    unused
        Folders whose archives are passed over.
    languages
        Gets the names of all that are not in these.
    opened
        Gets the one that is being read.
    """

    language: str
    unused: tuple[str, ...]
    languages: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)

    def is_used(self, name: str) -> bool:
        """Whether to look into the archive of this name."""
        if PurePosixPath(name).parent.name in self.unused:
            return False
        self.languages.add(archive_stem(name))
        return not self.language or _names(name, self.language)


def unpack_tables(archive: Path, folder: Path, language: str = "") -> set[str]:
    """Writes the tables of an archive into `folder`, where they lay in it; also those of archives in it.

    Returns
    -------
    The languages of the archives in it, whichever was asked for.

    Raises
    ------
    WordspotError
        A damaged archive, or a table that is no file or leaves the folder.
    """
    inside = _Inside(language, (_AUDIO, _ALIGNMENTS))
    with _members(archive, inside) as members:
        for tar, member in members:
            if member.name.endswith(_TABLE_ENDINGS) and member.size <= _MOST_TABLE_BYTES:
                _write(archive, tar, member, folder.joinpath(*_parts(archive, member)))
    return inside.languages


def unpack_sounds(archive: Path, folder: Path, wanted: Collection[str], progress: Progress, language: str = "") -> None:
    """Writes the sounds of an archive that are `wanted` (`clips/...`) into `folder`, and no others.

    Those of an archive in it are read where they lie: it is not written anywhere itself.

    Raises
    ------
    WordspotError
        A damaged archive, or a sound that is no file.
    """
    left = {path for path in wanted if not (folder / path).is_file()}
    inside = _Inside(language, (_SPLITS, _ALIGNMENTS))
    for _ in progress(_unpacking(archive, folder, left, inside), len(left)):
        pass


def _unpacking(archive: Path, folder: Path, left: set[str], inside: _Inside) -> Iterator[str]:
    if not left:
        return
    with _members(archive, inside) as members:
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
def _members(archive: Path, inside: _Inside) -> Iterator[Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]]:
    try:
        with tarfile.open(archive, "r|*") as tar:
            yield _each(tar, inside)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # of the disk, not of the archive
        where = "".join(f"in it, {name}: " for name in inside.opened)
        raise WordspotError(
            f"{archive} is a damaged archive ({where}{error}): remove it and download it again"
        ) from error


def _each(tar: tarfile.TarFile, inside: _Inside | None) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """All members, those of archives that are members among them; what is packed a third time stays so."""
    while (member := tar.next()) is not None:
        if inside and member.isreg() and _ARCHIVE.search(member.name):
            if inside.is_used(member.name):
                inside.opened.append(member.name)
                with tarfile.open(fileobj=tar.extractfile(member), mode="r|*") as inner:
                    yield from _each(inner, None)
                inside.opened.clear()
        else:
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
