"""Sound as networks take it, and what can be no sound at all."""

import numpy as np

from ...data.arrays import Samples, Waveform, to_waveform
from ...data.errors import WordspotError

_LOUDEST = 4.0  # 12 dB above full scale: more is another scale, not a loud recording


def as_waveform(sound: Samples | Waveform) -> Waveform:
    """int16 to float32 in [-1, 1); floats as float32, checked as by `check_floats`.

    Raises
    ------
    WordspotError
        Another type, whose scale could only be guessed; NaN, infinity, or floats far above 1.

    Examples
    --------
    >>> as_waveform(np.array([-32_768, 16_384], np.int16))
    array([-1. ,  0.5], dtype=float32)
    """
    array = np.asarray(sound)
    if array.dtype == np.int16:
        return to_waveform(array)
    if array.dtype.kind != "f":
        raise WordspotError(f"the samples have type {array.dtype}; expected int16, or floats in [-1, 1)")
    check_floats(array)
    return array.astype(np.float32, copy=False)


def check_floats(array: np.ndarray) -> None:
    """Raises `WordspotError` for floats of any shape that are NaN or infinite, or on another scale than [-1, 1)."""
    peak = max(float(array.max(initial=0)), -float(array.min(initial=0)))
    if not np.isfinite(peak):
        raise WordspotError(
            "the sound has NaN or infinite samples: find out where they come from, or replace them by 0"
        )
    if peak > _LOUDEST:
        raise WordspotError(
            f"the sound reaches {peak:g}; floats are expected in [-1, 1): divide 16-bit values by 32768, or pass them as int16"
        )
