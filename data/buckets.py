"""Folders on other machines: what fsspec reaches by a URL (`s3://bucket/folder`, `gs://`, `smb://`), and nothing of it before.

Objects are put whole, one request each; what stores files in the place of objects gets a temporary one that is renamed.
"""

import errno
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Union

from .errors import WordspotError
from .text import one_line

if TYPE_CHECKING:
    from upath import UPath

Folder: TypeAlias = Union[Path, "UPath"]
Result = TypeVar("Result")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)  # `C://` is a drive
_PASSWORD = re.compile("[^/@]*:[^/@]*@")  # `user:password@host`
_REQUESTS_AT_ONCE = 16  # each waits for the network most of its time
_ENTITY_TAGS = ("ETag", "etag", "md5Hash", "content_md5")  # as the libraries call them
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "last_write_time", "modified", "created")
_VANISHED = "has lost a file just now: nothing is lost here, run the same command again to go on"
_SHOWN = 300  # characters of what a library says


def is_url(place: str) -> bool:
    """Whether it names a place by its kind (`s3://`), not by a path."""
    return _URL.fullmatch(place) is not None


def here(place: Path | str) -> Path:
    """A path of this machine. Raises `WordspotError` for a URL, which would become a path that nobody knows."""
    if isinstance(place, str) and is_url(place):
        raise WordspotError(
            f"{place} is no folder or file of this machine, and only folders of `wordspot clean`, `extract` and `audit` "
            "may be others: name a local one, and copy it (for s3://, `aws s3 sync` does)"
        )
    return Path(place)


def folder_at(place: "Path | UPath | str") -> Folder:
    """The folder that a path or a URL names.

    Raises
    ------
    WordspotError
        Nobody knows what kind of URL it is, or a package is missing that does.
    """
    url = _URL.fullmatch(place) if isinstance(place, str) else None
    if url is None:
        return Path(place) if isinstance(place, str) else place
    if _PASSWORD.match(url[2]):
        raise WordspotError(
            f"{url[1]}://{_PASSWORD.sub('', url[2])} was given with a password, which messages and tables would show: leave it "
            f"out, and set FSSPEC_{url[1].upper()}_USERNAME and FSSPEC_{url[1].upper()}_PASSWORD"
        )
    import fsspec  # here, like all of its kind: only URLs need it
    from upath import UPath

    scheme, rest = url.groups()
    try:
        known = fsspec.get_filesystem_class(scheme.lower())
    except ValueError as error:
        raise WordspotError(
            f"{place}: no kind of place is called {scheme}://; there are s3://, gs://, az://, smb://, sftp:// and others that "
            "fsspec knows"
        ) from error
    except ImportError as error:
        raise WordspotError(f"{place} needs one more package: {_first_line(error)}") from error
    if scheme.lower() in ("file", "local"):
        return Path(known._strip_protocol(place))
    name = known.protocol if isinstance(known.protocol, str) else known.protocol[0]  # one spelling of s3:// and s3a://
    return UPath(f"{name}://{rest.rstrip('/')}")


