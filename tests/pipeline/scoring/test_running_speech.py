from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.data.splits import split_negatives
from wordspot.pipeline.scoring.running_speech import RunningSpeech

RATE_HZ = 16_000
SECONDS = 20


def long_sound(path: Path, value: int, seconds: int = SECONDS) -> None:
    """Samples that tell which file they are of, and whether they come from its second half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.full(seconds * RATE_HZ, value, np.int16)
    samples[len(samples) // 2 :] += 1
    soundfile.write(path, samples, RATE_HZ)


def test_of_one_file_the_end_is_held_out(tmp_path: Path) -> None:
    long_sound(tmp_path / "_negatives_" / "tv.wav", 10)
    speech = RunningSpeech.find(tmp_path)
    assert speech.origin == "_negatives_"
    [part] = speech.held_out("validation", RATE_HZ, RATE_HZ, 1)
    assert len(part) == SECONDS * RATE_HZ // 5
    assert set(part.tolist()) == {11}
    [whole] = speech.held_out("all", RATE_HZ, RATE_HZ, 1)
    assert len(whole) == SECONDS * RATE_HZ


def test_of_many_speakers_some_are_held_out_whole_by_the_rule_that_trains(tmp_path: Path) -> None:
    names = [f"_negatives_/{i:03}.wav" for i in range(40)]
    for value, name in enumerate(names):
        long_sound(tmp_path / name, 10 * value, 2)
    trained_on = split_negatives(names, [2 * RATE_HZ] * 40, "training", RATE_HZ)
    expected = {10 * i for i, part in enumerate(trained_on) if part.stop == part.start}
    speech = RunningSpeech.find(tmp_path)
    parts = list(speech.held_out("testing", RATE_HZ, RATE_HZ, 1))
    assert {int(part[0]) for part in parts} == expected
    assert len(parts) == len(expected) == speech.count_held_out("testing", RATE_HZ) > 2


def test_no_more_than_so_many_hours_and_something_of_each_file(tmp_path: Path) -> None:
    for value in range(4):
        long_sound(tmp_path / "talk" / f"{value}.wav", 10 * value, 5 if value == 0 else SECONDS)
    speech = RunningSpeech.find(None, tmp_path / "talk")
    assert speech.origin == str(tmp_path / "talk")
    parts = list(speech.held_out("all", RATE_HZ, RATE_HZ, 40 / 3_600))
    assert [len(part) / RATE_HZ for part in parts] == pytest.approx([5, 35 / 3, 35 / 3, 35 / 3], abs=0.001)


def test_what_ships_is_taken_where_there_is_no_other(tmp_path: Path) -> None:
    speech = RunningSpeech.find(None)
    assert speech.origin == "what ships with wordspot"
    parts = list(speech.held_out("validation", RATE_HZ, RATE_HZ, 1))
    assert 0 < len(parts) < len(speech.paths) / 2


def test_folders_without_sound_are_refused_and_damaged_files_left_out(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WordspotError, match="holds no sound"):
        RunningSpeech.find(None, tmp_path / "empty")
    with pytest.raises(WordspotError, match="does not exist"):
        RunningSpeech.find(None, tmp_path / "nowhere")
    long_sound(tmp_path / "talk" / "a.wav", 1)
    (tmp_path / "talk" / "b.wav").write_text("no sound")
    with pytest.warns(WordspotWarning, match=r"not readable: .*b\.wav"):
        assert len(list(RunningSpeech.find(None, tmp_path / "talk").held_out("all", RATE_HZ, RATE_HZ, 1))) == 1
