from collections.abc import Callable
from itertools import groupby

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from wordspot.pipeline.ingest.checks import CutRecording, CutStack
from wordspot.pipeline.signal.spectrum import (
    BIN_HZ,
    FRAME_SAMPLES,
    HOP_SAMPLES,
    power_spectrum,
    runs,
    without_outer_zeros,
)


def stack_of(cut: CutRecording) -> CutStack:
    return CutStack((cut,))


SAMPLES = arrays(np.int16, st.integers(0, 50), elements=st.sampled_from([0, 0, 1, -1, 32_767, -32_768]))


@given(SAMPLES)
def test_outer_zeros_are_those_that_strip_would_take(samples: np.ndarray) -> None:
    letters = "".join("0" if sample == 0 else "x" for sample in samples)
    first, last = without_outer_zeros(samples)
    assert letters[first:last] == letters.strip("0")
    assert (first, last) == (0, 0) or len(letters) - len(letters.lstrip("0")) == first


@given(arrays(bool, st.integers(0, 50)))
def test_runs_are_those_that_grouping_gives(mask: np.ndarray) -> None:
    expected, at = [], 0
    for value, group in groupby(mask):
        length = len(list(group))
        if value:
            expected.append((at, at + length))
        at += length
    begins, ends = runs(mask)
    assert list(zip(begins.tolist(), ends.tolist(), strict=True)) == expected


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 20_000), st.sampled_from([160, HOP_SAMPLES]))
def test_the_power_spectrum_is_that_of_librosa(size: int, hop: int) -> None:
    samples = np.random.default_rng(size).integers(-3_000, 3_000, size).astype(np.int16)
    ours = power_spectrum(samples, hop)
    waveform = np.pad(samples / 32_768, (0, max(0, FRAME_SAMPLES - size)))
    expected = np.abs(librosa.stft(waveform, n_fft=FRAME_SAMPLES, hop_length=hop, window="hann", center=False)).T ** 2
    np.testing.assert_allclose(ours[: len(expected) - 1], expected[:-1], rtol=1e-3, atol=1e-6)
    last = np.abs(librosa.stft(waveform[-FRAME_SAMPLES:], n_fft=FRAME_SAMPLES, window="hann", center=False)).T ** 2
    np.testing.assert_allclose(ours[-1:], last, rtol=1e-3, atol=1e-6)
    assert len(ours) == 1 + -(-(len(waveform) - FRAME_SAMPLES) // hop)


def test_rounding_to_16_bits_alone_gives_the_power_that_the_text_tells() -> None:
    samples = np.random.default_rng(1).normal(0, 300, 400_000)
    rounding = np.rint(samples) - samples
    spectrum = np.abs(librosa.stft(rounding / 32_768, n_fft=FRAME_SAMPLES, window="hann", center=False)) ** 2
    assert spectrum.mean() == pytest.approx(1.5e-8, rel=0.05)


@pytest.mark.parametrize("hz", [50, 60])
def test_hum_does_not_count_in_the_power_of_a_frame_and_a_voice_does(cut_recording_of: Callable, hz: int) -> None:
    hum, voice = (
        stack_of(cut_recording_of(0.3 * np.sin(2 * np.pi * pitch_hz * np.arange(16_000) / 16_000))).frame_power.mean()
        for pitch_hz in (hz, 200)
    )
    assert hum < voice / 1_000


def test_an_offset_does_not_count_in_the_power_of_a_frame(cut_recording_of: Callable) -> None:
    assert stack_of(cut_recording_of(np.full(16_000, 0.3))).frame_power.max() < 1e-6


def test_a_tone_is_found_in_its_bin(cut_recording_of: Callable) -> None:
    for hz in (500, 1_000, 7_000):
        power = stack_of(cut_recording_of(0.3 * np.sin(2 * np.pi * hz * np.arange(16_000) / 16_000))).power
        assert (power.argmax(axis=-1) == round(hz / BIN_HZ)).all()


@settings(deadline=None, max_examples=60)
@given(
    before=st.integers(0, 20_000),
    size=st.integers(1, 40_000),
    after=st.integers(0, 20_000),
    rate_hz=st.sampled_from([8_000, 16_000, 48_000]),
)
def test_the_content_is_the_part_of_the_clip_without_outer_zeros(
    cut_recording_of: Callable, before: int, size: int, after: int, rate_hz: int
) -> None:
    sound = np.random.default_rng(size).integers(1, 9_000, size).astype(np.int16)
    cut = cut_recording_of(np.concatenate([np.zeros(before, np.int16), sound, np.zeros(after, np.int16)]), rate_hz)
    clip = cut.clip
    first, last = without_outer_zeros(clip)
    np.testing.assert_array_equal(cut.content, clip[first:last])
    assert cut.span[1] - cut.span[0] == last - first
    assert cut.span == (0, 0) or cut.span[0] == cut.start + first


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
def test_the_native_content_is_the_same_part_at_the_rate_of_the_recording(
    cut_recording_of: Callable, rate_hz: int
) -> None:
    time_s = np.arange(3 * rate_hz) / rate_hz
    cut = cut_recording_of(
        0.5 * np.sin(2 * np.pi * (200 + 300 * time_s) * time_s) * (time_s > 1.1) * (time_s < 1.9), rate_hz
    )
    assert len(cut.native_content) / rate_hz == pytest.approx(len(cut.content) / 16_000, abs=2 / rate_hz)
    at_16_khz = librosa.resample(cut.native_content / 32_768, orig_sr=rate_hz, target_sr=16_000)
    size = min(len(at_16_khz), len(cut.content))
    assert np.corrcoef(at_16_khz[:size], cut.content[:size])[0, 1] > 0.99


def test_silence_has_no_content(cut_recording_of: Callable) -> None:
    for size in (10, 16_000, 40_000):
        cut = cut_recording_of(np.zeros(size, np.int16))
        assert len(cut.content) == len(cut.native_content) == 0
        assert stack_of(cut).volume == 0
        assert stack_of(cut).frame_power.tolist() == [[0]]
