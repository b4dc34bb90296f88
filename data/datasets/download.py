"""Downloading a large file: it goes on where it broke off, and is not believed before its checksum fits."""

import hashlib
import http.client
import math
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import WordspotError

_CHUNK_BYTES = 1 << 20
_ATTEMPTS_WITHOUT_GAIN = 3  # as often as this in a row a connection may break without a single byte
_TIMEOUT_S = 60
_PARTIAL = 206
_BROKEN = (http.client.HTTPException, OSError)  # of the network: nothing of the disk is done where these are caught
Progress = Callable[[Iterable[Any], int], Iterable[Any]]


def download(url: str, file: Path, size_bytes: int, sha256: str, progress: Progress) -> None:
    """Downloads `url` to `file`, from the first byte on that is not there yet.

    Parameters
    ----------
    url
        http or https.
    file
        Appended to while it grows; an interrupted download goes on at its end.
    size_bytes, sha256
        What the whole file must have.
    progress
        Is given an iterable of chunks of a mebibyte and their number.

    Raises
    ------
    WordspotError
        The server cannot be reached, refuses or has a file of another size; the connection breaks again and again (what
        came is kept); what came is not the file that was published (it is removed).
    """
    have = file.stat().st_size if file.is_file() else 0
    chunks = math.ceil(max(0, size_bytes - have) / _CHUNK_BYTES)
    for chunk in progress(_remaining(url, file, size_bytes), chunks):
        with open(file, "ab") as partial:
            partial.write(chunk)
    _verify(url, file, size_bytes, sha256)


def _remaining(url: str, file: Path, size_bytes: int) -> Iterator[bytes]:
    """The bytes that `file`, which the caller appends them to, still lacks."""
    failures = 0
    while (have := file.stat().st_size if file.is_file() else 0) < size_bytes:
        try:
            with _open(url, have, file, size_bytes) as answer:
                while chunk := answer.read(_CHUNK_BYTES):
                    yield chunk
            reason: Any = "the connection was closed"
        except urllib.error.HTTPError as error:
            raise WordspotError(f"{url}: the server says {error.code} {error.reason}") from error
        except _BROKEN as error:
            reason = getattr(error, "reason", error)
        now = file.stat().st_size if file.is_file() else 0
        failures = 0 if now > have else failures + 1
        if failures == _ATTEMPTS_WITHOUT_GAIN:
            raise WordspotError(
                f"{url} cannot be downloaded ({reason}); {now / 1e6:,.0f} of {size_bytes / 1e6:,.0f} MB are here, and the "
                "same command goes on from there"
            )


def _open(url: str, have: int, file: Path, size_bytes: int) -> IO[bytes]:
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    is_rest = answer.status == _PARTIAL
    length = answer.headers.get("Content-Length")
    if length and int(length) != (whole := size_bytes - have * is_rest):
        raise WordspotError(
            f"{url} has {int(length):,} bytes; expected {whole:,}: it is not the archive that was published"
        )
    if have and not is_rest:  # a server that gives nothing but the whole file
        file.unlink()
    return answer


def _verify(url: str, file: Path, size_bytes: int, sha256: str) -> None:
    with open(file, "rb") as content:
        seen = hashlib.file_digest(content, "sha256").hexdigest()
    if seen == sha256:
        return
    size = file.stat().st_size
    file.unlink()
    raise WordspotError(
        f"what {url} gave is not what was published ({size:,} bytes with the SHA-256 {seen}; expected {size_bytes:,} "
        f"bytes with {sha256}): it was removed. Try again, or another network"
    )
