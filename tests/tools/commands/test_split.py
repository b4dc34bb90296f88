import json
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
from wordspot.tools.commands.clean import command as clean_command
from wordspot.tools.commands.split import command


def make_take(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 0.001, 64_000)
    for begin in (8_000, 40_000):
        sound[begin : begin + 6_000] += rng.uniform(-0.3, 0.3, 6_000)
    (tmp_path / "takes/left").mkdir(parents=True)
    soundfile.write(tmp_path / "takes/left/ann.wav", sound, 16_000)


def test_it_says_what_was_made_of_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_take(tmp_path)
    command.main([str(tmp_path / "takes"), str(tmp_path / "one")], standalone_mode=False)
    assert "1 of 1 recordings held several words: 2 were made of them." in capsys.readouterr().out
    command.main([str(tmp_path / "takes"), str(tmp_path / "two"), "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out) == {"recordings": 1, "split": 1, "sections": 2, "copied": 0}
    assert sorted(path.name for path in (tmp_path / "two/left").iterdir()) == ["ann_1.wav", "ann_2.wav"]


def test_clean_splits_first_and_cleans_what_came_of_it(tmp_path: Path) -> None:
    make_take(tmp_path)
    for _ in range(2):
        clean_command.main(
            [str(tmp_path / "takes"), str(tmp_path / "clips"), "--split", "-j1", "--quiet"], standalone_mode=False
        )
        assert sorted(path.name for path in (tmp_path / "clips/left").iterdir()) == ["ann_1.wav", "ann_2.wav"]
    assert sorted(path.name for path in (tmp_path / "clips-recordings/left").iterdir()) == ["ann_1.wav", "ann_2.wav"]
    with pytest.raises(click.UsageError, match="leave one of them out"):
        clean_command.main(
            [str(tmp_path / "takes"), str(tmp_path / "dry"), "--split", "--dry-run"], standalone_mode=False
        )
