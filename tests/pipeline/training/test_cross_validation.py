"""Few clips of few people: all are trained on, and judged by networks that lacked them."""

import csv
import dataclasses
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.clips import Clip, in_sketch
from wordspot.data.errors import WordspotWarning
from wordspot.data.feature_set import FeatureSet, read_feature_set
from wordspot.data.splits import assign_splits
from wordspot.pipeline.device.model_file import read_model
from wordspot.pipeline.export.export import export
from wordspot.pipeline.scoring.confusion import wilson_interval
from wordspot.pipeline.training.cross_validation import CrossValidation, worth
from wordspot.pipeline.training.examples.batches import Classes
from wordspot.pipeline.training.loop import TrainingCallbacks
from wordspot.pipeline.training.network import load_network
from wordspot.pipeline.training.run_folder.run import Run
from wordspot.pipeline.training.settings import TrainSettings
from wordspot.pipeline.training.train import train

WORDS = ["rise", "fall"]
SHORT = TrainSettings(epochs=1)


class TrainingStoppedError(Exception):
    """What a test raises in the middle of a run."""


def by_few(features: Path, folder: Path, speakers: int) -> Path:
    """The same clips as if they were by that many speakers, split by the rule of so few."""
    shutil.copytree(features, folder)
    with (folder / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        number = int(row["speaker"].removeprefix("speaker")) % speakers
        row["speaker"] = f"voice{number}"
    splits = _splits_by_rule(rows)
    for row in rows:
        row["split"] = splits[row["speaker"]]
    with (folder / "clips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return folder


def _splits_by_rule(rows: list[dict[str, str]]) -> dict[str, str]:
    clips = [Clip(row["file_name"], row["label"], row["speaker"]) for row in rows]
    return {clip.speaker: split for clip, split in zip(clips, assign_splits(clips), strict=True)}


@pytest.fixture(scope="module")
def few(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return by_few(features, tmp_path_factory.mktemp("few") / "features", speakers=3)


@pytest.fixture(scope="module")
def few_run(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few_run")
    (folder / "radio").mkdir()
    news = np.random.default_rng(0).normal(0, 0.1, 20 * 16_000)
    soundfile.write(folder / "radio" / "news.flac", news, 16_000)  # one file, which is divided by time
    train(few, folder / "run", WORDS, SHORT, negatives=folder / "radio")
    return folder / "run"


def chosen(feature_set: FeatureSet) -> CrossValidation | None:
    return CrossValidation.choose(feature_set, Classes.choose(feature_set, WORDS))


def test_no_speaker_is_in_two_parts_and_all_train_in_the_end(few: Path) -> None:
    cross = chosen(read_feature_set(few))
    assert cross is not None
    assert cross.parts == 3
    for part in range(cross.parts):
        clips = cross.without(part).clips
        by_split = {
            split: {clip.speaker for clip in clips if clip.split == split} for split in ("training", "validation")
        }
        assert not by_split["training"] & by_split["validation"]
    assert {clip.split for clip in cross.feature_set.clips} == {"training"}


def test_enough_clips_of_enough_people_are_held_out(features: Path) -> None:
    assert chosen(read_feature_set(features)) is None


def test_whoever_says_which_clips_judge_is_heeded(few: Path) -> None:
    feature_set = read_feature_set(few)
    others = {"training": "validation", "validation": "testing", "testing": "training"}
    clips = [dataclasses.replace(clip, split=others[clip.split]) for clip in feature_set.clips]
    assert chosen(dataclasses.replace(feature_set, clips=clips)) is None


def test_every_clip_of_the_words_is_judged_and_no_silence(few_run: Path) -> None:
    metrics = json.loads((few_run / "metrics.json").read_text())
    clips = {label: one["clips"] for label, one in metrics["per_label"].items()}
    assert clips == {"rise": 24, "fall": 24, "_unknown_": 24, "_silence_": 0}
    assert metrics["split"] == "cross-validation"
    crossed = metrics["cross_validation"]
    assert (crossed["parts"], crossed["voices"]) == (3, 3)
    assert (crossed["words"]["clips"], crossed["other_words_taken"]["clips"]) == (48, 48)
    low, _ = metrics["interval"]
    assert low < wilson_interval(metrics["accuracy"], 72)[0] - 0.05  # they are of three people, however many takes


def test_negatives_that_were_held_out_are_listened_to(few_run: Path) -> None:
    heard = json.loads((few_run / "metrics.json").read_text())["open_microphone"]
    assert 0 < heard["hours"] < 2 / 3_600  # of a tenth of the file


def test_the_headline_says_whose_clips_they_are(few_run: Path) -> None:
    text = (few_run / "report.html").read_text()
    for said in ("48 clips of 3 voices (voice0, voice1 and voice2)", "3-fold", "silence does not count", "more people"):
        assert said in text
    assert "may have been trained on" not in text


def test_the_network_that_is_kept_was_trained_on_all(few_run: Path, few: Path) -> None:
    assert json.loads((few_run / "config.json").read_text())["cross_validated"]
    assert [math.isnan(row.validation_loss) for row in Run(few_run).read_history()] == [True]
    assert json.loads((few_run / "metrics.json").read_text())["best_epoch"] == 1
    with pytest.warns(WordspotWarning, match="every clip was trained on, none was held out"):
        export(few_run, few_run / "model.tflite")
    sketch = read_model(few_run / "model.tflite").description.training_clips
    held_out = [clip for clip in read_feature_set(few).clips if clip.split == "validation"]
    assert any(in_sketch(clip, sketch) for clip in held_out)


def test_an_interrupted_one_ends_as_an_uninterrupted_one(few: Path, run: Path, tmp_path: Path) -> None:
    def stop(part: int, _parts: int) -> None:
        if part == 2:
            raise TrainingStoppedError

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(few, whole, WORDS, SHORT, start=run)
    with pytest.raises(TrainingStoppedError):
        train(few, broken, WORDS, SHORT, start=run, callbacks=TrainingCallbacks(on_part=stop))
    assert (broken / "part_1" / "answers.npy").is_file()
    train(few, broken, WORDS, SHORT, start=run, resume=True)
    for name in ("history.csv", "confusion.csv", "metrics.json"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
    weights = [load_network(folder / "model.keras").get_weights() for folder in (whole, broken)]
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_takes_of_one_voice_are_worth_less_than_those_of_many() -> None:
    assert worth(["a", "b", "c"]) == 3
    assert 1 < worth(["a"] * 100) < 4
    assert worth(["a"] * 10 + ["b"] * 10) > worth(["a"] * 20)
