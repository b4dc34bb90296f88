"""Cut off: the word runs into the start or the end of the recording, so a part of it was never recorded.

What: how loud the recording is in its first or last 32 ms, beside the loudest part of the word.
Why: half a word is another word ("go" of "gone"), and a network that trains on it learns words that nobody said. Only the
recording's own edges count: an edge of the clip inside a longer recording can be moved, the recording's cannot.
Formula: P = power above 125 Hz of each 32 ms frame, L = its 95th percentile, N = its 10th percentile; E = the larger P of
the recording's first and last frame, exact zeros before and after left out; `edge_db` = 10 log10((E - 2 N) / L), from
-100 to 100; -100 is given too where the clip touches neither edge.
Limits: -15 dB. A steady noise is no word, so the edge must rise 3 dB above the quietest tenth to count at all; a recording
that is all word has no such tenth, and is missed.
"""

import math

from .check import Check
from .cut_recording import CutRecording
from .cut_stack import CutStack

_LOWEST_DB = -100.0
_ABOVE_NOISE = 2.0


def measure(stack: CutStack) -> list[float]:
    """Level of the louder edge in dB beside the loud frames, -100 when no edge rises above the noise."""
    ranked = stack.ranked_frame_power
    frames = ranked.shape[1]
    thresholds, louds = _ABOVE_NOISE * ranked[:, frames // 10], ranked[:, frames * 19 // 20]
    edges = [
        max((power[frame] for frame in _edges(cut)), default=0.0) - threshold
        for cut, power, threshold in zip(stack.cuts, stack.frame_power, thresholds, strict=True)
    ]
    return [_level_db(float(edge), float(loud)) for edge, loud in zip(edges, louds, strict=True)]


def _level_db(edge: float, loud: float) -> float:
    if edge <= 0:
        return _LOWEST_DB
    loud = max(loud, edge * 1e-10)  # two clicks in digital silence have no loud part: 100 dB
    return max(_LOWEST_DB, 10 * math.log10(edge / loud))


def _edges(cut: CutRecording) -> list[int]:
    """The frames of the clip that are edges of the recording: 0, -1, both or none."""
    samples, (first, last) = cut.sound.samples, cut.span
    at_start = first == 0 or not samples[:first].any()
    at_end = last == len(samples) or not samples[last:].any()
    return [frame for frame, is_edge in ((0, at_start), (-1, at_end)) if is_edge]


CHECK = Check(
    name="cut_off",
    title="cut off",
    column="edge_db",
    limit=-15.0,
    advice="The word begins before the recording, or ends after it: press earlier, and let go later.",
    measure=measure,
)
