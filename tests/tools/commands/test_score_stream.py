"""`wordspot score-stream` and `wordspot set-thresholds` as a person meets them."""

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.recordings.annotations import read_annotations
from wordspot.pipeline.device.model_file import read_model
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.device.stream import Detector

SHORT = ("--hours", 0.05, "--stream-minutes", 1.5, "--words-per-hour", 900, "--split", "all", "--speech-hours", 0)


@pytest.fixture(scope="module")
def scored(model: Path, clips: Path, tmp_path_factory: pytest.TempPathFactory, wordspot: Callable) -> tuple[Path, dict]:
    """Two streams of a minute and a half, written, and the figures on them."""
    folder = tmp_path_factory.mktemp("scored") / "streams"
    result = wordspot("score-stream", model, clips, *SHORT, "--out", folder, "--json", "-")
    assert result.returncode == 0, result.stderr
    return folder, json.loads(result.stdout)


def refused(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def test_figures_are_complete_and_of_what_was_written(scored: tuple[Path, dict]) -> None:
    folder, whole = scored
    figures = whole["streams"][0]
    said = [word.label for path in sorted(folder.glob("*.txt")) for word in read_annotations(path)]
    assert figures["snr_db"] == 10
    assert figures["hours"] == pytest.approx(0.05)
    assert figures["together"]["said"] == sum(label in ("rise", "fall") for label in said) > 20
    for label, one in figures["per_label"].items():
        assert one["said"] == said.count(label) == one["hits"] + one["misses"] + one["wrong_word"]
    assert figures["together"]["hits"] > figures["together"]["said"] / 2
    assert figures["together"]["delay_median_s"] <= figures["together"]["delay_95_percent_s"]
    assert [choice["limit_per_hour"] for choice in figures["thresholds"]] == [0.5, 1, 5]
    rates = {"threshold", "miss_rate", "false_accepts_per_hour", "false_accepts_per_hour_of_speech"}
    assert rates == figures["curve"][0].keys()
    assert figures["running_speech"] is None


def test_a_written_stream_counts_the_same_as_a_recording_of_ones_own(
    scored: tuple[Path, dict], model: Path, tmp_path: Path, wordspot: Callable
) -> None:
    folder, whole = scored
    together = []
    for path in sorted(folder.glob("*.wav")):
        assert wordspot("score-stream", model, path, "--json", tmp_path / "one.json").returncode == 0
        together.append(json.loads((tmp_path / "one.json").read_text())["streams"][0]["together"])
    for name in ("said", "hits", "misses", "wrong_word", "false_accepts"):
        assert sum(one[name] for one in together) == whole["streams"][0]["together"][name]


def test_the_same_seed_writes_the_same_bytes(
    scored: tuple[Path, dict], model: Path, clips: Path, tmp_path: Path, wordspot: Callable
) -> None:
    folder, _ = scored
    result = wordspot("score-stream", model, clips, *SHORT, "--out", tmp_path / "again")
    assert result.returncode == 0
    assert "not detected" in result.stdout
    assert "For at most 0.5 false accepts per hour" in result.stdout
    assert {path.name for path in folder.iterdir()} == {path.name for path in (tmp_path / "again").iterdir()}
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_without_a_model_the_small_one_that_ships_is_used(clips: Path, wordspot: Callable) -> None:
    message = refused(wordspot("score-stream", clips, *SHORT))
    assert "has no clips of all speakers that say down, go, left" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("small",), "expected one MODEL and one DATA"),
        (("small", "a.wav", "b.wav"), "expected one MODEL and one DATA"),
        (("missing.wav",), "missing.wav does not exist"),
        (("small", "kitchen.wav", "--labels", "missing.txt"), "missing.txt does not exist"),
        (("kitchen.wav", "--labels", "overlap.txt"), "words must not overlap"),
        (("kitchen.wav", "--labels", "negative.txt"), "times must not be negative"),
        (("kitchen.wav", "--labels", "late.txt"), "is it the label file of another recording?"),
        (("short.wav", "--labels", "empty.txt"), "the model needs 1 s"),
        (("text.wav", "--labels", "empty.txt"), "text.wav"),
        (("kitchen.wav", "--snr-db", "loud", "--labels", "empty.txt"), "--snr-db is 'loud'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: tuple[str, ...], message: str, tmp_path: Path, wordspot: Callable
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 48_000)
    soundfile.write(tmp_path / "kitchen.wav", noise, 16_000)
    soundfile.write(tmp_path / "short.wav", noise[:8_000], 16_000)
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "overlap.txt").write_text("0\t1\tleft\n0.5\t1.5\tright\n")
    (tmp_path / "negative.txt").write_text("-1\t1\tleft\n")
    (tmp_path / "late.txt").write_text("60\t61\tleft\n")
    (tmp_path / "empty.txt").write_text("")
    assert message in refused(wordspot("score-stream", *arguments, cwd=tmp_path))


