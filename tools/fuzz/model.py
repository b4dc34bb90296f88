"""Model files that are damaged, or made to harm."""

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np

from ...models import pretrained
from ...pipeline.device.model_file import ModelFile, pack_model, read_model
from ...pipeline.device.recognizer import Recognizer
from .mutation import mutated

CRASHING_BYTES = slice(112_664, 112_668)  # of the graph of `small`: 0xff there makes LiteRT end its process
_WEIGHTS_SHARE = 0.6  # of the graph, at its start
_MOST_WEIGHTS = 10


def cases(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """(name, content) without end."""
    model = original()
    text = json.dumps(model.description.to_json())
    yield "whole", model.content
    yield from hand_made(model)
    while True:
        yield "changed", mutated(model.content, rng)
        yield "a graph changed with its checksum", pack_model(mutated(model.graph, rng), model.description)
        yield "weights changed with their checksum", pack_model(_other_weights(model.graph, rng), model.description)
        yield "a description changed", packed(model.graph, list(model.description.labels), mutated(text.encode(), rng))


def run(content: bytes) -> None:
    """Loads it and classifies noise; what comes must be probabilities."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, XDG_CACHE_HOME=folder):
        path = Path(folder) / "a.tflite"
        path.write_bytes(content)
        recognizer = Recognizer.load(path)
    clip = np.random.default_rng(0).uniform(-0.5, 0.5, recognizer.clip_samples).astype(np.float32)
    probabilities = recognizer.classify(clip)
    assert probabilities.shape == (len(recognizer.labels),)
    assert (probabilities >= 0).all(), probabilities  # false for NaN, too
    assert abs(probabilities.sum() - 1) < 1e-3, probabilities


@cache
def original() -> ModelFile:
    """The model that all cases begin with."""
    return read_model(pretrained.path_of("small"))


def _other_weights(graph: bytes, rng: np.random.Generator) -> bytes:
    """The last bits of some numbers changed, most of which are weights: many of these files run, and answer otherwise."""
    changed = bytearray(graph)
    for place in 4 * rng.integers(int(_WEIGHTS_SHARE * len(graph) / 4), size=int(rng.integers(1, _MOST_WEIGHTS))):
        changed[place] = int(rng.integers(256))
    return bytes(changed)


def hand_made(model: ModelFile) -> Iterator[tuple[str, bytes]]:
    """Name and content of files that somebody made on purpose; all of them must be refused."""
    yield from _bad_files(model)
    yield from _bad_descriptions(model)
    yield from _bad_labels(model)


def _bad_files(model: ModelFile) -> Iterator[tuple[str, bytes]]:
    """A graph, or a zip behind it, that isn't what it says."""
    labels, description = _entries(model)
    crashing = bytearray(model.graph)
    crashing[CRASHING_BYTES] = b"\xff" * 4
    whole = packed(model.graph, labels, json.dumps(description))
    yield "a graph that makes LiteRT crash", pack_model(bytes(crashing), model.description)
    yield "the same, of unknown origin", packed(bytes(crashing), labels, json.dumps(description | {"graph_sha256": ""}))
    yield "a bomb", packed(model.graph, [" " * (50 << 20)], "{}", zipfile.ZIP_DEFLATED)
    yield "an encrypted entry", _encrypted(whole)
    yield "a comment behind the zip", whole[:-2] + b"\x05\x00hello"
    yield "thousands of entries", packed(model.graph, labels, json.dumps(description), others=5_000)


def _bad_descriptions(model: ModelFile) -> Iterator[tuple[str, bytes]]:
    """JSON that can't be read, or that says what can't be."""
    labels, description = _entries(model)
    for what, text in {
        "deep JSON": "[" * 200_000,
        "a long number": "1" * 10_000,
        "JSON of another kind": "7",
        "no JSON": "{",
    }.items():
        yield what, packed(model.graph, labels, text)
    front_end = model.description.front_end.to_dict()
    changes: dict[str, dict[str, object]] = {
        "a checksum of another graph": {"graph_sha256": "0" * 64},
        "NaN for a format": {"format": float("nan")},
        "another clip": {"clip_samples": 8_000},
        "a rate of minus one": {"sample_rate_hz": -1},
        "a front end of text": {"front_end": front_end | {"n_mels": "forty"}},
        "other frames": {"front_end": front_end | {"n_mels": 41}},
        "thresholds of a list": {"thresholds": [1, 2]},
        "a threshold of another word": {"thresholds": {"lamp": 0.5}},
        "a threshold of 7": {"thresholds": {labels[0]: 7}},
        "training of a number": {"training": 3},
    }
    for what, change in changes.items():
        yield what, packed(model.graph, labels, json.dumps(description | change))


def _bad_labels(model: ModelFile) -> Iterator[tuple[str, bytes]]:
    """Too many labels, too few, and such as can't be the name of a folder."""
    labels, description = _entries(model)
    lists = {
        "a large entry": ["a"] * (5 << 20),
        "a million labels": [f"{i:x}" for i in range(1_000_000)],
        "no label": [],
        "too few labels": labels[:2],
    }
    first = {
        "a path": "../../x",
        "dots": "..",
        "a backslash": "a\\b",
        "an escape": "\x1b[2J",
        "text that runs backwards": "\u202eab",
        "nothing": "",
        "another label": labels[1],
        "a mile": "d" * 5_000,
    }
    lists |= {f"{what} as a label": [label, *labels[1:]] for what, label in first.items()}
    for what, changed in lists.items():
        yield what, packed(model.graph, changed, json.dumps(description))


def _entries(model: ModelFile) -> tuple[list[str], dict[str, object]]:
    """The labels and the description of a model, as its file has them."""
    return list(model.description.labels), model.description.to_json()


def packed(
    graph: bytes, labels: list[str], description: str | bytes, compression: int = zipfile.ZIP_STORED, others: int = 0
) -> bytes:
    """A model file of any labels and description, which nothing checks here, and of further entries."""
    entries = {"labels.txt": "".join(f"{label}\n" for label in labels), "model.json": description}
    buffer = io.BytesIO(graph)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, text in (entries | {str(i): "" for i in range(others)}).items():
            archive.writestr(zipfile.ZipInfo(name), text, compression)  # of no date: the same bytes each time
    return buffer.getvalue()


def _encrypted(content: bytes) -> bytes:
    """The last entry is marked as encrypted, in both places that say so."""
    changed = bytearray(content)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[changed.rindex(signature) + flags] |= 1
    return bytes(changed)
