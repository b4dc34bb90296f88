"""DC offset: the waveform does not swing around zero.

What: the mean of the clip's samples.
Why: a constant offset is the sign of a bad sound card or cable. It takes headroom, clicks at every cut, and lifts the
plain mean |x|, so that silence no longer looks silent.
Formula: `dc_offset` = |mean(x)| over the clip, without exact zeros at its ends, a share of full scale, at the recording's
own sample rate.
Limits: 0.01. Strong rumble below 5 Hz that does not average out over a second looks the same.
"""

import numpy as np

from ....data.arrays import FULL_SCALE
from .check import Check
from .cut_stack import CutStack


def measure(stack: CutStack) -> np.ndarray:
    """|mean| of each clip, as a share of full scale."""
    samples = stack.native_content
    return np.abs(samples.sum(axis=1, dtype=np.int64)) / (max(1, samples.shape[1]) * FULL_SCALE)


CHECK = Check(
    name="dc_offset",
    title="DC offset",
    column="dc_offset",
    limit=0.01,
    advice="The waveform is not centered on zero: check the sound card and the cable, or filter it (high-pass, 20 Hz).",
    measure=measure,
    digits=5,
)
