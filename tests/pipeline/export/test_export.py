import dataclasses
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from wordspot.data.errors import WordspotError
from wordspot.data.feature_set import read_feature_set
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.export.export import export
from wordspot.pipeline.features.log_mel import log_mel
from wordspot.pipeline.training.network import load_network, logits
from wordspot.pipeline.training.probabilities import softmax
from wordspot.pipeline.training.settings import WITHOUT_NEGATIVES
from wordspot.pipeline.training.train import train

ONE_EPOCH = dataclasses.replace(WITHOUT_NEGATIVES, epochs=1)


def operations(path: Path) -> set[str]:
    interpreter = Interpreter(
        model_path=str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    return {operation["op_name"] for operation in interpreter._get_ops_details()}


def validation_frames(run: Path) -> np.ndarray:
    config = json.loads((run / "config.json").read_text())
    feature_set = read_feature_set(Path(config["data"]))
    rows = [row for row, clip in enumerate(feature_set.clips) if clip.split == "validation"]
    return feature_set.log_mel[rows].astype(np.float32)


def test_the_file_answers_as_the_network(run: Path, model: Path) -> None:
    recognizer = Recognizer.load(model)
    frames = validation_frames(run)
    expected = softmax(logits(load_network(run / "model.keras"), frames))
    answers = np.stack([recognizer.classify_features(one) for one in frames])
    np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_the_front_end_is_inside_and_takes_any_length(model: Path) -> None:
    recognizer = Recognizer.load(model)
    rng = np.random.default_rng(0)
    for size in (480, 16_000, 5_000, 48_123, 640):
        waveform = rng.normal(0, 0.1, size).astype(np.float32)
        np.testing.assert_allclose(recognizer.features(waveform), log_mel(waveform, FrontEnd()), atol=1e-3)


@pytest.mark.parametrize("kind", ["model", "int8_model"])
def test_classify_is_features_then_classify_features(kind: str, request: pytest.FixtureRequest) -> None:
    recognizer = Recognizer.load(request.getfixturevalue(kind))
    rng = np.random.default_rng(0)
    for level in (0.0, 1e-3, 0.1, 1.0):
        waveform = (level * rng.uniform(-1, 1, 16_000)).astype(np.float32)
        at_once = recognizer.classify(waveform)
        assert at_once.sum() == pytest.approx(1, abs=1e-3)
        np.testing.assert_allclose(at_once, recognizer.classify_features(recognizer.features(waveform)), atol=1e-5)


@pytest.mark.parametrize("kind", ["model", "int8_model"])
def test_only_built_in_operations_and_float_in_and_out(kind: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(kind)
    assert not any(name.startswith(("Flex", "Custom")) for name in operations(path))
    interpreter = Interpreter(model_path=str(path))
    assert sorted(interpreter.get_signature_list()) == ["classify", "classify_features", "features"]
    for name in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(name)
        details = [*runner.get_input_details().values(), *runner.get_output_details().values()]
        assert {detail["dtype"] for detail in details} == {np.float32}


def test_int8_has_an_integer_body_and_agrees(run: Path, model: Path, int8_model: Path) -> None:
    assert "QUANTIZE" in operations(int8_model)
    assert int8_model.stat().st_size < model.stat().st_size
    whole, small = Recognizer.load(model), Recognizer.load(int8_model)
    frames = validation_frames(run)
    same = [whole.classify_features(one).argmax() == small.classify_features(one).argmax() for one in frames]
    assert np.mean(same) >= 0.95


def test_labels_and_description_ride_in_a_zip(model: Path) -> None:
    with zipfile.ZipFile(model) as archive:
        assert archive.read("labels.txt").decode().split() == ["rise", "fall", "_unknown_", "_silence_"]
        description = json.loads(archive.read("model.json"))
    assert description["format"] == 1
    assert description["clip_samples"] == 16_000
    assert FrontEnd.from_dict(description["front_end"], "model.json") == FrontEnd()
    assert description["metrics"]["clips"] > 0


def test_exporting_twice_gives_the_same_bytes(run: Path, tmp_path: Path, wordspot: Callable) -> None:
    export(run, tmp_path / "once", int8=True)
    wordspot("export", run, "--int8", "--out", tmp_path / "again", check=True)
    assert (tmp_path / "once").read_bytes() == (tmp_path / "again").read_bytes()


def test_a_file_that_would_disagree_is_not_left(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is set so low that rounding fails it: everything else is as always."""
    monkeypatch.setattr("wordspot.pipeline.export.verify._LARGEST_DIFFERENCE", 0.0)
    with pytest.raises(WordspotError, match="not written"):
        export(run, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []


def test_a_near_tie_among_few_clips_does_not_refuse_int8(tmp_path: Path, clips: Path) -> None:
    """After one epoch every answer is nearly a tie, which rounding may tip either way."""
    train(clips, tmp_path / "run", ["rise", "fall"], ONE_EPOCH)
    agreement = export(tmp_path / "run", tmp_path / "model.tflite", int8=True, false_accepts_per_hour=None)
    assert agreement.no_contradiction >= agreement.same_label
    assert (tmp_path / "model.tflite").exists()


def test_a_run_whose_data_is_gone_says_so(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    (tmp_path / "run" / "config.json").write_text(json.dumps({**config, "data": str(tmp_path / "moved")}))
    with pytest.raises(WordspotError, match="which is gone"):
        export(tmp_path / "run", tmp_path / "model.tflite")


def test_features_that_were_removed_from_a_run_are_made_again(clips: Path, tmp_path: Path) -> None:
    data = Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xf6rter"))  # and its name is not UTF-8
    shutil.copytree(clips, data)
    train(data, tmp_path / "run", ["rise", "fall"], ONE_EPOCH)
    export(tmp_path / "run", tmp_path / "before.tflite", false_accepts_per_hour=None)
    shutil.rmtree(tmp_path / "run" / "features")
    export(tmp_path / "run", tmp_path / "after.tflite", false_accepts_per_hour=None)
    assert (tmp_path / "after.tflite").read_bytes() == (tmp_path / "before.tflite").read_bytes()
    shutil.rmtree(tmp_path / "run" / "features")
    table = data / "metadata.csv"
    table.write_text(table.read_text().replace(",hum,", ",buzz,"))
    with pytest.raises(WordspotError, match="have changed since"):
        export(tmp_path / "run", tmp_path / "model.tflite")


def test_a_run_without_an_epoch_with_other_features_or_damaged_is_refused(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    config["front_end"]["n_mels"] = 32
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    with pytest.raises(WordspotError, match="another front end"):
        export(tmp_path / "run", tmp_path / "model.tflite")
    (tmp_path / "run" / "config.json").write_text(json.dumps({**config, "clips": "0123456789ab"}))
    with pytest.raises(WordspotError, match="have changed since"):
        export(tmp_path / "run", tmp_path / "model.tflite")
    (tmp_path / "run" / "config.json").write_text(json.dumps({**config, "classes": "down"}))
    with pytest.raises(WordspotError, match="lacks 'classes', or holds something else"):
        export(tmp_path / "run", tmp_path / "model.tflite")
    shutil.copy(run / "config.json", tmp_path / "run" / "config.json")
    (tmp_path / "run" / "model.keras").unlink()
    with pytest.raises(WordspotError, match="its first epoch: resume it"):
        export(tmp_path / "run", tmp_path / "model.tflite")
    with pytest.raises(WordspotError, match="does not exist"):
        export(tmp_path / "nowhere", tmp_path / "model.tflite")
