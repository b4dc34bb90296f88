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
from wordspot.pipeline.device.recognizer import Prediction, Recognizer
from wordspot.pipeline.device.stream import Detection, Detector, StreamSettings, Thresholds

RATE_HZ = 16_000
EAGER = StreamSettings(threshold=0.2, hold_off_ms=300, pause_before_ms=150, pause_after_ms=100)


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


def all_levels_db(stream: np.ndarray) -> list[float]:
    """The level of each block of 10 ms, from 400 blocks of silence before the start of the stream on."""
    blocks = (stream[: len(stream) // 160 * 160] / 32_768).reshape(-1, 4, 40)
    powers = [0.0] * 400 + [sum(float(np.var(quarter)) for quarter in block) / 4 for block in blocks]
    return [-120.0] * 7 + [
        float(10 * np.log10(max(sum(powers[b - 7 : b + 1]) / 8, 1e-12))) for b in range(7, len(powers))
    ]


def lone_word(levels: list[float], start: int, chosen: StreamSettings) -> tuple[int, int] | None:
    """First block of the word of a window, and one past its last, searched block by block."""
    inside = range(-(-start // 160), (start + RATE_HZ) // 160)
    peak = max(inside, key=lambda b: (levels[b + 400], -b))
    before, after = round(chosen.pause_before_ms / 10), round(chosen.pause_after_ms / 10)

    def is_quiet(block: int) -> bool:
        return levels[block + 400] < levels[peak + 400] - chosen.pause_db

    first = next((b for b in range(peak, peak - 91, -1) if all(is_quiet(b - i) for i in range(before))), None)
    last = next(
        (b for b in inside if b >= peak and b + after <= inside.stop and all(map(is_quiet, range(b, b + after)))), None
    )
    return None if first is None or last is None else (first + 1, last)


def by_the_rule(recognizer: Recognizer, stream: np.ndarray, chosen: StreamSettings) -> list[tuple[str, float, float]]:
    """The rule of stream.py once more, without any state but lists: label, time and start of the clip."""
    hop = round(chosen.hop_ms * RATE_HZ / 1000)
    found: list[tuple[str, float, float]] = []
    levels, last = all_levels_db(stream), None
    for start in range(0, len(stream) - RATE_HZ + 1, hop):
        span = lone_word(levels, start, chosen)
        if not span:
            continue
        begin = max(0, (span[0] + span[1]) // 2 * 160 - RATE_HZ // 2)
        if begin > start or begin == last:
            continue
        last, end_s = begin, (start + RATE_HZ) / RATE_HZ
        posteriors = recognizer.classify(stream[begin : begin + RATE_HZ])
        label = recognizer.labels[int(np.argmax(posteriors))]
        rested = not found or end_s - found[-1][1] >= chosen.hold_off_ms / 1000 - 1e-9
        if rested and not label.startswith("_") and np.max(posteriors) >= chosen.threshold:
            found.append((label, end_s, begin / RATE_HZ))
    return found


@pytest.mark.parametrize("size", [1, 160, 1_000, 100_000])
def test_blocks_of_any_size_give_the_same_detections(size: int, recognizer: Recognizer, stream: np.ndarray) -> None:
    at_once = Detector(recognizer, EAGER).feed(stream)
    assert len(at_once) >= 4  # the others follow too closely
    assert fed_in_blocks(Detector(recognizer, EAGER), stream, [size]) == at_once


def test_a_word_is_detected_once(recognizer: Recognizer, clips: Path) -> None:
    quiet = np.random.default_rng(0).normal(0, 30, 2 * RATE_HZ).astype(np.int16)
    for hop_ms in (10, 100):
        detector = Detector(recognizer, StreamSettings(hop_ms=hop_ms))
        assert len(detector.feed(spoken_after(clips, quiet, quiet))) == 1


def spoken_after(clips: Path, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    word = read_sound(sorted((clips / "rise").glob("*.wav"))[0]).samples
    return np.concatenate([before, word[:-2_500], after])


def test_a_word_alone_is_detected_and_one_amid_sound_is_not(recognizer: Recognizer, clips: Path) -> None:
    rng = np.random.default_rng(0)
    quiet, loud = (rng.normal(0, rms, 2 * RATE_HZ).astype(np.int16) for rms in (30, 6_000))
    assert [one.label for one in Detector(recognizer).feed(spoken_after(clips, quiet, quiet))] == ["rise"]
    assert Detector(recognizer).feed(spoken_after(clips, loud, quiet)) == []
    assert Detector(recognizer).feed(spoken_after(clips, quiet, loud)) == []


def test_a_detection_says_where_its_word_is(recognizer: Recognizer, clips: Path) -> None:
    quiet = np.random.default_rng(0).normal(0, 30, 2 * RATE_HZ).astype(np.int16)
    for delay in range(0, 3_200, 400):
        stream = spoken_after(clips, quiet[: len(quiet) - delay], quiet)
        (found,) = Detector(recognizer).feed(stream)
        assert found.start_s == pytest.approx((len(quiet) - delay) / RATE_HZ, abs=0.06)
        assert found.time_s - found.start_s <= 1.5


def test_a_word_at_the_very_end_is_detected(recognizer: Recognizer, clips: Path) -> None:
    quiet = np.random.default_rng(0).normal(0, 30, 2 * RATE_HZ).astype(np.int16)
    stream = spoken_after(clips, quiet, quiet[:0])
    detector = Detector(recognizer)
    detected = detector.feed(stream[: len(stream) - 3_000])
    assert [one.label for one in detected + detector.finish()] == ["rise"]


@pytest.mark.parametrize("pauses", [{}, {"pause_before_ms": 50.0, "pause_after_ms": 50.0}])
def test_a_long_tone_is_at_most_one_detection(recognizer: Recognizer, pauses: dict[str, float]) -> None:
    for pitch_hz in (250, 1_000, 3_000):
        tone = 0.3 * np.sin(2 * np.pi * pitch_hz * np.arange(10 * RATE_HZ) / RATE_HZ)
        sound = np.concatenate([np.zeros(2 * RATE_HZ), tone, np.zeros(2 * RATE_HZ)]).astype(np.float32)
        assert len(Detector(recognizer, StreamSettings(**pauses)).feed(sound)) <= 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=8).filter(any), st.integers(0, 40_000))
def test_blocks_of_changing_sizes_too(recognizer: Recognizer, stream: np.ndarray, sizes: list[int], end: int) -> None:
    stream = stream[: len(stream) - end]
    assert fed_in_blocks(Detector(recognizer, EAGER), stream, sizes) == Detector(recognizer, EAGER).feed(stream)


@settings(max_examples=15, deadline=None)
@given(
    hop_ms=st.sampled_from([10.0, 30.0, 100.0, 250.0, 1_000.0]),
    hold_off_ms=st.sampled_from([0.0, 150.0, 1_000.0]),
    pause_before_ms=st.sampled_from([50.0, 150.0, 300.0]),
    pause_after_ms=st.sampled_from([50.0, 100.0]),
    pause_db=st.sampled_from([3.0, 9.0]),
    threshold=st.floats(0, 1),
)
def test_it_follows_the_rule(recognizer: Recognizer, stream: np.ndarray, **chosen: float) -> None:
    settings = StreamSettings(**chosen)
    detected = Detector(recognizer, settings).feed(stream[: 8 * RATE_HZ])
    found = [(one.label, one.time_s, one.start_s) for one in detected]
    assert found == by_the_rule(recognizer, stream[: 8 * RATE_HZ], settings)


def test_what_stands_alone_is_classified_as_the_clip_that_has_it_in_its_middle(
    model: Path, int8_model: Path, stream: np.ndarray
) -> None:
    for path in (model, int8_model):
        recognizer = Recognizer.load(path)
        found = list(Detector(recognizer, EAGER).lone_words(stream))
        assert len(found) >= 4
        assert {word.prediction.label for word in found} > {word.detection.label for word in found if word.detection}
        for word in found:
            expected = recognizer.classify(stream[word.start : word.start + RATE_HZ])
            assert list(word.prediction.probabilities.values()) == sorted(expected.tolist(), reverse=True)


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
    from wordspot.pipeline.export.convert import convert

    network = build_network("ds_cnn", NetworkShape(front_end.n_frames, front_end.n_mels, 3, -6.0, 3.0))
    description = ModelDescription(("a", "b", "_unknown_"), front_end)
    recognizer = Recognizer(ModelFile(pack_model(convert(network, front_end), description), description))
    noise = np.random.default_rng(0).normal(0, 0.2, 3 * front_end.clip_samples).astype(np.float32)
    shape = np.full(len(noise), 0.001, np.float32)
    middle = slice(len(noise) // 2, len(noise) // 2 + front_end.sample_rate_hz // 4)
    shape[middle] = 1
    word, *_ = Detector(recognizer, StreamSettings(pause_before_ms=300)).lone_words(noise * shape)
    assert word.start + front_end.clip_samples / 2 == pytest.approx(
        (middle.start + middle.stop) / 2, abs=0.05 * RATE_HZ
    )
    assert word.window + front_end.clip_samples <= len(noise)


def test_less_than_a_window_is_no_window(recognizer: Recognizer, clips: Path) -> None:
    quiet = np.random.default_rng(0).normal(0, 30, RATE_HZ).astype(np.int16)
    stream = spoken_after(clips, quiet, quiet)
    word, *_ = Detector(recognizer).lone_words(stream)
    end = word.window + RATE_HZ
    assert not list(Detector(recognizer).lone_words(stream[: end - 1]))
    assert len(list(Detector(recognizer).lone_words(stream[:end]))) == 1
    assert Detector(recognizer).feed(stream[:0]) == []


def with_thresholds(model: Path, thresholds: object, tmp_path: Path) -> Recognizer:
    file = read_model(model)
    content = file.content[: file.content.index(b"PK\x03\x04")]
    (tmp_path / "changed.tflite").write_bytes(
        pack_model(content, dataclasses.replace(file.description, thresholds=thresholds))
    )
    return Recognizer.load(tmp_path / "changed.tflite")


def test_thresholds_of_the_file_win_label_by_label(model: Path, tmp_path: Path, stream: np.ndarray) -> None:
    detected = {found.label for found in Detector(with_thresholds(model, {}, tmp_path), EAGER).feed(stream)}
    assert detected == {"rise", "fall"}
    deaf = with_thresholds(model, {"rise": 1.0}, tmp_path)
    found = Detector(deaf, EAGER).feed(stream)
    assert {detection.label for detection in found} == {"fall"}


@pytest.mark.parametrize(
    ("thresholds", "problem"),
    [
        ({"left": 0.5}, "threshold for 'left'; the model's words are"),
        ({"_unknown_": 0.5}, "threshold for '_unknown_'"),
        ({"rise": 1.5}, "threshold of 'rise' is 1.5; expected a number from 0 to 1"),
        ({"rise": "high"}, "'high'"),
        ([0.5], "thresholds"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(
    thresholds: object, problem: str, model: Path, tmp_path: Path
) -> None:
    with pytest.raises(WordspotError, match=problem):
        Detector(with_thresholds(model, thresholds, tmp_path))


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(WordspotError, match=r"threshold is 1\.5; it must be at least 0 and at most 1"):
        StreamSettings(threshold=1.5)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40), st.integers(0, 30))
def test_detections_keep_their_distance(recognizer: Recognizer, found: list[tuple[bool, float]], hops: int) -> None:
    thresholds = Thresholds(recognizer, StreamSettings(threshold=0.5, hold_off_ms=100.0 * hops))
    at: list[int] = []
    for k, (is_word, probability) in enumerate(found):
        prediction = Prediction(recognizer.labels[0] if is_word else "_unknown_", probability, {})
        if thresholds.judge(1_600 * k, 0, prediction):
            at.append(k)
            assert is_word
            assert probability >= 0.5
    assert all(later - earlier >= hops for earlier, later in itertools.pairwise(at))


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, wordspot.pipeline.device.stream;"
        "sys.exit(bool({'tensorflow', 'keras', 'librosa', 'scipy', 'matplotlib', 'soundfile'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
