import dataclasses
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.errors import WordspotError
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.device.model_description import ModelDescription
from wordspot.pipeline.device.model_file import pack_model, read_model
from wordspot.pipeline.device.recognizer import Recognizer


def graph_of(model: Path) -> bytes:
    """The file without the zip behind it."""
    content = model.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return content[: min(entry.header_offset for entry in archive.infolist())]


def test_it_recognizes_the_words_it_was_trained_on(model: Path, clips: Path) -> None:
    import soundfile

    recognizer = Recognizer.load(model)
    files = sorted((clips / "rise").glob("*.wav"))
    predicted = [recognizer.predict(soundfile.read(file, dtype="int16")[0]).label for file in files]
    assert predicted.count("rise") >= 0.8 * len(files)


def test_integers_and_floats_mean_the_same(model: Path) -> None:
    recognizer = Recognizer.load(model)
    samples = np.random.default_rng(0).integers(-20_000, 20_000, 16_000).astype(np.int16)
    np.testing.assert_array_equal(
        recognizer.classify(samples), recognizer.classify((samples / 32_768).astype(np.float32))
    )


def test_the_prediction_is_the_largest_probability_and_the_next(model: Path) -> None:
    recognizer = Recognizer.load(model)
    waveform = np.random.default_rng(1).integers(-3_000, 3_000, 16_000).astype(np.int16)  # predict rounds to 16 bits
    probabilities = dict(zip(recognizer.labels, recognizer.classify(waveform), strict=True))
    prediction = recognizer.predict(waveform)
    first, second = sorted(probabilities, key=lambda label: -probabilities[label])[:2]
    assert (prediction.label, prediction.runner_up) == (first, second)
    assert prediction.probability == pytest.approx(probabilities[first])
    assert prediction.runner_up_probability == pytest.approx(probabilities[second])


def test_neither_tensorflow_nor_librosa_nor_scipy_is_needed() -> None:
    code = (
        "import sys, wordspot.pipeline.device.recognizer, wordspot.tools.commands.predict, wordspot.tools.commands.evaluate;"
        "sys.exit(bool({'tensorflow', 'keras', 'librosa', 'scipy', 'matplotlib', 'sklearn'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def damaged(model: Path) -> dict[str, tuple[bytes, str]]:
    content, graph = model.read_bytes(), graph_of(model)
    description = read_model(model).description
    return {
        "text": (b"hello, I am no model", "not a .tflite model"),
        "empty": (b"", "not a .tflite model"),
        "without zip": (graph, "not one of wordspot's"),
        "cut short": (content[: len(content) // 2], "not one of wordspot's"),
        "one label less": (
            pack_model(graph, dataclasses.replace(description, labels=("rise", "fall", "_unknown_"))),
            "4 outputs but 3 labels",
        ),
        "graph damaged": (pack_model(graph[:20_000], description), "cannot be run"),
        "another signature": (
            pack_model(graph.replace(b"classify_features", b"classify_anything"), description),
            "cannot",
        ),
    }


@pytest.mark.parametrize(
    "case", ["text", "empty", "without zip", "cut short", "one label less", "graph damaged", "another signature"]
)
def test_a_file_that_is_no_model_of_ours_is_refused_by_name(case: str, model: Path, tmp_path: Path) -> None:
    content, problem = damaged(model)[case]
    (tmp_path / "bad.tflite").write_bytes(content)
    with pytest.raises(WordspotError, match=problem) as error:
        Recognizer.load(tmp_path / "bad.tflite")
    assert "bad.tflite" in str(error.value)


def test_a_newer_format_asks_for_an_update(model: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(model.read_bytes())) as archive:
        text = archive.read("model.json").replace(b'"format": 1', b'"format": 7')
    buffer = io.BytesIO(graph_of(model))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("labels.txt", "a\n")
        archive.writestr("model.json", text)
    (tmp_path / "new.tflite").write_bytes(buffer.getvalue())
    with pytest.raises(WordspotError, match="format 7, this version reads 1"):
        read_model(tmp_path / "new.tflite")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match=r"nothing\.tflite does not exist"):
        Recognizer.load(tmp_path / "nothing.tflite")


def test_loading_says_nothing(model: Path, wordspot: Callable, clips: Path) -> None:
    result = wordspot("predict", model, next((clips / "rise").glob("*.wav")))
    assert result.stderr == ""


def test_labels_of_an_older_model_are_read_in_one_unicode_form() -> None:
    values = ModelDescription(("\u00e9t\u00e9", "_silence_"), FrontEnd(), thresholds={"\u00e9t\u00e9": 0.9}).to_json()
    values["thresholds"] = {"e\u0301te\u0301 ": 0.9}
    description = ModelDescription.from_json(("e\u0301te\u0301 ", "_silence_"), values, "old.tflite")
    assert description.words == ["\u00e9t\u00e9"]
    assert description.thresholds == {"\u00e9t\u00e9": 0.9}
