from typing import Any

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.arrays import to_waveform
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.features.keras_layer import LogMel
from wordspot.pipeline.features.log_mel import log_mel, mel_centers_hz, mel_matrix

FRONT_ENDS = [
    FrontEnd(),
    FrontEnd(mel_scale="slaney", mel_norm="slaney", log_floor=1e-8),
    FrontEnd(window_ms=25, n_mels=64, f_min_hz=60, f_max_hz=8000),
    FrontEnd(window_ms=32, hop_ms=20, fft_size=1024, n_mels=20, f_max_hz=4000),
]


def by_librosa(waveform: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """Librosa centers the window in the FFT, so that its frames begin (fft - window) / 2 samples later."""
    margin = (front_end.fft_size - front_end.window_samples) // 2
    power = librosa.feature.melspectrogram(
        y=np.pad(waveform, margin),
        sr=front_end.sample_rate_hz,
        n_fft=front_end.fft_size,
        hop_length=front_end.hop_samples,
        win_length=front_end.window_samples,
        window="hann",
        center=False,
        n_mels=front_end.n_mels,
        fmin=front_end.f_min_hz,
        fmax=front_end.f_max_hz,
        htk=front_end.mel_scale == "htk",
        norm=front_end.mel_norm,  # type: ignore[arg-type]
    )
    return np.log(np.maximum(power.T, front_end.log_floor))


@pytest.fixture(params=["noise", "quiet", "tone", "silence", "full scale"])
def waveform(request: pytest.FixtureRequest) -> np.ndarray:
    rng = np.random.default_rng(3)
    time_s = np.arange(16_000) / 16_000
    sounds = {
        "noise": rng.normal(0, 0.1, 16_000),
        "quiet": rng.normal(0, 1e-4, 16_000),
        "tone": 0.5 * np.sin(2 * np.pi * 440 * time_s),
        "silence": np.zeros(16_000),
        "full scale": np.sign(np.sin(2 * np.pi * 300 * time_s)),
    }
    return sounds[request.param].astype(np.float32)


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_numpy_and_keras_agree_with_librosa(front_end: FrontEnd, waveform: np.ndarray) -> None:
    expected = by_librosa(waveform, front_end)
    ours = log_mel(waveform, front_end)
    assert ours.shape == (front_end.n_frames, front_end.n_mels) == expected.shape
    # where a band lies 50 dB below the loudest, both are rounding noise of a 32-bit transform
    heard = expected > max(expected.max() - 11.5, np.log(front_end.log_floor))
    np.testing.assert_allclose(ours[heard], expected[heard], atol=1e-3)
    np.testing.assert_allclose(np.asarray(LogMel(front_end)(waveform[None])[0])[heard], ours[heard], atol=1e-3)


def test_a_tone_excites_the_band_at_its_frequency() -> None:
    front_end = FrontEnd()
    centers_hz = librosa.mel_frequencies(42, fmin=20, fmax=7600, htk=True)[1:-1]
    for band in (5, 20, 35):
        tone = np.sin(2 * np.pi * centers_hz[band] * np.arange(16_000) / 16_000)
        assert (log_mel(tone.astype(np.float32), front_end).argmax(axis=1) == band).all()


@pytest.mark.parametrize("sample_rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("norm", [None, "slaney"])
@pytest.mark.parametrize("scale", ["htk", "slaney"])
def test_the_matrix_is_that_of_librosa_to_the_bit(scale: str, norm: str | None, sample_rate_hz: int) -> None:
    for n_mels, f_min_hz, share in ((40, 20, 0.95), (64, 0, 1), (13, 125.5, 0.31)):
        f_max_hz = sample_rate_hz / 2 * share
        front_end = FrontEnd(sample_rate_hz, 1000, 20, 10, 1024, n_mels, f_min_hz, f_max_hz, scale, norm)
        shape: dict[str, Any] = {"n_mels": n_mels, "fmin": f_min_hz, "fmax": f_max_hz, "htk": scale == "htk"}
        expected = librosa.filters.mel(sr=sample_rate_hz, n_fft=1024, norm=norm, **shape)  # type: ignore[arg-type]
        np.testing.assert_array_equal(mel_matrix(front_end), expected.T)
        shape["n_mels"] += 2  # the edges of the first and last band, too
        np.testing.assert_array_equal(mel_centers_hz(front_end), librosa.mel_frequencies(**shape)[1:-1])


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_stacks_and_long_sound_give_the_same(front_end: FrontEnd) -> None:
    """Blocks of frames are made for speed alone; what BLAS adds up in another order differs in the last bit."""
    samples = np.random.default_rng(5).normal(0, 3_000, (5, 48_123)).clip(-32_768, 32_767).astype(np.int16)
    for size in (48_123, 16_000, front_end.window_samples):
        stack, alone = (log_mel(samples[:, :size], front_end), [log_mel(row[:size], front_end) for row in samples])
        np.testing.assert_allclose(stack, alone, atol=2e-6)
    whole, part = log_mel(samples[0], front_end), log_mel(samples[0, :20_000], front_end)
    np.testing.assert_allclose(whole[: len(part)], part, atol=2e-6)


def test_integers_are_samples_at_full_scale_to_the_bit() -> None:
    samples = np.random.default_rng(6).integers(-32_768, 32_767, (3, 16_000), np.int16)
    np.testing.assert_array_equal(log_mel(samples, FrontEnd()), log_mel(to_waveform(samples), FrontEnd()))


def test_every_band_hears_something() -> None:
    for front_end in FRONT_ENDS:
        assert (mel_matrix(front_end).max(axis=0) > 0).all()


@settings(deadline=None, max_examples=25)
@given(samples=st.integers(480, 40_000), gain_db=st.floats(-40, 40))
def test_gain_shifts_the_frames_and_their_number_follows_the_formula(samples: int, gain_db: float) -> None:
    front_end = FrontEnd(log_floor=1e-12)
    waveform = np.random.default_rng(samples).normal(0, 0.05, samples).astype(np.float32)
    frames = log_mel(waveform, front_end)
    assert frames.shape == (1 + (samples - 480) // 160, 40)
    louder = log_mel(waveform * np.float32(10 ** (gain_db / 20)), front_end)
    np.testing.assert_allclose(louder - frames, gain_db * np.log(10) / 10, atol=1e-3)
