"""Dropouts: samples that were lost while recording.

What: runs of exact zeros inside sound.
Why: an overloaded computer or a lost packet leaves gaps with hard edges, clicks that the word does not have. Digital
silence between words is no gap: sound fades before it.
Formula: `dropout_ms` = total length of the runs of zeros of at least 2 ms whose 4 ms before and after both have a mean
|x| of at least a quarter of the clip's, at the recording's own sample rate.
Limits: any such run. Gaps that were filled (repeated packets, comfort noise) or blurred by lossy coding are not found, nor
is one in a moment that is quiet anyway.
"""

import math

import numpy as np

from ....data.arrays import Samples
from ...signal.spectrum import runs
from .check import Check
from .cut_stack import CutStack

_SHORTEST_S = 0.002
_BESIDE_S = 0.004
_LOUDNESS_BESIDE = 0.25


def measure(stack: CutStack) -> list[float]:
    """Milliseconds lost, of each clip."""
    shortest = math.ceil(_SHORTEST_S * stack.native_rate_hz)
    zeros = stack.native_content[:, :: max(1, shortest // 8)] == 0  # any run that is long enough holds eight of these
    for apart in (1, 2, 4):
        if 2 * apart <= shortest:
            zeros = zeros[:, apart:] & zeros[:, :-apart]
    return [
        _lost_ms(samples, stack.native_rate_hz) if found else 0.0
        for samples, found in zip(stack.native_content, zeros.any(axis=1), strict=True)
    ]


def _lost_ms(samples: Samples, rate_hz: float) -> float:
    begins, ends = runs(samples == 0)
    long = (ends - begins >= _SHORTEST_S * rate_hz) & (begins > 0) & (ends < len(samples))
    begins, ends = begins[long], ends[long]
    beside = round(_BESIDE_S * rate_hz)
    sums = np.append(0, np.cumsum(np.abs(samples.astype(np.int64))))
    before, after = np.maximum(begins - beside, 0), np.minimum(ends + beside, len(samples))
    quietest = np.minimum(
        (sums[begins] - sums[before]) / (begins - before), (sums[after] - sums[ends]) / (after - ends)
    )
    lost = (ends - begins)[quietest >= sums[-1] / len(samples) * _LOUDNESS_BESIDE].sum()
    return 1000 * float(lost) / rate_hz


CHECK = Check(
    name="dropouts",
    title="dropouts",
    column="dropout_ms",
    limit=0.0,
    advice="Samples were lost while recording: record it again, with fewer other programs running.",
    measure=measure,
    digits=2,
)
