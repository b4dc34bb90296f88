import shutil
from pathlib import Path

import numpy as np
import pytest
from wordspot.models import pretrained
from wordspot.models.benchmarks import read_benchmarks
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.training.trained_network import TrainedNetwork

WORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
LARGEST_BYTES = 400_000


@pytest.mark.parametrize("name", pretrained.NAMES)
@pytest.mark.parametrize("suffix", [".tflite", "_int8.tflite"])
def test_every_shipped_file_runs_and_is_small(name: str, suffix: str) -> None:
    path = pretrained.path_of(name, suffix)
    recognizer = Recognizer.load(path)
    assert recognizer.labels == (*WORDS, "_unknown_", "_silence_")
    assert path.stat().st_size < LARGEST_BYTES
    assert recognizer.predict(np.zeros(recognizer.clip_samples, np.float32)).label == "_silence_"


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_the_weights_that_ship_are_those_of_the_file(name: str) -> None:
    recognizer = Recognizer.load(pretrained.path_of(name))
    start = TrainedNetwork.load(name)
    frames = np.random.default_rng(0).normal(-5, 3, (start.front_end.n_frames, start.front_end.n_mels))
    logits = np.asarray(start.network(frames[None].astype(np.float32)))[0]
    expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    np.testing.assert_allclose(recognizer.classify_features(frames), expected, atol=1e-4)


def test_a_damaged_file_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "pretrained"
    shutil.copytree(Path(pretrained.__file__).parent, folder)
    monkeypatch.setattr(pretrained, "FOLDER", folder)
    content = bytearray((folder / "small.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "small.tflite").write_bytes(content)
    (folder / "accurate.npz").unlink()
    pretrained.path_of("accurate")
    for name, suffix in (("small", ".tflite"), ("accurate", ".npz")):
        with pytest.raises(pretrained.DamagedFileError, match="missing or damaged"):
            pretrained.path_of(name, suffix)


def test_the_shipped_models_hear_real_words_of_speakers_they_were_not_trained_on(speech_commands: Path) -> None:
    from wordspot.data.audio import read_sound
    from wordspot.pipeline.signal.window import fit_to_window

    listed = (speech_commands / "validation_list.txt").read_text().split()
    files = [(speech_commands / name).with_suffix(".flac") for name in listed]
    words = [file for file in files if file.parent.name in WORDS and file.is_file()]
    assert len(words) > 200
    for name, least in (("small", 0.9), ("accurate", 0.93)):
        recognizer = Recognizer.load(pretrained.path_of(name))
        right = 0
        for file in words:
            clip, _ = fit_to_window(read_sound(file).samples, recognizer.clip_samples)
            right += recognizer.predict(clip).label == file.parent.name
        assert right / len(words) > least


def test_the_listed_accuracies_have_their_epochs() -> None:
    for row in read_benchmarks():
        assert (row.accuracy is None) == (row.epochs is None) == (row.seeds is None)