def read_in(folder: Folder, name: str) -> bytes | None:
    """What a file that lies in a folder holds; None where there is none."""
    if not isinstance(folder, Path):
        bucket = Bucket(folder)
        return bucket.read([name])[0] if bucket.file(name) else None
    return (folder / name).read_bytes() if (folder / name).is_file() else None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known of a file without reading it.

    Attributes
    ----------
    size_bytes
        Its size.
    version
        Another number for another content: of its entity tag, or where there is none of the time of its last change.
    """

    size_bytes: int
    version: int


class Bucket:
    """What lies below a URL. All names are relative to it, with forward slashes.

    Every method raises `WordspotError` where there is no such bucket, no permission, or no connection.

    Parameters
    ----------
    folder
        As `folder_at` gives it.
    """

    def __init__(self, folder: "UPath") -> None:
        self.url = str(folder).rstrip("/")
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # what matters of a lost connection is raised
        with self._reaching():
            self._system: Any = folder.fs
        self._root = folder.path.rstrip("/")

    def files(self, below: str = "") -> dict[str, StoredFile]:
        """{name: what is known of it} of all files, or of those in one folder and the folders in it."""
        with self._reaching():
            self._system.invalidate_cache()
            found = self._system.find(self._path(below).rstrip("/"), detail=True)
            self._system.invalidate_cache()  # which holds as much as was found
        return self._named(found.values())

    def top_files(self) -> dict[str, StoredFile]:
        """As `files`, without those in folders."""
        with self._reaching():
            self._system.invalidate_cache()
            return self._named(self._system.ls(self._root, detail=True))

    def folders(self) -> list[str]:
        """The names of the folders at the top."""
        with self._reaching():
            self._system.invalidate_cache()
            found = self._system.ls(self._root, detail=True)
        return [info["name"].rstrip("/").rpartition("/")[2] for info in found if info["type"] == "directory"]

    def file(self, name: str) -> StoredFile | None:
        """What is known of the file of this name; None where there is none."""
        with self._reaching():
            self._system.invalidate_cache()
            try:
                info = self._system.info(self._path(name))
            except FileNotFoundError:  # `exists` says no to a lost connection, too
                return None
        return _stored(info) if info["type"] == "file" else None

    def read(self, names: Sequence[str]) -> list[bytes]:
        """What these files hold."""
        with self._reaching(_VANISHED):
            return self._each(self._system.cat_file, [self._path(name) for name in names])

    def read_parts(self, parts: Sequence[tuple[str, int, int]]) -> list[bytes]:
        """What these files, (name, first byte, the byte after the last), hold there; less where a file ends before."""

        def read(part: tuple[str, int, int]) -> bytes:
            return self._system.cat_file(self._path(part[0]), start=part[1], end=part[2])

        with self._reaching(_VANISHED):
            return self._each(read, parts)

    def fetch(self, names: Sequence[str], files: Sequence[str]) -> None:
        """Copies these files to local ones."""
        with self._reaching(_VANISHED):
            self._each(self._system.get_file, [self._path(name) for name in names], files)

    def put(self, name: str, file: Path) -> None:
        """Copies a local file to a place of this name, whatever is there."""
        with self._reaching(), self._system.transaction:
            self._system.put_file(str(file), self._path(name))

    def put_new(self, names: Sequence[str], files: Sequence[str]) -> list[str]:
        """Copies local files to places that are free; gives the names of those that are not, where nothing is changed."""

        def put(file: str, name: str) -> bool:
            try:
                self._system.put_file(file, self._path(name), mode="create")
            except FileExistsError:
                return False
            return True

        with self._reaching(), self._system.transaction:
            done = self._each(put, files, names)
        return [name for name, is_done in zip(names, done, strict=True) if not is_done]

    def remove(self, names: Sequence[str]) -> None:
        """Deletes these files; one that is gone already is no error."""

        def remove(path: str) -> None:
            try:
                self._system.rm_file(path)  # `rm` takes `*` in a name for all that fit
            except FileNotFoundError:
                return

        with self._reaching():
            self._each(remove, [self._path(name) for name in names])

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _named(self, found: Any) -> dict[str, StoredFile]:
        files = ((info["name"], info) for info in found if info["type"] == "file")
        prefix = f"{self._root}/"
        return {path.removeprefix(prefix): _stored(info) for path, info in files if path.startswith(prefix)}

    def _each(self, function: Callable[..., Result], *arguments: Sequence[Any]) -> list[Result]:
        """The function of each, many at once unless the library has but one connection."""
        if not self._system.async_impl or len(arguments[0]) < 2:
            return list(map(function, *arguments))
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as threads:
            return list(threads.map(function, *arguments))

    @contextmanager
    def _reaching(self, missing: str = "does not exist: check the spelling") -> Iterator[None]:
        """Says in one line what the library means: each has errors of its own."""
        try:
            yield
        except FileNotFoundError as error:
            raise WordspotError(f"{self.url} {missing} ({_first_line(error)})") from error
        except (MemoryError, WordspotError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise  # of this machine's disk
            said = _first_line(error)
            if isinstance(error, PermissionError) or "credential" in said.casefold():
                raise WordspotError(
                    f"{self.url} is closed to you ({said}): give this machine, and each worker, credentials that may list, "
                    "read, write and delete there"
                ) from error
            raise WordspotError(
                f"{self.url} cannot be reached ({said}): nothing is lost, the same command goes on once it can"
            ) from error


def _stored(info: Mapping[str, Any]) -> StoredFile:
    known = next((info[name] for name in (*_ENTITY_TAGS, *_TIMES) if info.get(name)), "")
    return StoredFile(int(info["size"] or 0), int.from_bytes(blake2b(str(known).encode(), digest_size=7).digest()))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return one_line(lines[0] if lines else type(error).__name__)[:_SHOWN]
