from collections.abc import Callable

import librosa
import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve, firwin, resample_poly
from wordspot.pipeline.ingest.checks.narrow_band import CHECK


def noise(size: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, size)


@settings(deadline=None, max_examples=40)
@given(cutoff_hz=st.floats(500, 7_500), gain_db=st.floats(-20, 0), seed=st.integers(0, 99))
def test_the_bandwidth_of_filtered_noise_is_reported(
    cut_recording_of: Callable, cutoff_hz: float, gain_db: float, seed: int
) -> None:
    lowpass = firwin(1_023, cutoff_hz, fs=16_000, window=("kaiser", 10))  # type: ignore[arg-type] 100 dB
    filtered = 10 ** (gain_db / 20) * fftconvolve(noise(18_000, seed), lowpass, "same")[1_000:-1_000]
    assert CHECK.value(cut_recording_of(filtered)) == pytest.approx(cutoff_hz, abs=500)


def by_scipy(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    common = int(np.gcd(rate_hz, 16_000))
    up, down = 16_000 // common, rate_hz // common
    lowpass = firwin(200 * max(up, down) + 1, 0.95 / max(up, down), window=("kaiser", 10))  # type: ignore[arg-type]
    return resample_poly(sound, up, down, window=lowpass)


UPSAMPLERS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "soxr": lambda sound, rate_hz: soxr.resample(sound, rate_hz, 16_000),
    "scipy": by_scipy,
    "librosa": lambda sound, rate_hz: librosa.resample(sound, orig_sr=rate_hz, target_sr=16_000, res_type="soxr_mq"),
}


@pytest.mark.parametrize("rate_hz", [4_000, 8_000, 11_025])
@pytest.mark.parametrize("name", UPSAMPLERS)
def test_sound_upsampled_from_a_low_rate_is_found(cut_recording_of: Callable, name: str, rate_hz: int) -> None:
    cut = cut_recording_of(UPSAMPLERS[name](noise(rate_hz), rate_hz))
    assert CHECK.value(cut) == pytest.approx(rate_hz / 2, abs=500)
    assert CHECK.finds(CHECK.value(cut))


@pytest.mark.parametrize("rate_hz", [8_000, 11_025])
def test_a_file_of_a_low_rate_is_found(cut_recording_of: Callable, rate_hz: int) -> None:
    assert CHECK.finds(CHECK.value(cut_recording_of(noise(rate_hz), rate_hz)))


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("level_db", [0, -30, -50])
def test_sound_of_full_band_is_not_found(cut_recording_of: Callable, rate_hz: int, level_db: int) -> None:
    cut = cut_recording_of(10 ** (level_db / 20) * noise(rate_hz), rate_hz)
    assert float(CHECK.value(cut)) >= 7_500
    assert not CHECK.finds(CHECK.value(cut))


def test_a_short_hiss_in_a_word_of_low_frequencies_is_full_band(cut_recording_of: Callable) -> None:
    vowel = 0.3 * np.sin(2 * np.pi * 300 * np.arange(16_000) / 16_000)
    vowel[2_000:4_000] += noise(2_000) / 10
    assert not CHECK.finds(CHECK.value(cut_recording_of(vowel)))


def test_where_nothing_rises_above_rounding_the_bandwidth_is_none(cut_recording_of: Callable) -> None:
    samples = np.random.default_rng(1).integers(0, 2, 16_000).astype(np.int16)
    assert float(CHECK.value(cut_recording_of(samples))) <= 250
    assert CHECK.value(cut_recording_of(np.zeros(16_000, np.int16))) == 0
