import csv
import dataclasses
import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from wordspot.data.errors import WordspotError
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.training.loop import Epoch, TrainingCallbacks
from wordspot.pipeline.training.network import load_network
from wordspot.pipeline.training.probabilities import cross_entropy, softmax
from wordspot.pipeline.training.run_folder.run import Run
from wordspot.pipeline.training.settings import WITHOUT_NEGATIVES, TrainSettings
from wordspot.pipeline.training.train import train

WORDS = ["rise", "fall"]
SHORT = dataclasses.replace(WITHOUT_NEGATIVES, epochs=3, seed=5)
ONE_EPOCH = dataclasses.replace(SHORT, epochs=1)
OF_THE_RUN = dataclasses.replace(WITHOUT_NEGATIVES, epochs=6, label_smoothing=0.05)


class TrainingStoppedError(Exception):
    """What a test raises in the middle of a run."""


def weights(path: Path) -> list[np.ndarray]:
    return load_network(path).get_weights()


def test_it_learns(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["labels"] == ["rise", "fall", "_unknown_", "_silence_"]
    assert metrics["accuracy"] > 0.8
    assert np.sum(metrics["confusion"]) == metrics["clips"]


def test_the_run_folder_holds_what_is_promised(run: Path) -> None:
    for name in (
        "config.json",
        "history.csv",
        "metrics.json",
        "confusion.csv",
        "confusion.png",
        "model.keras",
        "report.html",
    ):
        assert (run / name).stat().st_size > 0, name
    assert list((run / "tensorboard").glob("events*"))
    with (run / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    config = json.loads((run / "config.json").read_text())
    assert config["settings"]["seed"] == 0
    assert config["versions"].keys() == {"wordspot", "keras", "numpy", "tensorflow"}
    assert not list(run.glob(".tmp*"))


def test_tensorboard_gets_scalars_and_the_confusion_matrix(run: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"tensors": 0})
    events.Reload()
    tags = set(events.Tags()["tensors"])
    assert {"validation_accuracy", "training_loss", "learning_rate", "validation_confusion"} <= tags
    assert sum(tag.startswith("weights/") for tag in tags) == len(load_network(run / "model.keras").trainable_variables)
    assert len(events.Tensors("validation_accuracy")) == 6


def test_tensorboards_projector_shows_the_validation_clips(run: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", run, "--port", str(port), "--load_fast=false"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/data/plugin/projector"
        (embedding,) = json.loads(_fetch(f"{address}/info?run=tensorboard"))["embeddings"]
        where = f"run=tensorboard&name={embedding['tensorName']}"
        rows = _fetch(f"{address}/metadata?{where}&num_rows=100000").decode().splitlines()
        points = np.frombuffer(_fetch(f"{address}/tensor?{where}&num_rows=100000"), np.float32)
        sprite = Image.open(io.BytesIO(_fetch(f"{address}/sprite_image?{where}")))
    finally:
        server.terminate()
        server.wait()
    metrics = json.loads((run / "metrics.json").read_text())
    assert rows[0] == "label\tprediction\tprobability\tclip"
    said = [tuple(row.split("\t")[:2]) for row in rows[1:]]
    right = sum(label == prediction for label, prediction in said)
    assert set(metrics["labels"]) == {label for label, _ in said}
    assert right / len(said) > 0.8
    assert len(points) % len(said) == 0
    width, height = embedding["sprite"]["singleImageDim"]
    assert (sprite.width // width) * (sprite.height // height) >= len(said)


def _fetch(address: str) -> bytes:
    for _ in range(300):  # TensorBoard takes seconds to start
        try:
            with urllib.request.urlopen(address) as answer:
                return answer.read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise TimeoutError(address)


@pytest.fixture(scope="module")
def radio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three recordings of half a minute: hisses and glides that are none of the words."""
    folder, rng = tmp_path_factory.mktemp("radio"), np.random.default_rng(5)
    for name in ("ann", "ben", "cas"):
        pitch_hz = np.repeat(rng.uniform(200, 4_000, 100), 4_800)
        sound = 0.2 * np.sin(2 * np.pi * np.cumsum(pitch_hz) / 16_000) + rng.normal(0, 0.02, len(pitch_hz))
        soundfile.write(folder / f"{name}.flac", sound, 16_000)
    return folder


def test_negatives_give_even_a_persons_own_words_an_unknown(features: Path, radio: Path, tmp_path: Path) -> None:
    settings = TrainSettings(epochs=2, shipped_negatives=False)
    confusion = train(features, tmp_path / "run", [], settings, negatives=radio)
    assert confusion.labels == ("fall", "hum", "rise", "whistle", "_unknown_", "_silence_")
    rows = Run(tmp_path / "run").read_history()
    assert all(row.miss_rate is not None and 0 <= row.miss_rate <= 1 for row in rows)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())["open_microphone"]
    assert set(metrics) == {"hours", "miss_rate", "threshold", "false_accepts_per_hour"}
    assert metrics["hours"] == pytest.approx(30 / 3_600, rel=0.05)
    report = (tmp_path / "run" / "report.html").read_text()
    assert f"1 min of running speech and other sound in 3 files, of {radio}" in report
    assert "false accepts per hour at a threshold of 0.5" in report
    assert "Miss rate at 30 false accepts per hour" in report


def test_words_of_ones_own_are_trained_beside_the_negatives_that_ship(features: Path, tmp_path: Path) -> None:
    confusion = train(features, tmp_path / "run", ["rise"], TrainSettings(epochs=1))
    assert confusion.labels == ("rise", "_unknown_", "_silence_")
    assert "of what ships with wordspot" in Run(tmp_path / "run").read_config().negatives


@pytest.mark.parametrize("model", ["ds_cnn", "bc_resnet_1_t2", "with negatives"])  # the second has dropout
def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    model: str, features: Path, radio: Path, tmp_path: Path
) -> None:
    settings = dataclasses.replace(SHORT, model=model if model != "with negatives" else "ds_cnn")
    negatives = radio if model == "with negatives" else None
    if negatives:  # what is mined before an epoch is mined again
        settings = dataclasses.replace(settings, negative_share=4.0)

    def stop(epoch: Epoch) -> None:
        if epoch.figures.epoch == 1:
            raise TrainingStoppedError

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(features, whole, WORDS, settings, negatives=negatives)
    with pytest.raises(TrainingStoppedError):
        train(features, broken, WORDS, settings, negatives=negatives, callbacks=TrainingCallbacks(on_epoch=stop))
    assert not (broken / "metrics.json").exists()
    train(features, broken, WORDS, settings, negatives=negatives, resume=True)
    for name in ("history.csv", "confusion.csv", "metrics.json"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
    for ours, theirs in zip(weights(whole / "model.keras"), weights(broken / "model.keras"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_killed_run_resumes(features: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wordspot.tools.cli", "train", str(features), "--run", str(tmp_path / "run")]
    command += ["--words", "rise,fall", "--epochs", "4"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (tmp_path / "run" / "history.csv").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    train(features, tmp_path / "run", WORDS, TrainSettings(epochs=4), resume=True)
    assert len(Run(tmp_path / "run").read_history()) == 4


def test_ctrl_c_says_how_to_go_on(features: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wordspot.tools.cli", "train", str(features), "--run", str(tmp_path / "run")]
    command += ["--epochs", "10000", "--patience", "10000"]  # it must not end by itself before it is interrupted
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run" / "history.csv").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in stderr
    assert "Traceback" not in stderr


def test_a_run_folder_is_never_overwritten(run: Path, features: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="finished run"):
        train(features, run, WORDS, SHORT)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(WordspotError, match="something else"):
        train(features, tmp_path / "mine", WORDS, SHORT)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_resuming_with_other_settings_names_the_setting(run: Path, features: Path) -> None:
    with pytest.raises(WordspotError, match=r"settings\.epochs 6, not 9"):
        train(features, run, WORDS, dataclasses.replace(OF_THE_RUN, epochs=9), resume=True)


def test_a_half_written_run_is_refused_as_such(run: Path, features: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text('{"data": ')
    with pytest.raises(WordspotError, match="not JSON"):
        train(features, tmp_path / "run", WORDS, SHORT, resume=True)
    (tmp_path / "run" / "config.json").write_text('{"data": 1}')
    with pytest.raises(WordspotError, match="lacks 'data', or holds something else"):
        Run(tmp_path / "run").read_config()
    shutil.copy(run / "config.json", tmp_path / "run" / "config.json")
    history = (run / "history.csv").read_text()
    (tmp_path / "run" / "history.csv").write_text(history[: len(history) - 30])
    with pytest.raises(WordspotError, match=r"history\.csv is damaged"):
        train(features, tmp_path / "run", WORDS, OF_THE_RUN, resume=True)
    (tmp_path / "run" / "history.csv").unlink()
    with pytest.raises(WordspotError, match="lacks epochs"):
        train(features, tmp_path / "run", WORDS, OF_THE_RUN, resume=True)
    (tmp_path / "run" / "model.keras").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(WordspotError, match="damaged"):
        load_network(tmp_path / "run" / "model.keras")


def test_features_of_another_front_end_that_a_failed_start_left_are_made_anew(clips: Path, tmp_path: Path) -> None:
    extract(clips, tmp_path / "run" / "features", FrontEnd(n_mels=10, hop_ms=50))
    train(clips, tmp_path / "run", WORDS, ONE_EPOCH)
    assert Run(tmp_path / "run").read_config().front_end == FrontEnd()


def test_a_clean_folder_is_trained_on_directly(clips: Path, tmp_path: Path) -> None:
    confusion = train(clips, tmp_path / "run", [], ONE_EPOCH)
    assert confusion.labels == ("fall", "hum", "rise", "whistle", "_silence_")
    assert (tmp_path / "run" / "features" / "log_mel.npy").is_file()


def test_features_that_a_failed_start_left_are_not_taken_for_those_of_other_clips(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="did you mean rise"):
        train(clips, tmp_path / "run", ["ryse"], SHORT)
    shutil.copytree(clips, tmp_path / "clips")
    table = tmp_path / "clips" / "metadata.csv"
    table.write_text(table.read_text().replace(",hum,", ",buzz,"))  # somebody corrects labels
    confusion = train(tmp_path / "clips", tmp_path / "run", [], ONE_EPOCH)
    assert confusion.labels == ("buzz", "fall", "rise", "whistle", "_silence_")
    table.write_text(table.read_text().replace(",buzz,", ",hum,"))
    with pytest.raises(WordspotError, match="have changed since"):
        train(tmp_path / "clips", tmp_path / "run", [], ONE_EPOCH, resume=True)


def test_the_report_says_when_voices_may_have_been_trained_on(features: Path, tmp_path: Path) -> None:
    shutil.copytree(features, tmp_path / "features")
    rows = (features / "clips.csv").read_text().splitlines()
    nameless = [",".join([*row.split(",")[:2], "", row.split(",")[3]]) for row in rows[1:]]
    (tmp_path / "features" / "clips.csv").write_text("\n".join([rows[0], *nameless]) + "\n")
    train(tmp_path / "features", tmp_path / "run", WORDS, ONE_EPOCH)
    assert "may have been trained on" in (tmp_path / "run" / "report.html").read_text()
    assert not json.loads((tmp_path / "run" / "metrics.json").read_text())["speakers_known"]


def test_a_folder_of_recordings_is_sent_to_cleaning(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="wordspot clean"):
        train(recordings, tmp_path / "run", [], SHORT)


@pytest.mark.parametrize(
    ("splits", "problem"),
    [
        (("validation", "testing"), "'rise' has no clips of a training speaker"),
        (("training", "training"), "none of the words has a clip of a validation speaker"),
    ],
)
def test_a_word_that_cannot_be_learned_or_judged_is_named(
    features: Path, tmp_path: Path, splits: tuple[str, str], problem: str
) -> None:
    shutil.copytree(features, tmp_path / "features")
    with (tmp_path / "features" / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["label"] == "rise" or splits[0] == "training":
            row["split"] = splits[0]
    with (tmp_path / "features" / "clips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(WordspotError, match=problem):
        train(tmp_path / "features", tmp_path / "run", ["rise"], SHORT)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_loss_that_explodes_says_what_to_try(features: Path, tmp_path: Path) -> None:
    shutil.copytree(features, tmp_path / "features")
    log_mel = np.load(tmp_path / "features" / "log_mel.npy", mmap_mode="r+")
    log_mel[:] = np.nan
    log_mel.flush()
    with pytest.raises(WordspotError, match=r"lower learning_rate than 0\.012"):
        train(tmp_path / "features", tmp_path / "run", WORDS, SHORT)


def test_settings_out_of_range_name_the_field_and_the_range() -> None:
    with pytest.raises(WordspotError, match="epochs is 0; it must be at least 1"):
        TrainSettings(epochs=0)
    with pytest.raises(WordspotError, match="no model 'resnet'; expected one of ds_cnn"):
        TrainSettings(model="resnet")


def test_softmax_and_cross_entropy_follow_their_definitions() -> None:
    logits = np.array([[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(softmax(logits), [[1, 0, 0], [1 / 3] * 3])
    assert cross_entropy(logits, np.array([0, 1])) == pytest.approx(np.log(3) / 2)
