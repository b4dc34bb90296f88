"""Too quiet for its noise: the loud part hardly rises above the quiet part.

What: the signal-to-noise ratio, estimated from the energies of 32 ms frames.
Why: where the word drowns, a network learns the noise. But some noise is what it will meet: this flags, it does not
discard.
Formula: N = mean power of the quietest tenth of the clip's frames, S = mean power of the loudest three tenths, above
125 Hz so that hum and rumble do not count; `snr_db` = 10 log10((S - N) / N), at most 100.
Limits: 5 dB. A word that fills its recording leaves no quiet frames, and is taken for its own noise; steady music or
another speaker counts as noise only where it is quietest.
"""

import math

import numpy as np

from .check import Check
from .cut_stack import CutStack

_HIGHEST_DB = 100.0


def measure(stack: CutStack) -> list[float]:
    """Signal-to-noise ratio of each clip in dB, -100 to 100; 0 for silence."""
    frames = stack.ranked_frame_power
    tenth = max(1, frames.shape[1] // 10)
    quiet, loud = frames[:, :tenth], frames[:, -3 * tenth :]
    noises, signals = (part.sum(axis=1).astype(np.float64) / part.shape[1] for part in (quiet, loud))
    return [_snr_db(float(noise), float(signal)) for noise, signal in zip(noises, signals, strict=True)]


def _snr_db(noise: float, signal: float) -> float:
    if signal <= 0:
        return 0.0
    ratio = (signal - noise) / max(noise, signal * 10 ** (-_HIGHEST_DB / 10))
    return max(-_HIGHEST_DB, min(_HIGHEST_DB, 10 * math.log10(max(ratio, 1e-10))))


CHECK = Check(
    name="low_snr",
    title="too quiet for its noise",
    column="snr_db",
    limit=5.0,
    advice="The word hardly rises above the noise: record it nearer to the microphone, or where it is quieter.",
    measure=measure,
    below=True,
)
