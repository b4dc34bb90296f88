"""Waveform to log-mel frames, in NumPy: what feature sets are made with; `keras_layer` is the same for model files."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from ...data.arrays import FULL_SCALE, LogMel, Samples, Waveform
from ...data.front_end import FrontEnd

_SLANEY_HZ, _LOG_FROM_HZ, _LOG_STEP = (
    200 / 3,
    1000.0,
    np.log(6.4) / 27,
)  # of a mel, up to where mels have one size, of a mel above
_FRAMES_PER_BLOCK = 200  # then what lies between two steps stays in the processor's cache


@functools.cache
def mel_matrix(front_end: FrontEnd) -> npt.NDArray[np.float32]:
    """How much of each frequency's power counts for each band: float32 [fft_size / 2 + 1, n_mels], of `librosa.filters.mel`.

    Made here to the same bits, because loading librosa takes longer than the features of ten thousand clips. Cached and
    shared: not to be written to.
    """
    edges = _band_edges_hz(front_end)
    low, center, high = edges[:-2], edges[1:-1], edges[2:]
    bins_hz = np.fft.rfftfreq(front_end.fft_size, 1 / front_end.sample_rate_hz)[:, None]
    triangles = np.minimum((bins_hz - low) / (center - low), (high - bins_hz) / (high - center))
    weights = np.maximum(0, triangles).astype(np.float32)
    return weights if front_end.mel_norm is None else (weights * (2 / (high - low))).astype(np.float32)


@functools.cache
def mel_centers_hz(front_end: FrontEnd) -> npt.NDArray[np.float64]:
    """The frequency that each band has in its middle: float64 [n_mels], rising. Cached and shared: not to be written to."""
    return _band_edges_hz(front_end)[1:-1]


def _band_edges_hz(front_end: FrontEnd) -> npt.NDArray[np.float64]:
    """Float64 [n_mels + 2]: band i rises from the first of three neighbors to the second, and falls to the third."""
    to_mel, to_hz = (_hz_to_htk, _htk_to_hz) if front_end.mel_scale == "htk" else (_hz_to_slaney, _slaney_to_hz)
    return to_hz(np.linspace(to_mel(front_end.f_min_hz), to_mel(front_end.f_max_hz), front_end.n_mels + 2))


def _hz_to_htk(hz: float) -> float:
    return float(2595.0 * np.log10(1 + hz / 700.0))


def _htk_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 700.0 * (10.0 ** (mel / 2595.0) - 1)


def _hz_to_slaney(hz: float) -> float:
    """Of Slaney's Auditory Toolbox: linear up to 1000 Hz, logarithmic above."""
    return (
        hz / _SLANEY_HZ
        if hz < _LOG_FROM_HZ
        else _LOG_FROM_HZ / _SLANEY_HZ + float(np.log(hz / _LOG_FROM_HZ)) / _LOG_STEP
    )


def _slaney_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    above = mel - _LOG_FROM_HZ / _SLANEY_HZ
    return np.where(above < 0, mel * _SLANEY_HZ, _LOG_FROM_HZ * np.exp(_LOG_STEP * above))


@functools.cache
def hann_window(size: int) -> npt.NDArray[np.float32]:
    """The periodic Hann window, 0.5 - 0.5 cos(2 pi n / size): float32 [size]. Cached and shared: not to be written to."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def log_mel(waveforms: Waveform | Samples, front_end: FrontEnd) -> LogMel:
    """The frames of one or many waveforms.

    Parameters
    ----------
    waveforms
        float32 [..., n] in [-1, 1), or the same as int16, at `front_end.sample_rate_hz`, n at least
        `front_end.window_samples`.
    front_end
        How to cut and weigh; `FrontEnd` has the definition.

    Returns
    -------
    float32 [..., 1 + (n - window) // hop, n_mels]: natural log of mel power, at least ln(`front_end.log_floor`).

    Examples
    --------
    >>> import numpy as np
    >>> from wordspot.data.front_end import FrontEnd
    >>> from wordspot.pipeline.features.log_mel import log_mel
    >>> log_mel(np.zeros((2, 16_000), np.float32), FrontEnd()).shape
    (2, 98, 40)
    """
    *sounds, size = waveforms.shape
    flat = waveforms.reshape(-1, size)
    if flat.dtype != np.int16:
        flat = flat.astype(np.float32, copy=False)
    windows = sliding_window_view(flat, front_end.window_samples, axis=-1)[:, :: front_end.hop_samples]
    n_frames, weights = windows.shape[1], mel_matrix(front_end)
    mels = np.empty((len(flat), n_frames, front_end.n_mels), np.float32)
    sounds_at_once, frames_at_once = max(1, _FRAMES_PER_BLOCK // n_frames), min(_FRAMES_PER_BLOCK, n_frames)
    power_of = _PowerOfFrames(sounds_at_once, frames_at_once, front_end, FULL_SCALE if flat.dtype == np.int16 else 1)
    for sound in range(0, len(flat), sounds_at_once):
        for frame in range(0, n_frames, frames_at_once):
            block = slice(sound, sound + sounds_at_once), slice(frame, frame + frames_at_once)
            np.matmul(power_of(windows[block]), weights, out=mels[block])
    np.log(np.maximum(mels, np.float32(front_end.log_floor), out=mels), out=mels)
    return mels.reshape(*sounds, *mels.shape[1:])


class _PowerOfFrames:
    """Power spectra of blocks of at most so many clips and frames, in memory asked for once: asking costs as much."""

    def __init__(self, clips: int, frames: int, front_end: FrontEnd, full_scale: int) -> None:
        size, bins = front_end.fft_size, front_end.fft_size // 2 + 1
        # the transform divides by its size; both are powers of two, so that nothing is rounded
        self._weights = hann_window(front_end.window_samples) * np.float32(size / full_scale)
        self._padded = np.zeros((clips, frames, size), np.float32)
        self._spectra = np.empty((clips, frames, bins), np.complex64)
        self._power = np.empty((clips, frames, bins), np.float32)

    def __call__(self, windows: np.ndarray) -> npt.NDArray[np.float32]:
        """float32 [clips, frames, bins], until the next call, of float32 or int16 [clips, frames, window_samples]."""
        clips, frames, _ = windows.shape
        padded, spectra, power = (whole[:clips, :frames] for whole in (self._padded, self._spectra, self._power))
        np.multiply(windows, self._weights, out=padded[..., : windows.shape[-1]])
        out: Any = spectra  # NumPy's types know double precision alone
        np.fft.rfft(padded, norm="forward", out=out)  # undivided, it would take the way of double precision
        parts = spectra.view(np.float32)
        np.square(parts, out=parts)
        return np.add(parts[..., ::2], parts[..., 1::2], out=power)
