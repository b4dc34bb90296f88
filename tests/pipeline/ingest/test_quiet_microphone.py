"""A label most of whose recordings are near-silent: said with the limit that keeps them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings


@pytest.fixture
def quiet(tmp_path: Path, take: Callable) -> Path:
    """Twenty quiet words and four loud ones as `left`, as many loud ones as `right`, and a muted microphone as `up`."""
    sounds = {f"left/{seed}.wav": 0.02 * take(seed) for seed in range(20)}
    sounds |= {f"left/loud{seed}.wav": take(seed) for seed in range(20, 24)}
    sounds |= {f"right/{seed}.wav": take(seed) for seed in range(30, 34)}
    sounds |= {f"right/quiet{seed}.wav": 0.02 * take(seed) for seed in range(40, 44)}
    sounds |= {f"up/{number}.wav": np.zeros(16_000) for number in range(5)}
    for name, sound in sounds.items():
        (tmp_path / "words" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "words" / name, sound, 16_000)
    return tmp_path / "words"


def test_the_note_names_the_label_the_median_and_a_limit_that_keeps_nine_in_ten(quiet: Path, tmp_path: Path) -> None:
    result = clean(quiet, tmp_path / "clips")
    left, _ = result.quiet_labels  # half of the label `right` is not most of it
    assert (left.label, left.recordings, left.near_silent) == ("left", 24, 20)
    levels = sorted(np.abs(soundfile.read(path)[0]).mean() for path in quiet.glob("left/[0-9]*.wav"))
    assert left.median_volume == pytest.approx(levels[10], abs=2e-6)
    assert f"min_volume of {left.min_volume:g}" in str(left)
    assert f"{20 * np.log10(levels[10]):.0f} dBFS" in str(left)
    again = clean(quiet, tmp_path / "clips", CleanSettings(min_volume=left.min_volume))
    assert 18 <= again.labels["left"].clips - 4 <= 20
    assert [label.label for label in again.quiet_labels] == ["up"]


def test_a_muted_microphone_is_called_one_and_no_limit_is_proposed(quiet: Path, tmp_path: Path) -> None:
    muted = clean(quiet, tmp_path / "clips").quiet_labels[1]
    assert (muted.label, muted.near_silent, muted.median_volume, muted.min_volume) == ("up", 5, 0, 0)
    assert "muted" in str(muted)
    assert "min_volume" not in str(muted)


def test_the_next_run_which_has_nothing_to_do_says_it_again(quiet: Path, tmp_path: Path) -> None:
    first = clean(quiet, tmp_path / "clips")
    again = clean(quiet, tmp_path / "clips")
    assert again.already_clean
    assert again.quiet_labels == first.quiet_labels


def test_the_command_prints_it_beside_the_results(quiet: Path, tmp_path: Path, wordspot: Callable) -> None:
    done = wordspot("clean", quiet, tmp_path / "clips", "--jobs", 1)
    assert done.returncode == 0
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert [note.split(":")[1].strip() for note in notes if "near-silent" in note] == ["left", "up"]
    assert wordspot("clean", quiet, tmp_path / "clips", "--quiet").stderr == ""
