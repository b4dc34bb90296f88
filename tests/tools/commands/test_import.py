import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.audio import write_wav

command = import_module("wordspot.tools.commands.import").command


@pytest.fixture
def takes(tmp_path: Path) -> Path:
    """A table of two words by two people, one sound of which is missing."""
    (tmp_path / "takes").mkdir()
    rows = ["path,label,speaker"]
    for number, label in enumerate(("left", "right", "left")):
        write_wav(
            tmp_path / "takes" / f"{number}.wav",
            np.random.default_rng(number).integers(-9_000, 9_000, 16_000).astype(np.int16),
        )
        rows.append(f"{number}.wav,{label},person{number % 2}")
    (tmp_path / "takes" / "manifest.csv").write_text("\n".join([*rows, "gone.wav,left,person1"]))
    return tmp_path / "takes"


def test_it_says_what_was_imported_and_what_was_not(
    takes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["folder-csv", str(takes), str(tmp_path / "words")], standalone_mode=False)
    said = capsys.readouterr().out
    assert "3 recordings by 2 known speakers are in" in said
    assert "left 2, right 1" in said
    assert "Left out, missing file: 1 (manifest.csv, line 5: gone.wav)" in said
    assert f"Next: wordspot clean {tmp_path / 'words'} clips" in said
    command.main(["folder-csv", str(takes), str(tmp_path / "words"), "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["labels"] == {"left": 2, "right": 1}


def test_in_place_it_copies_nothing_and_clean_goes_on(takes: Path, tmp_path: Path, wordspot: Callable) -> None:
    words = tmp_path / "words"
    result = wordspot("import", "folder-csv", takes, words, "--in-place")
    assert result.returncode == 0
    assert "Their sound stays where it is" in result.stdout
    assert not list(words.rglob("*.wav"))
    assert wordspot("clean", words, tmp_path / "clips").returncode == 0
    assert (tmp_path / "clips" / "clean.json").is_file()
    for command in (("split", words, tmp_path / "split"), ("extract", words, tmp_path / "features")):
        refused = wordspot(*command)
        assert refused.returncode == 1
        assert len(refused.stderr.strip().splitlines()) == 1


def test_mistakes_are_one_line(takes: Path, tmp_path: Path, wordspot: Callable) -> None:
    for arguments, status in ((("--words", "lef"), 1), (("--others", "5"), 1), (("--limit", "0"), 2)):
        result = wordspot("import", "folder-csv", takes, tmp_path / "words", *arguments)
        assert result.returncode == status
        assert "Traceback" not in result.stderr
        assert status == 2 or len(result.stderr.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["takes"]
