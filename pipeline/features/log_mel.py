"""Waveform to log-mel frames, in NumPy."""

import functools

import librosa
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ...data.front_end import FrontEnd


@functools.cache
def mel_matrix(front_end: FrontEnd) -> np.ndarray:
    """float32 [fft_size / 2 + 1, n_mels]: how much of each frequency's power counts for each band."""
    return librosa.filters.mel(
        sr=front_end.sample_rate_hz,
        n_fft=front_end.fft_size,
        n_mels=front_end.n_mels,
        fmin=front_end.f_min_hz,
        fmax=front_end.f_max_hz,
        htk=front_end.mel_scale == "htk",
        norm=front_end.mel_norm,  # type: ignore[arg-type]
        dtype=np.float32,
    ).T.copy()


@functools.cache
def hann_window(size: int) -> np.ndarray:
    """Float32 [size]: the periodic Hann window, 0.5 - 0.5 cos(2 pi n / size)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def log_mel(waveforms: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """The frames of one or many waveforms.

    Parameters
    ----------
    waveforms
        float32 [..., n] in [-1, 1), at `front_end.sample_rate_hz`, n at least one window.
    front_end
        How to cut and weigh.

    Returns
    -------
    float32 [..., 1 + (n - window) // hop, n_mels]: natural log of mel power, floored.
    """
    windows = sliding_window_view(waveforms.astype(np.float32, copy=False), front_end.window_samples, axis=-1)
    frames = windows[..., :: front_end.hop_samples, :] * hann_window(front_end.window_samples)
    spectrum = np.fft.rfft(frames, front_end.fft_size)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(np.maximum(power @ mel_matrix(front_end), np.float32(front_end.log_floor)))
