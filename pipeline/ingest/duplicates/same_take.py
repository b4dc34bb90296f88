"""Whether two clips that run alike are one take: whether they do so in every band and at every moment."""

import numpy as np
from numpy.typing import NDArray

from ....data.arrays import Samples
from ...signal.spectrum import BIN_HZ, FRAME_SAMPLES

AGREEMENT_OF_SAME_TAKE = 0.7
_HOP = 160  # 10 ms
_BAND_EDGES = np.round(np.array([300, 500, 800, 1_200, 1_700, 2_300, 3_000, 3_700]) / BIN_HZ).astype(int)
_LOWEST, _HIGHEST = _BAND_EDGES[0], _BAND_EDGES[-1]  # what every codec and telephone keeps
_WINDOW = np.hanning(FRAME_SAMPLES + 1)[:-1].astype(np.float32)
_ABOVE_NOISE = 4.0  # of the power that a tenth of a band's moments stay below: 6 dB
_BELOW_LOUDEST = 10**-2.5
_FEWEST_MOMENTS = 5  # of a band
_FEWEST_BANDS = 3


def agreement(one: Samples, other: Samples) -> float:
    """How alike two clips run that lie on each other, with every band and every moment made equally loud.

    One strong low vowel decides a plain correlation, and two takes of a speaker may share its pitch for as long as it
    lasts. So the correlation is taken of each of seven bands from 300 to 3,700 Hz in each 32 ms (every 10 ms), and their
    mean over the moments that rise above the noise in both clips, then over the bands that have five such moments. Where
    fewer than three bands have (a steady sound), each band's correlation over all of its moments counts.

    Parameters
    ----------
    one, other
        int16 [n], of the same length.

    Returns
    -------
    -1 to 1; 0 for less than a frame.
    """
    if len(one) < FRAME_SAMPLES:
        return 0.0
    first, second = _spectra(one), _spectra(other)
    products = _in_bands((first * second.conj()).real)
    powers = [_in_bands(spectra.real**2 + spectra.imag**2) for spectra in (first, second)]
    counts = np.logical_and(*(_rises(power) for power in powers))
    bands = counts.sum(axis=0) >= _FEWEST_MOMENTS
    if bands.sum() < _FEWEST_BANDS:
        return float(np.mean(_normalized(products.sum(axis=0), *(power.sum(axis=0) for power in powers))))
    moments = np.where(counts, _normalized(products, *powers), 0)
    return float(np.mean((moments.sum(axis=0) / np.maximum(counts.sum(axis=0), 1))[bands]))


def _spectra(samples: Samples) -> NDArray[np.complexfloating]:
    """complex64 [frames, bins], of the bins that lie in a band."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float32), FRAME_SAMPLES)[::_HOP]
    return np.fft.rfft(frames * _WINDOW, axis=1)[:, _LOWEST:_HIGHEST]


def _in_bands(bins: np.ndarray) -> np.ndarray:
    """[frames, bands]: sums."""
    return np.add.reduceat(bins, _BAND_EDGES[:-1] - _LOWEST, axis=1)


def _rises(power: np.ndarray) -> np.ndarray:
    """Bool [frames, bands]: what is above the band's noise, and not far below its loudest moment."""
    return (power > _ABOVE_NOISE * np.quantile(power, 0.1, axis=0)) & (power > _BELOW_LOUDEST * power.max(axis=0))


def _normalized(products: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return products / np.maximum(np.sqrt(one) * np.sqrt(other), 1e-9)
