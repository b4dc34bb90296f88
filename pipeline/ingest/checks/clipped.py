"""Clipped: the microphone or its amplifier was overdriven.

What: samples that stand at the recording's own rails, its highest or lowest value, for three samples and more.
Why: flat tops add harmonics that the same word without them does not have. A single sample at full scale is harmless,
and audio may have been made quieter after it was clipped, so runs are looked for and not peaks.
Formula: `clipped_share` = samples in runs of at least 3 within one 16-bit step of the clip's maximum or minimum / samples
of the clip, at the recording's own sample rate.
Limits: 0.0003 (5 samples in a second at 16 kHz, so one short run is not enough), and rails of at least 1,000 steps
(-30 dBFS), below which natural peaks look flat. Lossy coding after the clipping rounds the tops and hides it; a steady tone
or hum below some 100 Hz at a high sample rate has flat tops by itself, and is found.
"""

import numpy as np

from ...signal.spectrum import runs
from .check import Check
from .cut_stack import CutStack

_SHORTEST_RUN = 3
_LOWEST_RAIL = 1_000


def measure(stack: CutStack) -> np.ndarray:
    """Share of each clip's samples that stand at a rail, 0 to 1."""
    samples = stack.native_content
    high, low = samples.max(axis=1, initial=0, keepdims=True), samples.min(axis=1, initial=0, keepdims=True)
    stuck = _in_runs(samples >= high - 1, high >= _LOWEST_RAIL) + _in_runs(samples <= low + 1, low <= -_LOWEST_RAIL)
    return stuck / max(1, samples.shape[1])


def _in_runs(at_rail: np.ndarray, is_rail: np.ndarray) -> np.ndarray:
    """int64 [cuts]: samples in runs that are long enough, of bool [cuts, n]; 0 where bool [cuts, 1] has no rail."""
    stuck = np.zeros(len(at_rail), np.int64)
    for row in np.flatnonzero(is_rail):
        if np.count_nonzero(at_rail[row]) < _SHORTEST_RUN:
            continue
        begins, ends = runs(at_rail[row])
        lengths = ends - begins
        stuck[row] = lengths[lengths >= _SHORTEST_RUN].sum()
    return stuck


CHECK = Check(
    name="clipped",
    title="clipped",
    column="clipped_share",
    limit=0.0003,
    advice="Overdriven: record it again with less gain, or farther from the microphone.",
    measure=measure,
    digits=5,
)
