"""Unpacking an archive that came from elsewhere: no file of it lands outside the folder, and none is half there."""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..errors import WordspotError

_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error),
    *(EOFError, ValueError, NotImplementedError),
)
Progress = Callable[[Iterable[Any], int], Iterable[Any]]


def unpack(archive: Path, folder: Path, most_bytes: int, progress: Progress) -> None:
    """Writes the files of a `.tar.gz` or `.zip` into `folder`; one folder around all of them is left out.

    Parameters
    ----------
    archive
        The file.
    folder
        Is made.
    most_bytes
        More than this is not unpacked.
    progress
        Is given an iterable of files and their number.

    Raises
    ------
    WordspotError
        A damaged archive; one with links, devices or names that leave the folder; one that unpacks to far more than it should.
    """
    try:
        with _opened(archive) as members:
            _check(archive, members, most_bytes)
            around = _folder_around([name for name, _, _ in members])
            for name, _, open_member in progress(members, len(members)):
                target = folder.joinpath(*PurePosixPath(name).parts[around:])
                target.parent.mkdir(parents=True, exist_ok=True)
                with open_member() as source, open(target, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
    except _DAMAGED as error:
        raise WordspotError(f"{archive} is a damaged archive ({error}): remove it and fetch it again") from error


Member = tuple[str, int, Callable[[], IO[bytes]]]  # name, size in bytes, how to read it


@contextmanager
def _opened(archive: Path) -> Iterator[list[Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            yield [_zip_member(archive, file, info) for info in file.infolist() if not _is_ballast(info.filename)]
    else:
        with tarfile.open(archive) as file:
            yield [_tar_member(archive, file, info) for info in file if not info.isdir()]


def _is_ballast(name: str) -> bool:
    """Whether it is a folder, or what a Mac puts beside every file."""
    return name.endswith("/") or name.startswith("__MACOSX/")


def _zip_member(archive: Path, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    if stat.S_ISLNK(info.external_attr >> 16):
        raise WordspotError(f"{archive} holds a link, {info.filename!r}; expected files alone: it was not unpacked")
    return info.filename, info.file_size, lambda: file.open(info)


def _tar_member(archive: Path, file: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    if not info.isreg():
        raise WordspotError(
            f"{archive} holds {info.name!r}, which is no file (a link or a device): it was not unpacked"
        )
    return info.name, info.size, lambda: file.extractfile(info)  # type: ignore[return-value]


def _check(archive: Path, members: list[Member], most_bytes: int) -> None:
    for name, _, _ in members:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
            raise WordspotError(f"{archive} holds {name!r}, which leaves the folder: it was not unpacked")
    total = sum(size for _, size, _ in members)
    if total > most_bytes:
        raise WordspotError(
            f"{archive} would unpack to {total / 1e9:,.1f} GB; expected at most {most_bytes / 1e9:,.1f}: it was not unpacked"
        )


def _folder_around(names: list[str]) -> int:
    """1 where all files lie in one folder, which then is none of the labels; else 0."""
    parts = [PurePosixPath(name).parts for name in names]
    return int(len({part[0] for part in parts}) == 1 and all(len(part) > 1 for part in parts))
