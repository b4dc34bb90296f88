import dataclasses
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.audio import read_sound
from wordspot.data.errors import WordspotError
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.device.model_description import ModelDescription
from wordspot.pipeline.device.model_file import ModelFile, pack_model, read_model
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.device.stream import Detection, Detector, StreamSettings, Trigger

RATE_HZ = 16_000
EAGER = StreamSettings(threshold=0.2, hold_off_ms=300)


@pytest.fixture(scope="module")
def recognizer(model: Path) -> Recognizer:
    return Recognizer.load(model)


@pytest.fixture(scope="module")
def stream(clips: Path) -> np.ndarray:
    """Words of the test's voices one after the other, in noise, and an end in the middle of a window: int16."""
    rng = np.random.default_rng(3)
    files = [path for word in ("rise", "hum", "fall") for path in sorted((clips / word).glob("*.wav"))[:4]]
    words = [read_sound(path).samples for path in files]
    return np.concatenate([*(words[i] for i in rng.permutation(len(words))), words[0][:5_123]])


def fed_in_blocks(detector: Detector, stream: np.ndarray, sizes: list[int]) -> list[Detection]:
    found, start, block = [], 0, 0
    while start < len(stream):
        found += detector.feed(stream[start : start + sizes[block % len(sizes)]])
        start += sizes[block % len(sizes)]
        block += 1
    return found


def by_the_rule(recognizer: Recognizer, stream: np.ndarray, chosen: StreamSettings) -> list[tuple[str, float]]:
    """The rule of stream.py once more, from whole windows and without any state but a list: label and time."""
    hop = round(chosen.hop_ms * RATE_HZ / 1000)
    starts = range(0, len(stream) - RATE_HZ + 1, hop)
    posteriors = [recognizer.classify(stream[start : start + RATE_HZ]) for start in starts]
    found: list[tuple[str, float]] = []
    for k, start in enumerate(starts):
        smoothed = sum(posteriors[max(0, k + 1 - chosen.averaged_windows) : k + 1])
        smoothed = smoothed / min(k + 1, chosen.averaged_windows)
        label, end_s = recognizer.labels[int(np.argmax(smoothed))], (start + RATE_HZ) / RATE_HZ
        rested = not found or end_s - found[-1][1] >= chosen.hold_off_ms / 1000 - 1e-9
        if not label.startswith("_") and np.max(smoothed) >= chosen.threshold and rested:
            found.append((label, end_s))
    return found


@pytest.mark.parametrize("size", [1, 160, 1_000, 100_000])
def test_blocks_of_any_size_give_the_same_detections(size: int, recognizer: Recognizer, stream: np.ndarray) -> None:
    at_once = Detector(recognizer, EAGER).feed(stream)
    assert len(at_once) >= 8
    assert fed_in_blocks(Detector(recognizer, EAGER), stream, [size]) == at_once


def test_a_word_is_told_once(recognizer: Recognizer) -> None:
    trigger = Trigger(recognizer, StreamSettings())
    word, nothing = np.eye(len(recognizer.labels), dtype=np.float32)[[0, -1]]
    heard_in = range(10, 20)  # all windows of a second that hold the middle of the word
    told = [trigger.judge(k * RATE_HZ // 10, word if k in heard_in else nothing)[1] for k in range(40)]
    assert [one.label for one in told if one] == [recognizer.labels[0]]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=8).filter(any), st.integers(0, 40_000))
def test_blocks_of_changing_sizes_too(recognizer: Recognizer, stream: np.ndarray, sizes: list[int], end: int) -> None:
    stream = stream[: len(stream) - end]
    assert fed_in_blocks(Detector(recognizer, EAGER), stream, sizes) == Detector(recognizer, EAGER).feed(stream)


@settings(max_examples=15, deadline=None)
@given(
    hop_ms=st.sampled_from([10.0, 30.0, 100.0, 250.0, 1_000.0]),
    average_ms=st.sampled_from([0.0, 100.0, 300.0, 1_100.0]),
    hold_off_ms=st.sampled_from([0.0, 150.0, 1_000.0]),
    threshold=st.floats(0, 1),
)
def test_it_follows_the_rule(recognizer: Recognizer, stream: np.ndarray, **chosen: float) -> None:
    wanted = StreamSettings(**chosen)
    found = [(found.label, found.time_s) for found in Detector(recognizer, wanted).feed(stream[: 8 * RATE_HZ])]
    assert found == by_the_rule(recognizer, stream[: 8 * RATE_HZ], wanted)


def test_scores_are_those_of_whole_windows(model: Path, int8_model: Path, stream: np.ndarray) -> None:
    for path in (model, int8_model):
        recognizer = Recognizer.load(path)
        windows = list(Detector(recognizer).windows(stream))
        assert [window.start for window in windows] == list(range(0, len(stream) - RATE_HZ + 1, 1_600))
        for window in windows:
            expected = recognizer.classify(stream[window.start : window.start + RATE_HZ])
            np.testing.assert_allclose(window.posteriors, expected, atol=1e-4)


