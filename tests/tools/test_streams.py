"""Standard streams that are closed or full, a reader that goes away, Ctrl-C: one line at most, and a status that says it."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

READER_GONE, INTERRUPTED = 141, 130
WORDSPOT = shlex.join([sys.executable, "-m", "wordspot.tools.cli"])


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line for bash, in which WORDSPOT is the command; its status is that of WORDSPOT."""
    script = f"set -o pipefail; {line.replace('WORDSPOT', WORDSPOT)}"
    return subprocess.run(["bash", "-c", script], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("line", "status", "stderr"),
    [
        ("WORDSPOT models >&-", 0, ""),
        ("WORDSPOT --version >&- 2>&- <&-", 0, ""),
        ("WORDSPOT predict missing.wav 2>&-", 1, ""),
        ("WORDSPOT predict missing.wav >&- 2>&- <&-", 1, ""),
        ("WORDSPOT listen --source - <&-", 1, "wordspot: 0.00 s of sound came; the model needs 1 s to judge once\n"),
        ("WORDSPOT models nonsense 2>&-", 2, ""),
        ("WORDSPOT predict missing.wav 2> /dev/full", 1, ""),
        ("WORDSPOT models --json | true", READER_GONE, ""),
        ("WORDSPOT clean --help | true", READER_GONE, ""),
        ("WORDSPOT --help | head -1 > /dev/null", None, ""),
    ],
)
def test_streams_that_are_closed_or_not_read(line: str, status: int | None, stderr: str, tmp_path: Path) -> None:
    result = shell(line, tmp_path)
    assert result.stderr == stderr
    assert result.returncode in ((0, READER_GONE) if status is None else (status,))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", ["models", "--help", "models --json"])
def test_a_full_disk_behind_standard_output(arguments: str, tmp_path: Path) -> None:
    result = shell(f"WORDSPOT {arguments} > /dev/full", tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("wordspot: the disk is full")
    assert result.stderr.count("\n") == 1


def test_a_file_opened_later_does_not_become_standard_output(recordings: Path, tmp_path: Path) -> None:
    """Without a stand-in, the first file that is opened gets the number of a closed stream, and what is printed."""
    assert shell(f"WORDSPOT clean {recordings} closed --jobs 1 >&- 2>&- <&-", tmp_path).returncode == 0
    assert shell(f"WORDSPOT clean {recordings} open --jobs 1", tmp_path).returncode == 0
    for path in (tmp_path / "open").rglob("*.[cw]*v"):
        assert (tmp_path / "closed" / path.relative_to(tmp_path / "open")).read_bytes() == path.read_bytes()


def interrupted(arguments: Sequence[object], cwd: Path, begun: str) -> tuple[int, str]:
    """Status and standard error after Ctrl-C in a terminal, which all processes get, once `begun` matches a file."""
    command = [sys.executable, "-m", "wordspot.tools.cli", *map(str, arguments)]
    with subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while process.poll() is None and not any(cwd.glob(begun)):
            time.sleep(0.01)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    return process.returncode, stderr


def test_ctrl_c_while_cleaning(speech_commands: Path, tmp_path: Path) -> None:
    status, stderr = interrupted(["clean", speech_commands, "clips", "--jobs", "2"], tmp_path, "clips/*/*.wav")
    assert (status, stderr) == (INTERRUPTED, "wordspot: interrupted; nothing is lost\n")


def test_ctrl_c_while_training_says_how_to_go_on(features: Path, tmp_path: Path) -> None:
    arguments = ["train", features, "--words", "rise,fall", "--run", "run", "--epochs", "10000"]
    arguments += ["--patience", "10000"]  # it must not end by itself before it is interrupted
    status, stderr = interrupted(arguments, tmp_path, "run/history.csv")
    assert status == INTERRUPTED
    assert stderr == "wordspot: interrupted; finished epochs are kept: the same command with --resume goes on\n"
