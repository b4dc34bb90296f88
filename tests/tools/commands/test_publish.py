import json
from pathlib import Path

import pytest
from wordspot.tools.commands.publish import command


def test_it_says_what_was_published(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--license", "CC BY 4.0", "--language", "en"]
    command.main([str(clips), "--to", str(tmp_path / "out"), *options], standalone_mode=False)
    said = capsys.readouterr().out
    assert "96 clips of 4 words by 24 speakers" in said
    assert "License: cc-by-4.0." in said
    assert "wordspot 0.1.0" in (tmp_path / "out" / "README.md").read_text()
    command.main([str(clips), "--to", str(tmp_path / "again"), *options, "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["clips"] == 96
