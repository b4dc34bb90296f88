"""Power spectra of short frames, and where samples are zero or stand still: NumPy only."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...data.arrays import FULL_SCALE, Samples
from ...data.audio import SAMPLE_RATE_HZ

FRAME_SAMPLES = 512  # 32 ms
HOP_SAMPLES = 320  # 20 ms
BIN_HZ = SAMPLE_RATE_HZ / FRAME_SAMPLES
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)).astype(np.float32)
_WINDOW = _HANN * (FRAME_SAMPLES / FULL_SCALE)  # powers of two, by the first of which `single_rfft` divides again


def power_spectrum(samples: Samples, hop: int = HOP_SAMPLES) -> NDArray[np.float32]:
    """Squared magnitudes of 512-point Fourier transforms of Hann-windowed frames.

    Parameters
    ----------
    samples
        int16 [..., n], one sound or many of the same length; fewer than a frame are filled up with zeros.
    hop
        Samples from frame to frame. The last frame ends with the last sample and so may overlap more.

    Returns
    -------
    float32 [..., frames, 257], where a sample of 1 stands for full scale. Rounding to 16 bits alone gives 1.5e-8 per bin.
    """
    *sounds, size = samples.shape
    waveforms = np.zeros((*sounds, max(size, FRAME_SAMPLES)), np.float32)
    waveforms[..., :size] = samples
    last = waveforms.shape[-1] - FRAME_SAMPLES
    regular = sliding_window_view(waveforms, FRAME_SAMPLES, axis=-1)[..., :last:hop, :]
    frames = np.empty((*sounds, regular.shape[-2] + 1, FRAME_SAMPLES), np.float32)
    np.multiply(regular, _WINDOW, out=frames[..., :-1, :])
    np.multiply(waveforms[..., last:], _WINDOW, out=frames[..., -1, :])
    parts = single_rfft(frames).view(np.float32)  # real, imaginary, real, ...
    np.square(parts, out=parts)
    return parts[..., ::2] + parts[..., 1::2]


def single_rfft(samples: NDArray[np.float32], size: int | None = None) -> NDArray[np.complexfloating]:
    """`np.fft.rfft` of float32 in single precision, divided by its size.

    Undivided, NumPy takes the way of float64, which costs six times as much.
    """
    return np.fft.rfft(samples, size, norm="forward")


def without_outer_zeros(samples: Samples) -> tuple[int, int]:
    """Where int16 [n] samples begin and end when exact zeros at either end are left out; (0, 0) for nothing but zeros."""
    if len(samples) and samples[0] and samples[-1]:  # nearly always
        return 0, len(samples)
    sounding = samples != 0
    first = int(sounding.argmax()) if len(samples) else 0
    if not len(samples) or not sounding[first]:
        return 0, 0
    return first, len(samples) - int(sounding[::-1].argmax())


def runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Begins and ends (one past the last) of the runs of True in bool [n]."""
    closed = np.zeros(len(mask) + 2, bool)
    closed[1:-1] = mask
    edges = np.flatnonzero(closed[1:] != closed[:-1])
    return edges[::2], edges[1::2]
