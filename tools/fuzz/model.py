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
    description = model.description.to_json()
    labels = list(model.description.labels)

    def described(**changes: object) -> bytes:
        return packed(model.graph, labels, json.dumps(description | changes))

    def labeled(first: str) -> bytes:
        return packed(model.graph, [first, *labels[1:]], json.dumps(description))

    crashing = bytearray(model.graph)
    crashing[CRASHING_BYTES] = b"\xff" * 4
    whole = packed(model.graph, labels, json.dumps(description))
    yield "a graph that makes LiteRT crash", pack_model(bytes(crashing), model.description)
    yield "the same, of unknown origin", packed(bytes(crashing), labels, json.dumps(description | {"graph_sha256": ""}))
    yield "a bomb", packed(model.graph, [" " * (50 << 20)], "{}", zipfile.ZIP_DEFLATED)
    yield "an encrypted entry", _encrypted(whole)
    yield "a comment behind the zip", whole[:-2] + b"\x05\x00hello"
    yield "thousands of entries", packed(model.graph, labels, json.dumps(description), others=5_000)
    yield "a large entry", packed(model.graph, ["a"] * (5 << 20), json.dumps(description))
    yield "a million labels", packed(model.graph, [f"{i:x}" for i in range(1_000_000)], json.dumps(description))
    yield "deep JSON", packed(model.graph, labels, "[" * 200_000)
    yield "a long number", packed(model.graph, labels, "1" * 10_000)
    yield "JSON of another kind", packed(model.graph, labels, "7")
    yield "no JSON", packed(model.graph, labels, "{")
    yield "a checksum of another graph", described(graph_sha256="0" * 64)
    yield "NaN for a format", described(format=float("nan"))
    yield "another clip", described(clip_samples=8_000)
    yield "a rate of minus one", described(sample_rate_hz=-1)
    yield "a front end of text", described(front_end=model.description.front_end.to_dict() | {"n_mels": "forty"})
    yield "other frames", described(front_end=model.description.front_end.to_dict() | {"n_mels": 41})
    yield "thresholds of a list", described(thresholds=[1, 2])
    yield "a threshold of another word", described(thresholds={"lamp": 0.5})
    yield "a threshold of 7", described(thresholds={labels[0]: 7})
    yield "training of a number", described(training=3)
    yield "no label", packed(model.graph, [], json.dumps(description))
    yield "too few labels", packed(model.graph, labels[:2], json.dumps(description))
    for what, label in {
        "a path": "../../x",
        "dots": "..",
        "a backslash": "a\\b",
        "an escape": "\x1b[2J",
        "text that runs backwards": "\u202eab",
        "nothing": "",
        "another label": labels[1],
        "a mile": "d" * 5_000,
    }.items():
        yield f"{what} as a label", labeled(label)


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
