"""Narrow band: the high frequencies are missing.

What: the recording was made at a lower sample rate and converted, went through a telephone or a Bluetooth headset, or was
heavily compressed, so that above some frequency there is nothing but rounding noise.
Why: s, f and t live above 4 kHz. A network that gets half of its examples without them learns the microphone.
Formula: the clip's mean power spectrum in bands of 250 Hz; `bandwidth_hz` = upper edge of the highest band whose mean power
is 10 dB above what rounding to 16 bits alone gives (1.5e-8 per bin, see `power_spectrum`).
Limits: 6,000 Hz. A recording that was made louder after it was converted carries its rounding noise up with it, and is
missed; so is one from a converter that leaves mirror images above (of 199 recordings sent through 8 kHz, soxr 95% were found,
SciPy's `resample_poly` 25%, linear interpolation none). Looking for the cliff itself was tried: at 25 dB within 1 kHz it finds
70% of `resample_poly`'s, but also 1% of recordings that nobody converted. One in which nothing rises above rounding noise has
bandwidth 0.
"""

import numpy as np

from ...signal.spectrum import BIN_HZ
from .check import Check
from .cut_stack import CutStack

_BAND_BINS = 8
_ROUNDING_POWER = 1.5e-8
_ABOVE_ROUNDING = 10.0


def measure(stack: CutStack) -> np.ndarray:
    """Bandwidth of each clip in Hz, 0 to 8,000 in steps of 250."""
    cuts, frames, _ = stack.power.shape
    bands = stack.power.sum(axis=1)[:, 1:].reshape(cuts, -1, _BAND_BINS).sum(axis=2)
    present = bands > _ABOVE_ROUNDING * _ROUNDING_POWER * _BAND_BINS * frames
    highest = np.where(present, np.arange(1, bands.shape[1] + 1), 0).max(axis=1)
    return highest * _BAND_BINS * BIN_HZ


CHECK = Check(
    name="narrow_band",
    title="narrow band",
    column="bandwidth_hz",
    limit=6_000.0,
    advice="The high frequencies are missing: record at 16 kHz or more, without a telephone or Bluetooth in between.",
    measure=measure,
    below=True,
    digits=0,
)
