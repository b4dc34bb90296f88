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
from .cut_recording import CutRecording


def measure(cut: CutRecording) -> float:
    """|mean| of the clip, as a share of full scale."""
    samples = cut.native_content
    return abs(int(samples.sum(dtype=np.int64))) / (len(samples) * FULL_SCALE) if len(samples) else 0.0


CHECK = Check(
    name="dc_offset",
    title="DC offset",
    column="dc_offset",
    limit=0.01,
    advice="The waveform is not centered on zero: check the sound card and the cable, or filter it (high-pass, 20 Hz).",
    measure=measure,
    digits=5,
)
