"""Model files that are damaged or made to harm: each is refused in one line, or gives probabilities; nothing else."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from ...pipeline.device.model_file import ModelFile, pack_model
from ...pipeline.progress import Progress, no_progress

FILES_PER_PROCESS = 20
CRASHING_BYTES = slice(112_664, 112_668)  # of the graph of `small`: 0xff there makes LiteRT end its process
_LONGEST_S = 1_800
_LOAD = """
import sys
import numpy as np
from wordspot.data.errors import WordspotError
from wordspot.pipeline.device.recognizer import Recognizer
for path in sys.argv[1:]:
    try:
        recognizer = Recognizer.load(path)
        clip = np.random.default_rng(0).uniform(-0.5, 0.5, recognizer.clip_samples).astype(np.float32)
        probabilities = recognizer.classify(clip)
        assert np.isfinite(probabilities).all() and abs(probabilities.sum() - 1) < 1e-3, probabilities
        print("answered", flush=True)
    except WordspotError as error:
        assert len(str(error).splitlines()) == 1, error
        print("refused", flush=True)
"""


@dataclass(frozen=True)
class Tried:
    """What became of files.

    Attributes
    ----------
    outcomes
        Of each file, in order: `refused`, `answered`, or what went wrong.
    faults
        {file: what went wrong}: a crash, a traceback, or an answer that is no probability.
    """

    outcomes: tuple[str, ...]
    faults: dict[str, str]


def fuzz_models(
    model: ModelFile, folder: Path, *, count: int = 400, seed: int = 0, progress: Progress = no_progress
) -> Tried:
    """Writes damaged and hand-made model files into a folder, loads each in another process, and says what became of it.

    Parameters
    ----------
    model
        The file to begin with.
    folder
        For the files; those that went wrong stay there.
    count
        Damaged files; the hand-made ones come on top.
    seed
        The same seed gives the same files.
    progress
        Shows how far it has come, in files.
    """
    contents = [*damaged(model, np.random.default_rng(seed), count), *(content for _, content in hand_made(model))]
    paths = [folder / f"{i:04}.tflite" for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    tried = load_elsewhere(progress(paths, len(paths)), folder)
    for path in paths:
        if str(path) not in tried.faults:
            path.unlink()
    return tried


def load_elsewhere(paths: Iterable[Path], folder: Path) -> Tried:
    """Loads model files in processes of their own, some at a time; where one of them ends, the next takes the rest.

    `folder` is where these processes note which graphs have run, so that no other one knows of it.
    """
    outcomes: list[str] = []
    faults: dict[str, str] = {}
    left = iter(paths)
    while rest := list(islice(left, FILES_PER_PROCESS)):
        while rest:
            results, problem = _load_some(rest, folder)
            outcomes += results
            rest = rest[len(results) :]
            if rest:  # the process ended at the first of these
                faults[str(rest.pop(0))] = problem
                outcomes.append(problem)
    return Tried(tuple(outcomes), faults)


def _load_some(paths: list[Path], folder: Path) -> tuple[list[str], str]:
    """The outcomes until the process ended, and how it ended."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-c", _LOAD, *map(str, paths)]
    result = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, env=environment, timeout=_LONGEST_S
    )
    last = result.stderr.strip().rpartition("\n")[2]
    return result.stdout.split(), f"status {result.returncode}: {last}"


def damaged(model: ModelFile, rng: np.random.Generator, count: int) -> Iterator[bytes]:
    """Damaged files: by turns the whole file as it came, and its graph under a fresh checksum, so that it is run."""
    for i in range(count):
        if i % 2:
            yield pack_model(mutate(model.graph, rng), model.description)
        else:
            yield mutate(model.content, rng)


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """The content with some bytes exchanged, a stretch overwritten by zeros or ones, or its end cut off."""
    changed = bytearray(content)
    kind, begin = rng.integers(3), int(rng.integers(len(content)))
    if kind == 0:
        for place in rng.integers(len(content), size=int(rng.integers(1, 30))):
            changed[place] = int(rng.integers(256))
    elif kind == 1:
        end = min(len(content), begin + int(rng.integers(1, 64)))
        changed[begin:end] = bytes([int(rng.choice([0, 255]))]) * (end - begin)
    else:
        del changed[begin:]
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
    yield "a bomb", packed(model.graph, [" " * (200 << 20)], "{}", zipfile.ZIP_DEFLATED)
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
    graph: bytes, labels: list[str], description: str, compression: int = zipfile.ZIP_STORED, others: int = 0
) -> bytes:
    """A model file of any labels and description, which nothing checks here, and of further entries."""
    buffer = io.BytesIO(graph)
    with zipfile.ZipFile(buffer, "a", compression) as archive:
        archive.writestr("labels.txt", "".join(f"{label}\n" for label in labels))
        archive.writestr("model.json", description)
        for i in range(others):
            archive.writestr(str(i), "")
    return buffer.getvalue()


def _encrypted(content: bytes) -> bytes:
    """The last entry is marked as encrypted, in both places that say so."""
    changed = bytearray(content)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[changed.rindex(signature) + flags] |= 1
    return bytes(changed)
