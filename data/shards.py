"""Clips inside tar archives ("shards"): where each of them lies, and its bytes, without unpacking.

A sharded folder has `metadata.parquet` in the place of `metadata.csv`: the same columns, all text, and `shard`, `offset` and
`size`, where the clip's bytes are. A clip keeps its name: what would be the file `SHARDS/left/a.wav` is read from its shard.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .errors import RecordingError, WordspotError

SHARD_TABLE = "metadata.parquet"
PLACE_COLUMNS = ("shard", "offset", "size")
_NAME_BYTES = 16
_ROWS_PER_BATCH = 10_000


@dataclass(frozen=True)
class ShardPlace:
    """A clip's bytes: `size_bytes` of them in the file `shard`, from byte `offset` on."""

    shard: Path
    offset: int
    size_bytes: int

    def open(self) -> BinaryIO:
        """The bytes as a file. Raises `RecordingError` where the shard is missing or too short."""
        try:
            with open(self.shard, "rb") as file:
                file.seek(self.offset)
                content = file.read(self.size_bytes)
        except OSError as error:
            raise RecordingError(f"its shard {self.shard} cannot be read: {error.strerror}") from error
        if len(content) < self.size_bytes:
            raise RecordingError(f"its shard {self.shard} was cut short: run the command that wrote it again")
        return io.BytesIO(content)


def is_sharded(folder: Path) -> bool:
    """Whether it is a folder of shards, complete: its table is written last."""
    return (folder / SHARD_TABLE).is_file()


def find_in_shard(path: Path | str) -> ShardPlace | None:
    """Where the clip lies that would be this file, `<folder>/<label>/<name>`; None where that folder has no shards."""
    parents = Path(path).parents
    folder = parents[1] if len(parents) > 1 else Path()
    table = folder / SHARD_TABLE
    if not table.is_file():
        return None
    status = table.stat()
    return _index(folder, status.st_mtime_ns, status.st_size).find(Path(path).relative_to(folder).as_posix())


def iterate_shard_table(table: Path, required: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Number, from 1 on, and {column: text} of each row. Raises `WordspotError` for a damaged table or a missing column."""
    number = 0
    for batch in _batches(table, None):
        for column in required:
            if column not in batch.schema.names:
                raise WordspotError(f"{table} has no column {column!r}: write the shards again with `wordspot shard`")
        for row in batch.to_pylist():
            number += 1
            yield number, {name: "" if value is None else str(value) for name, value in row.items()}


class _Index:
    """The places of all clips of a folder: 36 bytes of memory for each."""

    def __init__(self, folder: Path) -> None:
        names, shards, places = [], {}, []
        for batch in _batches(folder / SHARD_TABLE, ["file_name", *PLACE_COLUMNS]):
            columns = batch.to_pydict()
            names.append(np.array([_hash(name) for name in columns["file_name"]], f"S{_NAME_BYTES}"))
            numbers = [shards.setdefault(shard, len(shards)) for shard in columns["shard"]]
            places.append(np.array([numbers, columns["offset"], columns["size"]], np.int64).reshape(3, -1).T)
        joined = np.concatenate([np.zeros(0, f"S{_NAME_BYTES}"), *names])
        order = np.argsort(joined)
        self._names, self._places = joined[order], np.concatenate([np.zeros((0, 3), np.int64), *places])[order]
        self._shards = [_inside(folder, shard) for shard in shards]

    def find(self, file_name: str) -> ShardPlace | None:
        name = np.array(_hash(file_name), f"S{_NAME_BYTES}")
        at = int(np.searchsorted(self._names, name))
        if at == len(self._names) or self._names[at] != name:
            return None
        shard, offset, size_bytes = self._places[at].tolist()
        return ShardPlace(self._shards[shard], offset, size_bytes)


@lru_cache(maxsize=4)
def _index(folder: Path, modified_ns: int, size_bytes: int) -> _Index:
    return _Index(folder)


def _inside(folder: Path, shard: str) -> Path:
    if Path(shard).name != shard:
        raise WordspotError(f"{folder / SHARD_TABLE} names the shard {shard!r}; expected a file beside it")
    return folder / shard


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=_NAME_BYTES).digest()


def _batches(table: Path, columns: list[str] | None) -> Iterator[Any]:
    import pyarrow
    from pyarrow.parquet import ParquetFile  # here, because only shards need it, and the base install lacks it

    try:
        with ParquetFile(table) as file:
            yield from file.iter_batches(_ROWS_PER_BATCH, columns=columns)
    except (pyarrow.ArrowException, OSError) as error:
        raise WordspotError(
            f"{table} is damaged ({str(error).splitlines()[0]}): write the shards again with `wordspot shard`"
        ) from error
