"""Steady colored noise, where there is no recording of a room."""

import numpy as np

from ...data.arrays import Waveform

SPECTRAL_EXPONENTS = np.linspace(-1, 2.5, 15)  # power ~ 1 / f^e: -1 blue, 0 white, 1 pink, 2 brown
_LOWEST_CYCLES_PER_SAMPLE = 1 / 400  # level below 40 Hz at 16 kHz, or brown noise is rumble alone


def colored_noise(size: int, exponent: float, rng: np.random.Generator) -> Waveform:
    """float32 [size] with a peak of 1, whose power falls with frequency as 1 / f^exponent."""
    frequencies = np.maximum(np.fft.rfftfreq(size), _LOWEST_CYCLES_PER_SAMPLE)
    waveform = np.fft.irfft(np.fft.rfft(rng.normal(size=size)) * frequencies ** (-exponent / 2), size)
    return (waveform / np.abs(waveform).max()).astype(np.float32)
