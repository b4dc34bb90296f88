import subprocess
import sys
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from wordspot.pipeline.signal import window as trim
from wordspot.pipeline.signal.window import centered_window, fit_to_window, loudest_window

ANY_SAMPLES = arrays(np.int16, st.integers(1, 120))
WITH_TIES = arrays(np.int16, st.integers(1, 60), elements=st.sampled_from([0, 1, -1, 32_767, -32_768]))
SAMPLES = st.one_of(ANY_SAMPLES, WITH_TIES)


def brute_force(samples: np.ndarray, size: int) -> tuple[int, int]:
    magnitudes = [abs(int(sample)) for sample in samples]
    totals = [sum(magnitudes[start : start + size]) for start in range(len(samples) - size + 1)]
    return totals.index(max(totals)), max(totals)


@settings(deadline=None)
@given(samples=SAMPLES, share=st.floats(0, 1))
@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_the_loudest_window_is_the_first_of_the_largest_sums(chunk: int, samples: np.ndarray, share: float) -> None:
    size = max(1, round(share * len(samples)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trim, "_CHUNK", chunk)
        assert loudest_window(samples, size) == brute_force(samples, size)


def test_a_long_recording_is_searched_past_the_border_of_a_chunk() -> None:
    samples = np.ones((1 << 20) + 50_000, np.int16)
    for start in ((1 << 20) - 8000, 1 << 20, len(samples) - 16_000):
        louder = samples.copy()
        louder[start : start + 16_000] = -32_768
        assert loudest_window(louder, 16_000) == (start, 16_000 * 32_768)


def test_silence_gives_the_beginning() -> None:
    assert loudest_window(np.zeros(50_000, np.int16), 16_000) == (0, 0)


@settings(deadline=None)
@given(SAMPLES, st.integers(1, 150), st.sampled_from(["centered", "loudest"]))
def test_a_clip_is_a_window_or_the_whole_between_zeros(
    samples: np.ndarray, size: int, rule: Literal["centered", "loudest"]
) -> None:
    clip, start = fit_to_window(samples, size, rule)
    assert clip.dtype == np.int16
    assert len(clip) == size
    if len(samples) >= size:
        assert rule == "centered" or start == brute_force(samples, size)[0]
        assert 0 <= start <= len(samples) - size
        np.testing.assert_array_equal(clip, samples[start : start + size])
    else:
        np.testing.assert_array_equal(clip[-start : -start + len(samples)], samples)
        before, after = -start, size - len(samples) + start
        assert 0 <= after - before <= 1
        assert not clip[:before].any()
        assert not clip[size - after :].any()


# -- the centered window --

SECOND, TOLERANCE = 16_000, 960  # 60 ms


def word_in_noise(size: int, middle: int, length: int, snr_db: float, seed: int) -> np.ndarray:
    """Noise with a burst that swells and fades around `middle`; what of it lies outside the recording is lost."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 80, size + 2 * length)
    begin = middle - length // 2 + length
    sound[begin : begin + length] += rng.normal(0, 80 * 10 ** (snr_db / 20), length) * np.hanning(length) ** 0.5
    return np.clip(np.rint(sound[length : length + size]), -32_768, 32_767).astype(np.int16)


WORDS = st.fixed_dictionaries(
    {"length": st.integers(2_400, 10_400), "snr_db": st.floats(8, 45), "seed": st.integers(0, 999)}
)


@settings(deadline=None, max_examples=100)
@given(size=st.integers(24_000, 64_000), place=st.floats(0, 1), word=WORDS)
def test_a_word_in_noise_comes_to_the_middle_wherever_it_is(size: int, place: float, word: dict) -> None:
    middle = round(8_000 + place * (size - SECOND))  # where a window around it still fits into the recording
    start = centered_window(word_in_noise(size, middle, **word), SECOND)
    assert start + SECOND // 2 == pytest.approx(middle, abs=TOLERANCE)


@settings(deadline=None, max_examples=40)
@given(middle=st.integers(-2_000, 8_000), at_end=st.booleans(), word=WORDS)
def test_a_word_at_either_end_of_the_recording_is_as_near_to_the_middle_as_can_be(
    middle: int, at_end: bool, word: dict
) -> None:
    samples = word_in_noise(48_000, middle, **word | {"length": 8_000})
    start = centered_window(samples[::-1] if at_end else samples, SECOND)
    expected = 0 if middle < 8_000 - TOLERANCE else middle - 8_000
    assert (48_000 - SECOND - start if at_end else start) == pytest.approx(expected, abs=TOLERANCE)


@settings(deadline=None, max_examples=60)
@given(place=st.integers(0, 47_000), click_ms=st.floats(0.1, 12), seed=st.integers(0, 99))
def test_a_click_does_not_attract_the_window(place: int, click_ms: float, seed: int) -> None:
    samples = word_in_noise(48_000, 24_000, 6_000, 25, seed)
    length = max(1, round(click_ms * 16))
    samples[place : place + length] = 32_000 * np.random.default_rng(seed).choice([-1, 1], length)[: 48_000 - place]
    assert centered_window(samples, SECOND) + 8_000 == pytest.approx(24_000, abs=TOLERANCE)


@settings(deadline=None, max_examples=40)
@given(
    before=st.integers(0, 30_000), after=st.integers(0, 30_000), length=st.integers(1, SECOND), seed=st.integers(0, 9)
)
def test_exact_zeros_at_the_ends_do_not_count(before: int, after: int, length: int, seed: int) -> None:
    sound = word_in_noise(length, length // 3, max(1, length // 2), 20, seed)
    sound[[0, -1]] = 1
    samples = np.pad(sound, (before, after))
    clip, start = fit_to_window(samples, SECOND)
    if len(samples) >= SECOND:
        middle = before + length / 2
        assert start == pytest.approx(min(max(0, middle - SECOND / 2), len(samples) - SECOND), abs=1)
    assert np.abs(clip.astype(int)).sum() == np.abs(sound.astype(int)).sum()


@settings(deadline=None, max_examples=20)
@given(gain=st.floats(0.05, 1), word=WORDS)
def test_gain_does_not_move_the_window(gain: float, word: dict) -> None:
    samples = word_in_noise(40_000, 17_000, **word)
    quieter = np.rint(gain * samples).astype(np.int16)
    assert centered_window(quieter, SECOND) == pytest.approx(centered_window(samples, SECOND), abs=800)


@pytest.mark.parametrize("size", [16_000, 16_001, 40_000])
def test_where_nothing_rises_above_the_noise_the_loudest_window_is_taken(size: int) -> None:
    samples = np.zeros(size, np.int16)
    assert centered_window(samples, SECOND) == 0
    hum = np.rint(900 * np.sin(2 * np.pi * 50 * np.arange(size) / 16_000) * np.linspace(1, 1.5, size)).astype(np.int16)
    assert centered_window(hum, SECOND) == loudest_window(hum, SECOND)[0]


LENGTHS = st.tuples(st.integers(1, 30_000), st.integers(1, 30_000)).map(sorted)


@settings(deadline=None, max_examples=100)
@given(LENGTHS, st.dictionaries(st.integers(0, 30_000), st.integers(-32_768, 32_767), max_size=6), st.integers(0, 99))
def test_the_window_lies_within_the_recording_whatever_it_holds(lengths: list[int], spikes: dict, seed: int) -> None:
    size, whole = lengths
    level = (0, 1, 300)[seed % 3]
    samples = np.random.default_rng(seed).integers(-level, level + 1, whole).astype(np.int16)
    for place, value in spikes.items():
        samples[place % whole] = value
    assert 0 <= centered_window(samples, size) <= whole - size
    clip, start = fit_to_window(samples, size)
    assert 0 <= start <= whole - size
    np.testing.assert_array_equal(clip, samples[start : start + size])


HOUR = """
from pathlib import Path
import numpy as np
from wordspot.pipeline.signal.window import fit_to_window
samples = np.tile(np.random.default_rng(1).integers(-300, 300, 16_000).astype(np.int16), 3_600)
samples[30_000_000:30_008_000] *= 50
for rule in ("centered", "loudest"):
    start = fit_to_window(samples, 16_000, rule)[1]
    assert 29_992_000 <= start <= 30_000_000, start
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""  # not getrusage, which begins with what the process that started this one held


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells it on Linux only")
def test_an_hour_of_sound_needs_no_gigabyte() -> None:
    result = subprocess.run([sys.executable, "-c", HOUR], capture_output=True, text=True, check=True, timeout=120)
    assert int(result.stdout) < 1 << 20