def test_thresholds_are_written_into_the_file_and_used(
    scored: tuple[Path, dict], model: Path, clips: Path, tmp_path: Path, wordspot: Callable
) -> None:
    shutil.copy(model, tmp_path / "model.tflite")
    before = read_model(model)
    result = wordspot("set-thresholds", "model.tflite", clips, *SHORT, "--false-accepts-per-hour", 5, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    after = read_model(tmp_path / "model.tflite")
    thresholds = after.description.thresholds
    assert thresholds.keys() == {"rise", "fall"}
    assert after.description.threshold_choice["in_noise"]["hours"] == pytest.approx(0.05)
    without = dataclasses.replace(after.description, thresholds={}, threshold_choice={})
    assert without == before.description
    recognizer = Recognizer.load(tmp_path / "model.tflite")
    stream, _ = soundfile.read(next(scored[0].glob("*.wav")), dtype="int16")
    for found in Detector(recognizer).feed(np.asarray(stream, np.int16)):
        assert found.probability >= thresholds[found.label]
    choice = scored[1]["streams"][0]["thresholds"][2]
    assert thresholds == pytest.approx(choice["thresholds"])


def test_a_model_that_ships_stays_as_it_is(clips: Path, wordspot: Callable) -> None:
    assert "name another file with --out" in refused(wordspot("set-thresholds", "small", clips))


def test_thresholds_without_words_would_be_arbitrary(model: Path, tmp_path: Path, wordspot: Callable) -> None:
    soundfile.write(tmp_path / "quiet.wav", np.zeros(48_000), 16_000)
    (tmp_path / "quiet.txt").write_text("")
    message = refused(wordspot("set-thresholds", model, tmp_path / "quiet.wav", "--out", tmp_path / "b.tflite"))
    assert "fewer than 5 clips of each of the model's words" in message
    assert not (tmp_path / "b.tflite").exists()


def test_words_that_are_not_said_keep_the_threshold_they_had(
    scored: tuple[Path, dict], model: Path, tmp_path: Path, wordspot: Callable
) -> None:
    wav = next(scored[0].glob("*.wav"))
    shutil.copy(wav, tmp_path / "s.wav")
    lines = wav.with_suffix(".txt").read_text().splitlines(keepends=True)
    (tmp_path / "s.txt").write_text("".join(line for line in lines if not line.endswith("\tfall\n")))
    choose = ("set-thresholds", model, "s.wav", "--out", "a.tflite", "--false-accepts-per-hour", 1_000)
    result = wordspot(*choose, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "fall: not said there" in result.stderr
    assert read_model(tmp_path / "a.tflite").description.thresholds.keys() == {"rise"}


def test_thresholds_with_which_nothing_is_detected_are_not_written(
    scored: tuple[Path, dict], model: Path, tmp_path: Path, wordspot: Callable
) -> None:
    wav = next(scored[0].glob("*.wav"))
    shutil.copy(wav, tmp_path / "s.wav")
    too_early = (f"{0.02 * i:.2f}\t{0.02 * i + 0.01:.2f}\trise\n" for i in range(6))  # for any detection
    (tmp_path / "s.txt").write_text("".join(too_early))
    message = refused(wordspot("set-thresholds", model, "s.wav", "--out", "a.tflite", cwd=tmp_path))
    assert "no word is detected any more" in message
    assert not (tmp_path / "a.tflite").exists()
