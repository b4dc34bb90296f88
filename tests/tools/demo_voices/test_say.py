import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("espeakng_loader", reason="the `voices` extra is not installed")
from wordspot.pipeline.ingest.clean import clean


def say(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wordspot.tools.cli", "say", str(folder), *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)


def test_every_voice_says_every_word_and_nothing_that_is_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    own = tmp_path / "happy" / "espeak-m1_nohash_0.wav"
    own.write_bytes(b"somebody's")
    first = say(tmp_path, "--words", "happy,hey computer", "--takes", "1", "--jobs", "2")
    assert first.returncode == 0, first.stderr
    assert "123 recordings" in first.stdout
    files = sorted(path.name for path in (tmp_path / "hey computer").iterdir())
    assert len(files) == 62
    assert own.read_bytes() == b"somebody's"
    again = say(tmp_path, "--words", "happy,hey computer", "--takes", "1")
    assert "0 recordings" in again.stdout
    other = tmp_path / "other"
    say(other, "--words", "hey computer", "--takes", "1", "--jobs", "1")
    for name in files:
        assert (other / "hey computer" / name).read_bytes() == (tmp_path / "hey computer" / name).read_bytes()


def test_what_is_said_can_be_cleaned_and_no_voice_is_another(tmp_path: Path) -> None:
    say(tmp_path / "recordings", "--words", "sheila", "--takes", "1", "--language", "de")
    result = clean(tmp_path / "recordings", tmp_path / "clips", jobs=1)
    assert result.clips == 62
    sounds = [soundfile.read(path)[0] for path in sorted((tmp_path / "recordings" / "sheila").iterdir())]
    assert all(0.1 < np.abs(sound).max() < 1 for sound in sounds)
    assert len({sound.tobytes() for sound in sounds}) == 62


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--words", "happy", "--language", "xx"), "espeak-ng has no voice xx+m1"),
        (("--words", "a/b"), "'a/b' cannot be the name of a folder"),
        (("--words", "_x_"), "'_x_' cannot be the name of a folder"),
    ],
)
def test_what_cannot_be_said_is_one_line(options: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    refused = say(tmp_path, *options)
    assert refused.returncode == 1
    assert expected in refused.stderr
    assert refused.stderr.count("\n") == 1
