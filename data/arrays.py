"""The arrays that pass between the stages, by name, and the way from 16 bits to floating point and back."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FULL_SCALE = 32_768  # of 16-bit samples: one unit of [-1, 1)

Samples: TypeAlias = npt.NDArray[np.int16]
"""int16 [n]: mono sound as it lies in files and comes from microphones; full scale is 32,768."""

Waveform: TypeAlias = npt.NDArray[np.float32]
"""float32 [n] or [clips, n] in [-1, 1): mono sound as front ends and networks take it."""

LogMel: TypeAlias = npt.NDArray[np.floating]
"""float32 or float16 (on disk) [frames, mels] or [clips, frames, mels]: natural log of mel power."""


def to_waveform(samples: npt.NDArray[np.number]) -> Waveform:
    """16-bit samples (of any numeric type) to float32 in [-1, 1); exact, because the scale is a power of two."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def to_samples(waveform: npt.NDArray[np.floating]) -> Samples:
    """[-1, 1) to int16: rounded to the nearest (halves to even), and what lies beyond full scale clipped.

    The values must be finite: NaN has no integer.
    """
    return np.clip(np.rint(waveform * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
