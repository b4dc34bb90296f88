"""Model files of others: damaged, made to harm, or made by hand. One line each, never a crash, never a wrong answer."""

import dataclasses
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.errors import WordspotError
from wordspot.models import pretrained
from wordspot.pipeline.device.model_file import ModelFile, pack_model, read_model
from wordspot.pipeline.device.recognizer import Recognizer

SMALL = pretrained.path_of("small")
_LOAD = """
import sys
import numpy as np
from wordspot.data.errors import WordspotError
from wordspot.pipeline.device.recognizer import Recognizer
for path in sys.argv[1:]:
    try:
        probabilities = Recognizer.load(path).classify(np.zeros(16_000, np.float32))
        assert np.isfinite(probabilities).all() and abs(probabilities.sum() - 1) < 1e-3
        print("ran")
    except WordspotError as error:
        assert "\\n" not in str(error)
        print("refused")
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that ran in another test counts as known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def small() -> ModelFile:
    return read_model(SMALL)


def in_a_process(paths: list[Path]) -> list[str]:
    """What loading each of these files comes to, in one process: a crash of it would end the list early."""
    result = subprocess.run(
        [sys.executable, "-c", _LOAD, *map(str, paths)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in result.stderr
    assert result.returncode == 0
    outcomes = result.stdout.split()
    assert len(outcomes) == len(paths)
    return outcomes


def mutations(content: bytes, seed: int, count: int) -> Iterator[bytes]:
    """The content with some bytes exchanged, a stretch overwritten, or its end cut off."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        changed = bytearray(content)
        kind, begin = rng.integers(3), int(rng.integers(len(content)))
        if kind == 0:
            for place in rng.integers(len(content), size=int(rng.integers(1, 30))):
                changed[place] = int(rng.integers(256))
        elif kind == 1:
            stretch = int(rng.integers(1, 64))
            changed[begin : begin + stretch] = bytes([int(rng.choice([0, 255]))]) * len(
                changed[begin : begin + stretch]
            )
        else:
            del changed[begin:]
        yield bytes(changed)


def written(folder: Path, contents: Iterator[bytes]) -> list[Path]:
    paths = []
    for i, content in enumerate(contents):
        paths.append(folder / f"{i}.tflite")
        paths[-1].write_bytes(content)
    return paths


def test_a_damaged_file_with_its_checksum_is_refused_or_answers(small: ModelFile, tmp_path: Path) -> None:
    whole = pack_model(small.graph, small.description)
    outcomes = in_a_process(written(tmp_path, mutations(whole, seed=1, count=400)))
    assert outcomes.count("refused") > 380  # the others changed a byte that only a person reads


def test_a_graph_that_crashes_its_process_does_not_crash_ours(small: ModelFile, tmp_path: Path) -> None:
    changed = bytearray(small.content)  # of an older version: without a checksum
    changed[112_664:112_668] = b"\xff" * 4
    (tmp_path / "crash.tflite").write_bytes(changed)
    assert in_a_process([tmp_path / "crash.tflite"]) == ["refused"]


def test_damaged_files_without_a_checksum_run_elsewhere_first(small: ModelFile, tmp_path: Path) -> None:
    without = dataclasses.replace(small.description, graph_sha256="")
    assert not without.graph_sha256
    start = len(small.graph)
    damaged = (small.content[:start] and graph + small.content[start:] for graph in mutations(small.graph, 2, 12))
    in_a_process(written(tmp_path, damaged))


def with_zip(graph: bytes, **options) -> tuple[io.BytesIO, zipfile.ZipFile]:
    buffer = io.BytesIO(graph)
    return buffer, zipfile.ZipFile(buffer, "a", **options)


def hand_made(small: ModelFile) -> Iterator[tuple[str, bytes]]:
    """Name and content of files that somebody made on purpose."""
    description = json.dumps(small.description.to_json())
    labels = "\n".join(small.description.labels) + "\n"

    def packed(labels: str = labels, description: str = description, compression: int = zipfile.ZIP_STORED) -> bytes:
        buffer, archive = with_zip(small.graph, compression=compression)
        with archive:
            archive.writestr("labels.txt", labels)
            archive.writestr("model.json", description)
        return buffer.getvalue()

    yield "a bomb", packed(labels=" " * (200 << 20), compression=zipfile.ZIP_DEFLATED)
    yield "a large entry", packed(labels="a\n" * (5 << 20))
    yield "deep JSON", packed(description="[" * 200_000)
    yield "JSON of another kind", packed(description="7")
    yield "no JSON", packed(description="{")
    yield "NaN for a format", packed(description=description.replace('"format": 1', '"format": NaN'))
    yield "a path among the labels", packed(labels=labels.replace("down", "../../x"))
    yield "dots among the labels", packed(labels=labels.replace("down", ".."))
    yield "a backslash among the labels", packed(labels=labels.replace("down", "a\\b"))
    yield "an escape among the labels", packed(labels=labels.replace("down", "\x1b[2J"))
    yield "no label", packed(labels="")
    yield "an empty label", packed(labels=labels.replace("down", ""))
    yield "a label twice", packed(labels=labels.replace("down", "go"))
    yield "a label of a mile", packed(labels=labels.replace("down", "d" * 5_000))
    yield "too few labels", packed(labels="down\ngo\n")
    yield "another clip", packed(description=description.replace('"clip_samples": 16000', '"clip_samples": 8000'))
    yield (
        "a rate of minus one",
        packed(description=description.replace('"sample_rate_hz": 16000', '"sample_rate_hz": -1')),
    )
    yield "a front end of text", packed(description=description.replace('"n_mels": 40', '"n_mels": "forty"'))
    yield "thresholds of a list", packed(description=description[:-1] + ', "thresholds": [1, 2]}')
    yield "a threshold of another word", packed(description=description[:-1] + ', "thresholds": {"lamp": 0.5}}')
    yield "a threshold of 7", packed(description=description[:-1] + ', "thresholds": {"down": 7}}')
    encrypted = bytearray(packed())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.rindex(signature) + flags] |= 1
    yield "an encrypted entry", bytes(encrypted)


def test_files_made_by_hand_are_refused_in_one_line(small: ModelFile, tmp_path: Path) -> None:
    for name, content in hand_made(small):
        path = tmp_path / "made.tflite"
        path.write_bytes(content)
        with pytest.raises(WordspotError, match=r"made\.tflite") as error:
            Recognizer.load(path)
        assert "\n" not in str(error.value), name


def test_a_graph_runs_elsewhere_only_once(small: ModelFile, tmp_path: Path) -> None:
    path = tmp_path / "copy.tflite"
    path.write_bytes(small.content)
    Recognizer.load(path)
    memory = tmp_path / "cache/wordspot/graphs-that-run.txt"
    known = memory.read_text()
    assert len(known.split()) == 1
    Recognizer.load(path)
    assert memory.read_text() == known


def test_where_nothing_can_be_remembered_it_still_runs(
    small: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    path = tmp_path / "copy.tflite"
    path.write_bytes(small.content)
    assert Recognizer.load(path).labels == small.description.labels


def test_packing_keeps_graph_and_description(small: ModelFile, tmp_path: Path) -> None:
    (tmp_path / "again.tflite").write_bytes(pack_model(small.graph, small.description))
    again = read_model(tmp_path / "again.tflite")
    assert again.graph == small.graph
    assert len(again.description.graph_sha256) == 64
    assert dataclasses.replace(again.description, graph_sha256="") == dataclasses.replace(
        small.description, graph_sha256=""
    )
    assert pack_model(again.graph, again.description) == again.content
