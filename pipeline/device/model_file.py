"""The model file: a `.tflite` with `labels.txt` and `model.json` in a zip behind it, by TFLite's metadata convention.

A model file may come from anywhere, so nothing in it is believed before it was checked: the zip must hold small stored
entries (a compressed one may unpack to gigabytes), labels and description must make sense, and the graph must be the one
whose SHA-256 the description names.
"""

import dataclasses
import hashlib
import io
import json
import stat
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ...data.buckets import here
from ...data.errors import WordspotError
from .model_description import ModelDescription

LABELS, DESCRIPTION = "labels.txt", "model.json"
SIGNATURES = ("classify", "features", "classify_features")
_TFLITE_MAGIC = b"TFL3"  # bytes 4 to 8 of the FlatBuffer
_LARGEST_FILE_BYTES = 512 << 20
_LARGEST_ENTRY_BYTES = 8 << 20
_END_OF_ZIP = struct.Struct("<4s8sIIH")  # magic, counts, bytes of the list of entries, its offset, bytes of a comment
_LARGEST_DIRECTORY_BYTES = 64 << 10  # a zip may list millions of entries, each of which Python makes an object of


@dataclass(frozen=True)
class ModelFile:
    """A model file, read and checked but not run.

    Attributes
    ----------
    content
        The bytes of the file.
    description
        What it says of itself.
    """

    content: bytes
    description: ModelDescription

    @property
    def graph(self) -> bytes:
        """The `.tflite` without the zip behind it."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return self.content[: min(entry.header_offset for entry in archive.infolist())]


def pack_model(graph: bytes, description: ModelDescription) -> bytes:
    """Appends the zip to a `.tflite` graph, with the graph's SHA-256; the same input gives the same bytes."""
    description = dataclasses.replace(description, graph_sha256=hashlib.sha256(graph).hexdigest())
    buffer = io.BytesIO(graph)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, text in (
            (LABELS, "\n".join(description.labels) + "\n"),
            (DESCRIPTION, json.dumps(description.to_json(), indent=2, ensure_ascii=False) + "\n"),
        ):
            archive.writestr(zipfile.ZipInfo(name), text.encode())
    return buffer.getvalue()


def is_tflite(path: Path) -> bool:
    """Whether a file begins as a TFLite model does; False for one that cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(8)[4:] == _TFLITE_MAGIC
    except OSError:
        return False


def read_model(path: Path | str) -> ModelFile:
    """Reads a model file; it is not run.

    Raises
    ------
    WordspotError
        No such file, no `.tflite`, a `.tflite` without our labels and description, labels or a description that cannot be
        meant, a graph that is not the one described, or a file of a newer format.
    """
    path = here(path)
    content = _read_bytes(path)
    if content[4:8] != _TFLITE_MAGIC:
        raise WordspotError(f"{path} is not a .tflite model: `wordspot export RUN` makes one from a training run")
    try:
        _check_directory(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            labels = _read_entry(archive, LABELS).decode().removesuffix("\n").split("\n")
            values = json.loads(_read_entry(archive, DESCRIPTION))
    except (zipfile.BadZipFile, KeyError, ValueError, OverflowError, NotImplementedError, RecursionError) as error:
        raise WordspotError(
            f"{path} is a .tflite model, but not one of wordspot's (no {LABELS} and {DESCRIPTION} inside that can be "
            "read), or it is cut short: use a file that `wordspot export` wrote"
        ) from error
    model = ModelFile(content, ModelDescription.from_json(tuple(labels), values, str(path)))
    expected = model.description.graph_sha256
    if expected and hashlib.sha256(model.graph).hexdigest() != expected:
        raise WordspotError(f"{path} is damaged: its graph is not the one that was exported; copy or export it again")
    return model


def _read_bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise WordspotError(
                f"{path} is a folder, not a .tflite model: `wordspot export RUN` makes one from a training run"
            )
        if not stat.S_ISREG(status.st_mode):  # a pipe or device may never end
            raise WordspotError(f"{path} is a pipe or device; a model must be a file: copy it into one")
        if status.st_size > _LARGEST_FILE_BYTES:
            raise WordspotError(
                f"{path} has {status.st_size:,} bytes; a model file has at most {_LARGEST_FILE_BYTES:,}"
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise WordspotError(f"{path} does not exist: check the spelling") from error
    except (OSError, ValueError) as error:  # the latter for a name with a zero byte
        raise WordspotError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _check_directory(content: bytes) -> None:
    """Raises `ValueError` unless the zip ends the file, lists few entries, and is not of the large kind (ZIP64)."""
    end = len(content) - _END_OF_ZIP.size
    if end < 0:
        raise ValueError("there is no zip")
    magic, _, directory_bytes, _, comment_bytes = _END_OF_ZIP.unpack_from(content, end)
    if magic != b"PK\x05\x06" or comment_bytes:
        raise ValueError("the zip does not end the file")
    if directory_bytes > _LARGEST_DIRECTORY_BYTES or content[max(0, end - 20) :].startswith(b"PK\x06\x07"):
        raise ValueError(f"the zip lists more entries than fit into {_LARGEST_DIRECTORY_BYTES:,} bytes")


def _read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    entry = archive.getinfo(name)
    is_plain = entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & 1
    if not is_plain or entry.file_size > _LARGEST_ENTRY_BYTES or entry.compress_size != entry.file_size:
        raise ValueError(f"{name} is compressed, encrypted or larger than {_LARGEST_ENTRY_BYTES:,} bytes")
    return archive.read(entry)