@pytest.mark.parametrize(
    "front_end",
    [
        FrontEnd(window_ms=25, n_mels=12),  # the last frame ends before the clip does
        FrontEnd(window_ms=10, hop_ms=20, n_mels=12, clip_ms=710),  # frames that do not touch
        FrontEnd(sample_rate_hz=8_000, f_max_hz=3_900, fft_size=256, n_mels=12, clip_ms=1_500),
    ],
)
def test_any_front_end_is_followed(front_end: FrontEnd) -> None:
    from wordspot.models import NetworkShape, build_network
    from wordspot.pipeline.export.export import convert

    network = build_network("ds_cnn", NetworkShape(front_end.n_frames, front_end.n_mels, 3, -6.0, 3.0))
    description = ModelDescription(("a", "b", "_unknown_"), front_end)
    recognizer = Recognizer(ModelFile(convert(network, front_end), description))
    noise = np.random.default_rng(0).normal(0, 0.2, 3 * front_end.clip_samples).astype(np.float32)
    noise *= np.linspace(0, 1, len(noise), dtype=np.float32)
    windows = list(Detector(recognizer, StreamSettings(hop_ms=100)).windows(noise))
    hop = front_end.sample_rate_hz // 10
    assert [window.start for window in windows] == list(range(0, 2 * front_end.clip_samples + 1, hop))
    for window in windows:
        expected = recognizer.classify(noise[window.start : window.start + front_end.clip_samples])
        np.testing.assert_allclose(window.posteriors, expected, atol=1e-4)


def test_less_than_a_window_is_no_window(recognizer: Recognizer, stream: np.ndarray) -> None:
    assert not list(Detector(recognizer).windows(stream[: RATE_HZ - 1]))
    assert len(list(Detector(recognizer).windows(stream[:RATE_HZ]))) == 1
    assert Detector(recognizer).feed(stream[:0]) == []


def with_thresholds(model: Path, thresholds: object, tmp_path: Path) -> Recognizer:
    file = read_model(model)
    content = file.content[: file.content.index(b"PK\x03\x04")]
    (tmp_path / "changed.tflite").write_bytes(
        pack_model(content, dataclasses.replace(file.description, thresholds=thresholds))
    )
    return Recognizer.load(tmp_path / "changed.tflite")


def test_thresholds_of_the_file_win_label_by_label(model: Path, tmp_path: Path, stream: np.ndarray) -> None:
    heard = {found.label for found in Detector(with_thresholds(model, {}, tmp_path), EAGER).feed(stream)}
    assert heard == {"rise", "fall"}
    deaf = with_thresholds(model, {"rise": 1.0}, tmp_path)
    found = Detector(deaf, dataclasses.replace(EAGER, average_ms=1_000)).feed(stream)
    assert {detection.label for detection in found} == {"fall"}


@pytest.mark.parametrize(
    ("thresholds", "told"),
    [
        ({"left": 0.5}, "threshold for 'left'; the model's words are"),
        ({"_unknown_": 0.5}, "threshold for '_unknown_'"),
        ({"rise": 1.5}, "threshold of 'rise' is 1.5; wanted a number from 0 to 1"),
        ({"rise": "high"}, "'high'"),
        ([0.5], "wanted {label: value}"),
    ],
)
def test_thresholds_that_make_no_sense_are_told(thresholds: object, told: str, model: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match=told):
        Detector(with_thresholds(model, thresholds, tmp_path))


@pytest.mark.parametrize("hop_ms", [15.0, 102.0])
def test_a_hop_between_frames_is_refused(hop_ms: float, recognizer: Recognizer) -> None:
    with pytest.raises(WordspotError, match=f"hop_ms is {hop_ms:g}; it must be a multiple of 10"):
        Detector(recognizer, StreamSettings(hop_ms=hop_ms))


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(WordspotError, match=r"threshold is 1\.5; it must be at least 0 and at most 1"):
        StreamSettings(threshold=1.5)


@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=40), st.integers(0, 30))
def test_detections_keep_their_distance(recognizer: Recognizer, posteriors: list[list[float]], hops: int) -> None:
    trigger = Trigger(recognizer, StreamSettings(threshold=0, average_ms=0, hold_off_ms=100.0 * hops))
    judged = [trigger.judge(1_600 * k, np.array(row, np.float32))[1] for k, row in enumerate(posteriors)]
    at = [k for k, found in enumerate(judged) if found]
    assert all(later - earlier >= max(1, hops) for earlier, later in itertools.pairwise(at))


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, wordspot.pipeline.device.stream;"
        "sys.exit(bool({'tensorflow', 'keras', 'librosa', 'scipy', 'matplotlib', 'soundfile'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
