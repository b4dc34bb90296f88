"""The model file: a `.tflite` with `labels.txt` and `model.json` in a zip behind it, by TFLite's metadata convention."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.errors import WordspotError

LABELS, DESCRIPTION = "labels.txt", "model.json"
FORMAT = 1
SIGNATURES = ("classify", "features", "classify_features")
_TFLITE_MAGIC = b"TFL3"  # bytes 4 to 8 of the FlatBuffer


@dataclass(frozen=True)
class ModelFile:
    """A model file, read and checked but not run.

    Attributes
    ----------
    content
        The bytes of the file.
    labels
        What its outputs stand for, in order.
    description
        `model.json`: format, sample_rate_hz, clip_samples, front_end, quantization, training, and thresholds if any were
        set.
    """

    content: bytes
    labels: tuple[str, ...]
    description: dict[str, Any]


def pack_model(graph: bytes, labels: tuple[str, ...], description: dict[str, Any]) -> bytes:
    """Appends the zip to a `.tflite` graph; the same input gives the same bytes."""
    buffer = io.BytesIO(graph)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, text in (
            (LABELS, "\n".join(labels) + "\n"),
            (DESCRIPTION, json.dumps({"format": FORMAT, **description}, indent=2, ensure_ascii=False) + "\n"),
        ):
            archive.writestr(zipfile.ZipInfo(name), text.encode())
    return buffer.getvalue()


def repack(model: ModelFile, description: dict[str, Any]) -> bytes:
    """The same model file with another description."""
    with zipfile.ZipFile(io.BytesIO(model.content)) as archive:
        graph = model.content[: min(entry.header_offset for entry in archive.infolist())]
    return pack_model(graph, model.labels, description)


def is_tflite(path: Path) -> bool:
    """Whether a file begins as a TFLite model does; False for one that cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(8)[4:] == _TFLITE_MAGIC
    except OSError:
        return False


def read_model(path: Path) -> ModelFile:
    """Reads a model file.

    Raises
    ------
    WordspotError
        No such file, no `.tflite`, a `.tflite` without our labels and description, or of a newer format.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise WordspotError(f"{path} does not exist: check the spelling") from error
    except IsADirectoryError as error:
        raise WordspotError(
            f"{path} is a folder, not a .tflite model: `wordspot export RUN` makes one from a training run"
        ) from error
    except OSError as error:
        raise WordspotError(f"{path} cannot be read: {error.strerror}") from error
    if content[4:8] != _TFLITE_MAGIC:
        raise WordspotError(f"{path} is not a .tflite model: `wordspot export RUN` makes one from a training run")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            labels = tuple(archive.read(LABELS).decode().split("\n")[:-1])
            description = json.loads(archive.read(DESCRIPTION))
        form, _ = description["format"], (description["sample_rate_hz"], description["clip_samples"])
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise WordspotError(
            f"{path} is a .tflite model, but not one of wordspot's (no {LABELS} and {DESCRIPTION} inside), or it is cut "
            "short: use a file that `wordspot export` wrote"
        ) from error
    if form != FORMAT:
        raise WordspotError(f"{path} has format {form}, this version reads {FORMAT}: update wordspot")
    return ModelFile(content, labels, description)
