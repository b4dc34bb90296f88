import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def test_audit_writes_its_table_and_says_what_to_do(clips: Path, tmp_path: Path, wordspot: Callable) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    result = wordspot("audit", folder)
    assert result.returncode == 0, result.stderr
    assert (folder / "audit.csv").is_file()
    assert "labels are probably wrong" in result.stdout
    assert f"Next: wordspot review {folder}" in result.stdout
    result = wordspot("audit", folder, "--model", "small", "--out", tmp_path / "found.csv", "--json")
    found = json.loads(result.stdout)
    assert found["clips"] == len(found["suspicions"]) == len((tmp_path / "found.csv").read_text().splitlines()) - 1


def test_accepted_unheard_it_is_in_the_log(clips: Path, tmp_path: Path, wordspot: Callable) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    result = wordspot("audit", folder, "--accept")
    assert result.returncode == 0, result.stderr
    assert re.search(
        r"\d+ clips relabeled and \d+ unsure, unheard, in .*decisions.jsonl", result.stderr.replace("\n", " ")
    )


def test_mistakes_end_in_one_line(tmp_path: Path, wordspot: Callable) -> None:
    for arguments in ((tmp_path,), (tmp_path / "nothing",), (tmp_path, "--model", "nothing.tflite")):
        result = wordspot("audit", *arguments)
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1, result.stderr


def test_without_cleanlab_one_line_names_the_extra(clips: Path) -> None:
    hidden = (
        "import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *rest: None if name == 'cleanlab' else find(name, *rest);"
        "import sys; from wordspot.tools.cli import main; sys.argv = ['wordspot', 'audit', sys.argv[1]]; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", hidden, str(clips)], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert result.returncode == 1
    assert result.stderr == "wordspot: cleanlab is not installed: run `pip install 'wordspot[audit]'`\n"
    assert not (clips / "audit.csv").exists()
