"""The main job, end to end, as `make demo` runs it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, wordspot: Callable) -> Path:
    """The folder of a finished demo; its output is in `out.txt`."""
    folder = tmp_path_factory.mktemp("demo")
    result = wordspot("demo", "demo", cwd=folder, timeout=900)
    assert result.returncode == 0, result.stderr
    (folder / "out.txt").write_text(result.stdout)
    return folder


def test_unseen_voices_are_recognized(demo: Path, wordspot: Callable) -> None:
    result = wordspot("evaluate", "demo/model.tflite", "demo/unseen-clips", "--json", "-", cwd=demo)
    figures = json.loads(result.stdout)
    assert figures["clips"] > 350
    assert figures["accuracy"] >= 0.95
    assert result.stderr == ""  # none of these voices was trained on


def test_the_recordings_are_messy_and_the_cleaner_says_why(demo: Path) -> None:
    with (demo / "demo" / "clips" / "metadata.csv").open(newline="") as file:
        clips = list(csv.DictReader(file))
    with (demo / "demo" / "clips" / "discarded.csv").open(newline="") as file:
        discarded = list(csv.DictReader(file))
    assert len({clip["speaker"] for clip in clips}) >= 40
    assert {clip["channels"] for clip in clips} == {"1", "2"}
    assert {clip["sample_rate_hz"] for clip in clips} == {"16000", "44100"}
    assert all(2 <= float(clip["duration_s"]) <= 3.5 for clip in clips)
    assert {row["reason"] for row in discarded} == {"near_silent", "unreadable"}


def test_it_ends_with_what_to_type_next(demo: Path) -> None:
    lines = (demo / "out.txt").read_text().splitlines()
    assert any("report.html" in line and "model.tflite" in line for line in lines[-6:])
    assert "wordspot clean recordings clips" in lines[-4]
    assert (demo / "demo" / "run" / "report.html").is_file()


def test_run_again_it_repeats_nothing(demo: Path, wordspot: Callable) -> None:
    before = (demo / "demo" / "run" / "checkpoint.keras").stat().st_mtime_ns
    result = wordspot("demo", "demo", cwd=demo)
    assert result.returncode == 0
    assert "nothing to do" in result.stdout
    assert (demo / "demo" / "run" / "checkpoint.keras").stat().st_mtime_ns == before
