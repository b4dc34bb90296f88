"""`import wordspot`: light, complete, and forgiving of how sound comes, but never silently wrong."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
import wordspot
from wordspot.data.errors import WordspotError
from wordspot.models import pretrained
from wordspot.pipeline.device.recognizer import Recognizer

RATE_HZ = 16_000


def _loaded_by(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in result.stdout.split()}


def test_importing_it_loads_nothing() -> None:
    assert not {"numpy", "click", "rich", "soundfile", "ai_edge_litert", "tensorflow"} & _loaded_by("import wordspot")


@pytest.mark.parametrize(
    "code",
    [
        "import wordspot, numpy; wordspot.load().predict(numpy.zeros(16000))",
        "import wordspot, numpy; list(wordspot.load().detect([numpy.zeros(16000)]))",
        "import wordspot.tools.commands.predict, wordspot.tools.commands.listen",
    ],
)
def test_a_recognizer_needs_neither_checks_nor_training(code: str) -> None:
    code = f"import sys\n{code}\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "wordspot.pipeline.device.recognizer" in loaded
    assert not [f"wordspot.pipeline.{part}" for part in ("ingest", "training") if f"wordspot.pipeline.{part}" in loaded]
    assert not {"librosa", "tensorflow", "matplotlib", "scipy", "jinja2", "PIL"} & set(loaded.split())


def test_every_name_is_there_and_in_dir() -> None:
    assert {"load", "clean", "extract", "train", "export", "evaluate", "read_sound"} <= set(dir(wordspot))
    for name in wordspot.__all__:
        assert getattr(wordspot, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(wordspot, "nothing")  # noqa: B009


def test_the_stub_names_what_the_module_has() -> None:
    root = Path(wordspot.__file__).parent
    stub = (root / "__init__.pyi").read_text(encoding="utf-8")
    assert (root / "py.typed").is_file()  # else mypy takes nothing of an installed package
    assert all(f" as {name}\n" in stub or f"{name}:" in stub or f"def {name}(" in stub for name in wordspot.__all__)


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return wordspot.load("small")


@pytest.fixture(scope="module")
def spoken(speech_commands: Path) -> tuple[Path, np.ndarray]:
    """A real recording of a second, int16 [16000], that `small` recognizes."""
    path = speech_commands / "left" / "0132a06d_nohash_1.flac"
    return path, soundfile.read(path, dtype="int16")[0]


def test_a_file_and_its_samples_give_the_same(small: Recognizer, spoken: tuple[Path, np.ndarray]) -> None:
    path, samples = spoken
    expected = small.predict(path)
    assert (expected.label, expected.runner_up) == ("left", list(expected.probabilities)[1])
    assert sum(expected.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert list(expected.probabilities.values()) == sorted(expected.probabilities.values(), reverse=True)
    assert small.predict(str(path)) == expected
    assert small.predict(samples) == expected
    assert small.predict(samples / 32_768) == expected
    assert small.predict((samples / 32_768).tolist()) == expected
    assert small.predict(samples.astype(">i2")) == expected
    assert small.predict(samples.astype(np.int32) << 16) == expected


def test_any_rate_length_and_number_of_channels(small: Recognizer, spoken: tuple[Path, np.ndarray]) -> None:
    samples = spoken[1] / 32_768
    fast = soxr.resample(samples, RATE_HZ, 44_100)
    assert small.predict(fast, sample_rate_hz=44_100).label == "left"
    assert small.predict(np.stack([fast, fast], axis=1), sample_rate_hz=44_100).label == "left"
    quiet = np.random.default_rng(0).normal(0, 1e-4, 2 * RATE_HZ)
    assert small.predict(np.concatenate([quiet, samples, quiet])).label == "left"
    eight_bits = np.round(samples * 127 + 128).astype(np.uint8)
    assert small.predict(eight_bits).label == "left"
    assert small.predict(samples[2_000:14_000]).label == "left"


@pytest.mark.parametrize(
    ("sound", "problem"),
    [
        (np.zeros(0), "not empty"),
        (np.zeros((2, 16_000)), "transpose"),
        (np.zeros((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.float32(0.5), "shape"),
        (np.full(16_000, np.nan), "NaN"),
        (np.full(16_000, np.inf), "NaN or infinite"),
        (np.full(16_000, 20_000.0), "divide 16-bit values by 32768"),
        (np.full(16_000, 20_000, np.int32), "pass 16-bit values as int16"),
        (np.zeros(16_000, np.int64), "type int64"),
        (np.zeros(16_000, bool), "type bool"),
        (np.zeros(16_000, complex), "type complex128"),
        (np.array(["left"]), "type <U4"),
        (np.array([0.1, None]), "type object"),
        ([[0.1, 0.2], [0.3]], "no array"),
    ],
)
def test_what_cannot_be_sound_is_refused(small: Recognizer, sound: Any, problem: str) -> None:
    with pytest.raises(WordspotError, match=problem):
        small.predict(sound)
    with pytest.raises(WordspotError, match=problem):
        list(small.detect([sound]))


@pytest.mark.parametrize("rate_hz", [0, 0.5, -16_000, 1e9, float("nan"), "44100"])
def test_rates_that_no_recording_has_are_refused(small: Recognizer, rate_hz: Any) -> None:
    with pytest.raises(WordspotError, match="sample_rate_hz is"):
        small.predict(np.zeros(16_000), sample_rate_hz=rate_hz)
    with pytest.raises(WordspotError, match="sample_rate_hz is"):
        list(small.detect([np.zeros(16_000)], sample_rate_hz=rate_hz))


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two"])
def test_threads_are_a_whole_number(threads: Any) -> None:
    with pytest.raises(WordspotError, match="threads is"):
        wordspot.load("small", threads=threads)


def test_signatures_say_what_shape_they_take(small: Recognizer) -> None:
    with pytest.raises(WordspotError, match=r"shape \(8000,\); classify takes \(16000,\)"):
        small.classify(np.zeros(8_000, np.float32))
    with pytest.raises(WordspotError, match="expected"):
        small.features(np.zeros(100, np.float32))
    with pytest.raises(WordspotError, match="expected"):
        small.classify_features(np.zeros((98, 3), np.float32))


@pytest.mark.parametrize(
    ("sound", "problem"),
    [
        (np.zeros(16_000, np.int32), "type int32"),
        (np.full(16_000, np.nan, np.float32), "NaN"),
        (np.full(16_000, 20_000.0), "divide 16-bit values"),
    ],
)
@pytest.mark.parametrize("suffix", [".tflite", "_int8.tflite"])
def test_signatures_are_not_given_what_is_no_sound(sound: np.ndarray, problem: str, suffix: str) -> None:
    model = Recognizer.load(pretrained.path_of("small", suffix))
    for take in (model.classify, model.features, wordspot.Detector(model).feed):
        with pytest.raises(WordspotError, match=problem):
            take(sound)
    with pytest.raises(WordspotError, match="NaN"):
        model.classify_features(np.full((98, 40), np.nan))


def test_a_folder_of_its_name_does_not_hide_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    assert wordspot.load("small").labels == wordspot.load(Path("small")).labels
    with pytest.raises(WordspotError, match="is a folder"):
        wordspot.load("./small/..")


def test_a_missing_sound_or_model_is_named(small: Recognizer, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match=r"nothing\.wav does not exist"):
        small.predict(tmp_path / "nothing.wav")
    with pytest.raises(WordspotError, match=r"nothing\.wav does not exist"):
        list(small.detect(tmp_path / "nothing.wav"))
    with pytest.raises(WordspotError, match=r"nothing\.tflite does not exist"):
        wordspot.load("nothing.tflite")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(wordspot.RecordingError, match=r"text\.wav: "):
        small.predict(tmp_path / "text.wav")


def test_words_are_detected_in_a_file_and_in_blocks(
    small: Recognizer, spoken: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    quiet = np.random.default_rng(0).normal(0, 3, 2 * RATE_HZ).astype(np.int16)
    sound = np.concatenate([quiet, spoken[1], quiet])
    soundfile.write(tmp_path / "evening.wav", sound, RATE_HZ)
    found = list(small.detect(tmp_path / "evening.wav"))
    assert [detection.label for detection in found] == ["left"]
    assert 2 < found[0].time_s < 4
    assert list(small.detect(np.array_split(sound, 7))) == found
    assert list(small.detect(np.array_split(np.stack([sound, sound], axis=1), 5))) == found
    assert list(small.detect(sound)) == found
    assert list(small.detect(np.stack([sound, sound], axis=1))) == found
    with pytest.raises(WordspotError, match="a block has 2 channels, but those before it 1"):
        list(small.detect([sound, np.stack([sound, sound], axis=1)]))
