"""Waveform to log-mel frames, in NumPy: what feature sets are made with; `keras_layer` is the same for model files."""

import functools

import librosa
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from ...data.arrays import LogMel, Waveform
from ...data.front_end import FrontEnd


@functools.cache
def mel_matrix(front_end: FrontEnd) -> npt.NDArray[np.float32]:
    """How much of each frequency's power counts for each band: float32 [fft_size / 2 + 1, n_mels], of `librosa.filters.mel`.

    Cached and shared: not to be written to.
    """
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
def mel_centers_hz(front_end: FrontEnd) -> npt.NDArray[np.float64]:
    """The frequency that each band has in its middle: float64 [n_mels], rising. Cached and shared: not to be written to."""
    edges = librosa.mel_frequencies(
        front_end.n_mels + 2, fmin=front_end.f_min_hz, fmax=front_end.f_max_hz, htk=front_end.mel_scale == "htk"
    )
    return edges[1:-1]


@functools.cache
def hann_window(size: int) -> npt.NDArray[np.float32]:
    """The periodic Hann window, 0.5 - 0.5 cos(2 pi n / size): float32 [size]. Cached and shared: not to be written to."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def log_mel(waveforms: Waveform, front_end: FrontEnd) -> LogMel:
    """The frames of one or many waveforms.

    Parameters
    ----------
    waveforms
        float32 [..., n] in [-1, 1), at `front_end.sample_rate_hz`, n at least `front_end.window_samples`.
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
    windows = sliding_window_view(waveforms.astype(np.float32, copy=False), front_end.window_samples, axis=-1)
    frames = windows[..., :: front_end.hop_samples, :] * hann_window(front_end.window_samples)
    spectrum = np.fft.rfft(frames, front_end.fft_size)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(np.maximum(power @ mel_matrix(front_end), np.float32(front_end.log_floor)))
