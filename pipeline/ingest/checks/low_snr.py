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

from .check import Check
from .cut_recording import CutRecording

_HIGHEST_DB = 100.0


def measure(cut: CutRecording) -> float:
    """Signal-to-noise ratio of the clip in dB, -100 to 100; 0 for silence."""
    frames = cut.ranked_frame_power
    tenth = max(1, len(frames) // 10)
    noise, signal = float(frames[:tenth].sum()) / tenth, float(frames[-3 * tenth :].sum()) / len(frames[-3 * tenth :])
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
