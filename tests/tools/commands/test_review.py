"""`wordspot review` as a process: what it prints, what it refuses, and how it ends."""

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def folder(clips: Path, tmp_path: Path) -> Path:
    """A clean folder of one's own that was audited, so that nothing runs in the background."""
    folder = shutil.copytree(clips, tmp_path / "clips")
    (folder / "audit.csv").write_text("file_name,suspicion,suggested,suggested_probability,reason\n")
    return folder


def test_it_serves_at_an_address_with_a_token_until_ctrl_c(folder: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "wordspot.tools.cli",
        "review",
        folder,
        "--port",
        "0",
        "--decisions",
        tmp_path / "log",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.fullmatch(r"Open http://localhost:\d+/[\w-]{16,}/ \(Ctrl-C ends\)\n", line)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")
    assert not (tmp_path / "log").exists()


def started(*command: object) -> subprocess.Popen[str]:
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Open http")
    return process


def test_ctrl_c_ends_an_audit_that_runs_behind_it(folder: Path) -> None:
    (folder / "audit.csv").unlink()
    with started(sys.executable, "-m", "wordspot.tools.cli", "review", folder, "--port", "0") as process:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors.splitlines()[0].startswith("The audit is listening")
    assert len(errors.splitlines()) == 1
    processes = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(str(folder).encode() in line and b"audit" in line for line in processes)


def test_without_the_extra_one_line_says_what_to_install(folder: Path) -> None:
    (folder / "audit.csv").unlink()
    hidden = (
        "import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *rest: None if name == 'cleanlab' else find(name, *rest);"
        "import sys; from wordspot.tools.cli import main; sys.argv[:1] = ['wordspot', 'review']; main()"
    )
    with started(sys.executable, "-c", hidden, folder, "--port", "0") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert line == "Without suspicious clips: pip install 'wordspot[audit]' brings the audit, which finds them.\n"
    assert not (folder / "audit.csv").exists()


def test_what_cannot_be_reviewed_is_told_in_one_line(folder: Path, tmp_path: Path, wordspot: Callable) -> None:
    def refused(*arguments: object) -> str:
        result = wordspot("review", *arguments, "--port", "0")
        assert result.returncode == 1
        (line,) = result.stderr.strip().splitlines()
        return line

    assert "not a clean folder" in refused(tmp_path)
    assert "does not exist" in refused(tmp_path / "missing")
    assert "--listener names nobody" in refused(folder, "--listener", " ")
    assert "expected one of them" in refused(folder, "--run", "run", "--evaluation", "judged")
    assert "has no predictions.csv" in refused(folder, "--run", tmp_path)
    (tmp_path / "predictions.csv").write_text(
        "file_name,truth,predicted,probability,recording\n"
        "left/a.wav,left,on,0.9,\n"  # no such clip
        f"fall/speaker00_nohash_0.wav,fall,rise,0.9,{'0' * 32}\n"  # the same name in another folder
    )
    assert "judged none of the clips" in refused(folder, "--evaluation", tmp_path)
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in refused(folder, "--decisions", tmp_path / "folder")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = wordspot("review", folder, "--port", port, "--decisions", tmp_path / "log")
        assert f"port {port} is in use" in result.stderr


def test_it_loads_nothing_of_training(clips: Path, tmp_path: Path) -> None:
    code = (
        "import sys, wordspot.tools.commands.review; "
        "print([name for name in ('tensorflow', 'keras', 'librosa', 'matplotlib') if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
