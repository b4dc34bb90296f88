"""The thresholds of an exported model: chosen on what was held out, with little of it and with none."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.errors import WordspotError
from wordspot.pipeline.device.model_description import ModelDescription
from wordspot.pipeline.device.model_file import read_model
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.export.export import export


@pytest.fixture
def talk(tmp_path: Path, recordings: Path) -> Path:
    """A folder of running speech: other words, one after the other."""
    (tmp_path / "talk").mkdir()
    for part in range(3):
        words = sorted((recordings / "hum").glob("*.wav"))[part * 8 : part * 8 + 8]
        sounds = [soundfile.read(path, dtype="int16")[0] for path in words]
        soundfile.write(tmp_path / "talk" / f"{part}.wav", np.concatenate(sounds), 16_000)
    return tmp_path / "talk"


def test_every_word_gets_a_threshold_and_the_file_says_what_it_rests_on(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "model.tflite")
    description = read_model(tmp_path / "model.tflite").description
    assert description.thresholds.keys() == {"rise", "fall"}
    assert all(0.5 <= value < 1 for value in description.thresholds.values())
    choice = description.threshold_choice
    assert choice["false_accepts_per_hour"] == 1
    assert choice["running_speech"]["from"] == "what ships with wordspot"
    assert choice["running_speech"]["hours"] < choice["hours_to_show"]
    assert choice["running_speech"]["at_most_per_hour"] > 1  # it is too little to know
    assert choice["miss_rate"] < 0.5
    assert sum(choice["clips"].values()) > 0
    assert Recognizer.load(tmp_path / "model.tflite").description == description


def test_a_folder_of_speech_takes_the_place_of_what_ships(run: Path, talk: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "model.tflite", negatives=talk, false_accepts_per_hour=1_000)
    choice = read_model(tmp_path / "model.tflite").description.threshold_choice
    assert choice["running_speech"]["from"] == str(talk)
    assert choice["running_speech"]["false_accepts"] / choice["running_speech"]["hours"] <= 1_000
    with pytest.raises(WordspotError, match="does not exist"):
        export(run, tmp_path / "other.tflite", negatives=tmp_path / "nowhere")
    assert not (tmp_path / "other.tflite").exists()


def test_without_a_budget_there_are_no_thresholds(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "model.tflite", false_accepts_per_hour=None)
    description = read_model(tmp_path / "model.tflite").description
    assert not description.thresholds
    assert not description.threshold_choice
    with zipfile.ZipFile(tmp_path / "model.tflite") as archive:
        assert "threshold_choice" not in json.loads(archive.read("model.json"))


def test_where_the_clips_are_gone_their_frames_say_what_a_careful_threshold_misses(
    run: Path, features: Path, tmp_path: Path, wordspot: Callable
) -> None:
    shutil.copytree(run, tmp_path / "run")
    shutil.copytree(features, tmp_path / "features")
    source = tmp_path / "features" / "source.json"
    source.write_text(json.dumps({**json.loads(source.read_text()), "clips": str(tmp_path / "moved")}))
    config = json.loads((run / "config.json").read_text())
    (tmp_path / "run" / "config.json").write_text(json.dumps({**config, "data": str(tmp_path / "features")}))
    result = wordspot("export", tmp_path / "run", "--json", tmp_path / "figures.json")
    assert result.returncode == 0, result.stderr
    notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert "are gone, have changed" in result.stderr.replace("\n", " ")
    assert "too little to know" in result.stderr.replace("\n", " ")
    assert len(notes) == 2
    choice = json.loads((tmp_path / "figures.json").read_text())["threshold_choice"]
    assert choice["in_noise"] is None
    assert 0 <= choice["miss_rate"] <= 1
    thresholds = read_model(tmp_path / "run" / "model.tflite").description.thresholds
    assert len(set(thresholds.values())) == 1
    assert 0.5 <= thresholds["rise"] < 1


def test_files_of_older_versions_do_not_say_what_thresholds_rest_on(model: Path) -> None:
    description = read_model(model).description
    values = description.to_json() | {"thresholds": {"rise": 0.7}}
    old = ModelDescription.from_json(description.labels, values, "old.tflite")
    assert old.thresholds == {"rise": 0.7}
    assert old.threshold_choice == {}
    with pytest.raises(WordspotError, match="threshold_choice is 'guessed'"):
        ModelDescription.from_json(description.labels, {**values, "threshold_choice": "guessed"}, "x.tflite")
