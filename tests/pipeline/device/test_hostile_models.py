"""Model files of others: one line each, never a crash, never a wrong answer. Damage at random: `tools/fuzz/model.py`."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.errors import WordspotError
from wordspot.models import pretrained
from wordspot.pipeline.device import trial_run
from wordspot.pipeline.device.model_file import ModelFile, pack_model, read_model
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.tools.fuzz.model import CRASHING_BYTES, hand_made, packed


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing that ran in another test counts as known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/wordspot/graphs-that-run.txt"


@pytest.fixture(scope="module")
def small() -> ModelFile:
    return read_model(pretrained.path_of("small"))


@pytest.fixture
def stranger(small: ModelFile, tmp_path: Path) -> Path:
    """A file that does not ship, whose graph is whole."""
    path = tmp_path / "stranger.tflite"
    path.write_bytes(pack_model(small.graph, dataclasses.replace(small.description, made_by="a stranger")))
    return path


def test_files_made_by_hand_are_named_in_one_line(small: ModelFile, tmp_path: Path) -> None:
    path = tmp_path / "made.tflite"
    for what, content in hand_made(small):
        path.write_bytes(content)
        with pytest.raises(WordspotError, match=r"made\.tflite") as error:
            Recognizer.load(path)
        assert len(str(error.value).splitlines()) == 1, what


def test_a_graph_that_crashes_a_process_does_not_crash_this_one(small: ModelFile, tmp_path: Path) -> None:
    graph = bytearray(small.graph)
    graph[CRASHING_BYTES] = b"\xff" * 4
    path = tmp_path / "crash.tflite"
    path.write_bytes(pack_model(bytes(graph), small.description))
    alone = (
        "import sys; from wordspot.pipeline.device.recognizer import Recognizer as R; R.run_all_signatures(sys.argv[1])"
    )
    status = subprocess.run([sys.executable, "-c", alone, str(path)], check=False, capture_output=True).returncode
    assert status < 0, "this graph crashes no longer: find other CRASHING_BYTES"
    with pytest.raises(WordspotError, match="makes LiteRT crash"):
        Recognizer.load(path)


def test_a_graph_that_never_ends_is_given_up(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_run, "_CODE", "while True: pass")
    monkeypatch.setattr(trial_run, "_LONGEST_S", 0.5)
    with pytest.raises(WordspotError, match=r"stranger\.tflite cannot be run: it took more than 0\.5 s"):
        Recognizer.load(stranger)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold a process to its limit")
def test_a_graph_may_not_take_all_memory(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_run, "_MOST_MEMORY_BYTES", 100 << 20)  # too little for LiteRT itself
    with pytest.raises(WordspotError, match=r"stranger\.tflite cannot be run: the process that tried it ended with"):
        Recognizer.load(stranger)


def test_a_graph_runs_elsewhere_only_once(stranger: Path, own_cache: Path) -> None:
    Recognizer.load(stranger)
    known = own_cache.read_text()
    assert len(known.split()) == 1
    Recognizer.load(stranger)
    assert own_cache.read_text() == known


def test_files_that_ship_run_nowhere_else_wherever_they_lie(small: ModelFile, tmp_path: Path, own_cache: Path) -> None:
    (tmp_path / "copy.tflite").write_bytes(small.content)
    Recognizer.load("small")
    Recognizer.load(tmp_path / "copy.tflite")
    assert not own_cache.exists()


def test_where_nothing_can_be_remembered_it_still_runs(
    stranger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert Recognizer.load(stranger).description.made_by == "a stranger"


def test_modules_of_the_current_folder_are_not_run(
    stranger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that a model was unpacked into may hold a `numpy.py` as well."""
    (tmp_path / "numpy.py").write_text("open('run', 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder])
    Recognizer.load(stranger)
    assert not (tmp_path / "run").exists()


def test_what_runs_is_what_was_checked(small: ModelFile, tmp_path: Path) -> None:
    """An entry that says it begins at byte 8 does not make eight bytes, which might be known, stand for the graph."""
    values = small.description.to_json() | {"graph_sha256": ""}
    content = bytearray(packed(small.graph, list(small.description.labels), json.dumps(values), others=1))
    begins = content.rindex(b"PK\x01\x02") + 42
    content[begins : begins + 4] = (8).to_bytes(4, "little")
    (tmp_path / "pointer.tflite").write_bytes(content)
    assert len(read_model(tmp_path / "pointer.tflite").graph) == 8
    with pytest.raises(WordspotError, match="cannot be run"):
        Recognizer.load(tmp_path / "pointer.tflite")


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tflite")
    for path in (tmp_path / "pipe.tflite", Path("/dev/zero")):
        with pytest.raises(WordspotError, match="is a pipe or device"):
            Recognizer.load(path)


def test_packing_keeps_graph_and_description(small: ModelFile, tmp_path: Path) -> None:
    (tmp_path / "again.tflite").write_bytes(pack_model(small.graph, small.description))
    again = read_model(tmp_path / "again.tflite")
    assert again.graph == small.graph
    assert len(again.description.graph_sha256) == 64
    assert dataclasses.replace(again.description, graph_sha256="") == dataclasses.replace(
        small.description, graph_sha256=""
    )
    assert pack_model(again.graph, again.description) == again.content


def test_a_file_of_an_older_version_without_a_checksum_loads(small: ModelFile, tmp_path: Path) -> None:
    values = small.description.to_json()
    del values["graph_sha256"]
    path = tmp_path / "old.tflite"
    path.write_bytes(packed(small.graph, list(small.description.labels), json.dumps(values)))
    clip = np.random.default_rng(0).uniform(-0.1, 0.1, 16_000).astype(np.float32)
    np.testing.assert_array_equal(Recognizer.load(path).classify(clip), Recognizer.load("small").classify(clip))
