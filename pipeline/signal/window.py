"""Where in a recording the word is."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ...data.arrays import Samples
from .spectrum import BIN_HZ, FRAME_SAMPLES, power_spectrum, without_outer_zeros

WindowRule = Literal["centered", "loudest"]

_CHUNK = 1 << 20  # window positions summed at a time, so that an hour of sound needs no gigabyte
_CHUNK_FRAMES = 2_000  # frames transformed at a time, likewise
_HOP = 160  # 10 ms
_BAND_EDGES = np.unique(np.round(np.geomspace(100, 7_000, 17) / BIN_HZ).astype(int))
_CLICK_FRAMES = 9  # a click of up to 12 ms sounds in fewer than half of so many frames
_LEAST_POWER = 1e-7  # of a band: so that nothing is divided by digital silence
_ABOVE_NOISE = 4.0  # of the noise's power: 6 dB
_TOLERANCE = 0.05


def loudest_window(samples: Samples, size: int) -> tuple[int, int]:
    """The window with the largest sum of |x|, over every sample position.

    Sums are of integers and so exact; the first window wins a tie (a silent recording gives position 0).

    Parameters
    ----------
    samples
        int16 [n] with n >= size.
    size
        Window length in samples, at least 1.

    Returns
    -------
    start
        Index of the window's first sample.
    total
        Its sum of |x|, in units of one 16-bit step.

    Examples
    --------
    >>> loudest_window(np.array([0, 1, -5, 3, 0], np.int16), 2)
    (2, 8)
    """
    best_start, best_total = 0, -1
    for begin in range(0, len(samples) - size + 1, _CHUNK):
        sums = _window_sums(samples[begin : begin + _CHUNK + size - 1], size)
        peak = int(sums.argmax())
        if sums[peak] > best_total:
            best_start, best_total = begin + peak, int(sums[peak])
    return best_start, best_total


def centered_window(samples: Samples, size: int) -> int:
    """The window that has the word in its middle.

    The power spectrum, 16 bands from 100 to 7,000 Hz every 10 ms, shows how far each moment rises above the noise: the
    median of every band over 90 ms (so that a click of up to 12 ms vanishes), beside four times the band's median over
    the recording (its noise), as a logarithm, so that the weak sounds of a word count beside its vowels. Many windows
    hold all of a short word: of those with at least 95% of the largest sum, next to each other, the middle one is taken.
    So the word is centered, where the loudest window has it anywhere.

    Parameters
    ----------
    samples
        int16 [n] with n >= size.
    size
        Window length in samples.

    Returns
    -------
    Index of the window's first sample; that of `loudest_window` where nothing rises above the noise, or the window is
    shorter than a frame of 32 ms.
    """
    if len(samples) == size:
        return 0
    if size < FRAME_SAMPLES:
        return loudest_window(samples, size)[0]
    frames = 1 + (size - FRAME_SAMPLES) // _HOP
    rise = np.pad(_rise_above_noise(samples), frames)  # as many windows hold a word near an end as any other
    sums = np.concatenate(([0.0], np.cumsum(rise)))
    totals = sums[frames:] - sums[:-frames]
    best = int(totals.argmax())
    if totals[best] <= 0:
        return loudest_window(samples, size)[0]
    short = np.flatnonzero(totals < (1 - _TOLERANCE) * totals[best])
    first, last = int(short[short < best][-1]) + 1, int(short[short > best][0]) - 1
    start = (first + last) * _HOP // 2 - frames * _HOP
    return min(max(0, start), len(samples) - size)


def _centered_start(samples: Samples, size: int) -> int:
    """The centered window of what lies between exact zeros at the ends; all of it where it fits."""
    first, last = without_outer_zeros(samples)
    if last - first > size:
        return first + centered_window(samples[first:last], size)
    return min(max(0, (first + last - size) // 2), len(samples) - size)


def _rise_above_noise(samples: Samples) -> np.ndarray:
    """float64 [frames]: how far each 32 ms frame, 10 ms apart, rises above the noise, in nepers over all bands."""
    rise = np.zeros(1 + (len(samples) - FRAME_SAMPLES) // _HOP)
    for band in np.concatenate(list(_band_power(samples))).T:
        padded = np.pad(band, _CLICK_FRAMES // 2, mode="edge")
        steady = np.median(sliding_window_view(padded, _CLICK_FRAMES), axis=-1)
        threshold = max(_ABOVE_NOISE * float(np.median(steady)), _LEAST_POWER)
        rise += np.log(np.maximum(steady / threshold, 1))
    return rise


def _band_power(samples: Samples) -> Iterator[np.ndarray]:
    """float32 [frames, bands] blocks, every 10 ms."""
    frames = 1 + (len(samples) - FRAME_SAMPLES) // _HOP
    for begin in range(0, frames, _CHUNK_FRAMES):
        end = min(begin + _CHUNK_FRAMES, frames)
        part = samples[begin * _HOP : (end - 1) * _HOP + FRAME_SAMPLES]
        yield np.add.reduceat(power_spectrum(part, _HOP)[:, : _BAND_EDGES[-1]], _BAND_EDGES[:-1], axis=1)


def fit_to_window(samples: Samples, size: int, rule: WindowRule = "centered") -> tuple[Samples, int]:
    """One clip of exactly `size` samples from a recording of any length.

    A longer recording is cut to one window, `centered_window` (for which exact zeros at its ends do not count) or
    `loudest_window`. A shorter one is kept whole, centered between zeros (the odd zero goes to the end).

    Returns
    -------
    clip
        int16 [size].
    start
        Where the clip begins in the recording, in samples; negative by the number of zeros put before a shorter one.
    """
    if len(samples) >= size:
        start = _centered_start(samples, size) if rule == "centered" else loudest_window(samples, size)[0]
        return samples[start : start + size], start
    before = (size - len(samples)) // 2
    return np.pad(samples, (before, size - len(samples) - before)), -before


def window_around(samples: Samples, size: int, middle: float) -> tuple[Samples, int]:
    """The clip of exactly `size` samples that has its middle at a sample of the recording; zeros where that has none.

    Returns
    -------
    clip, start
        As of `fit_to_window`; it holds at least one sample of the recording.
    """
    start = min(max(round(middle - size / 2), 1 - size), len(samples) - 1)
    before, behind = max(0, -start), max(0, start + size - len(samples))
    return np.pad(samples[max(0, start) : start + size], (before, behind)), start


def _window_sums(samples: Samples, size: int) -> np.ndarray:
    """int64 [n - size + 1]: sum of |x| of the window that starts at each sample."""
    sums = np.zeros(len(samples) + 1, np.int64)
    np.cumsum(np.abs(samples.astype(np.int32)), out=sums[1:])  # int32 first: |-32768| does not fit 16 bits
    return sums[size:] - sums[:-size]
