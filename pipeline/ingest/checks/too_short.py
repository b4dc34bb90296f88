"""Too short: less sound than any word takes.

What: the recording, without the exact zeros at its ends, is shorter than 0.2 s.
Why: of 1,000 real words the median lasts 0.4 s; so little is a slip of the button, or a cut that left only a part.
Formula: `sound_s` = samples from the first to the last that is not zero / 16,000, in seconds.
A recording of nothing but zeros has no ends: it is near-silent, not too short, and all of it counts.
Limits: 0.2 s. Of 2,828 recordings of which is known what listeners kept, the shortest kept one lasts 0.5 s.
"""

from ....data.audio import SAMPLE_RATE_HZ
from ...signal.spectrum import without_outer_zeros
from .check import Check
from .cut_recording import CutRecording
from .cut_stack import CutStack


def measure(stack: CutStack) -> list[float]:
    """Seconds of sound in each whole recording, outer zeros left out."""
    return [_sound_s(cut) for cut in stack.cuts]


def _sound_s(cut: CutRecording) -> float:
    first, last = without_outer_zeros(cut.sound.samples)
    return (last - first or len(cut.sound.samples)) / SAMPLE_RATE_HZ


CHECK = Check(
    name="too_short",
    title="too short",
    column="sound_s",
    limit=0.2,
    advice="Shorter than a word: record it again.",
    measure=measure,
    below=True,
    digits=3,
    discards=True,
)
