"""Near-silent: no voice can be made out.

What: the clip, its loudest second, is quieter than `--min-volume`.
Why: a muted microphone, or a press of the button without a word, teaches a network that silence is the word. It is the
most frequent defect: 6.7% of the real recordings this was developed on.
Formula: `volume` = mean |x| over the clip, a share of full scale: the measure of Warden's `extract_loudest_section`.
Limits: 0.004, as there. A word in a recording of low level is below it too: give a lower `--min-volume`. A constant offset
counts as sound and so may hide silence; the check for it flags such recordings. (Leaving the offset out was tried: it
finds 33 more of 9,895, most of them quiet words, and listeners had kept half of those of which that is known.)
"""

import numpy as np

from .check import Check
from .cut_stack import CutStack


def measure(stack: CutStack) -> np.ndarray:
    """Mean |x| over each clip, as a share of full scale; the zeros around a shorter recording count."""
    return stack.volume


CHECK = Check(
    name="near_silent",
    title="near-silent",
    column="volume",
    limit=0.004,
    advice="Nobody is heard: record it again, nearer to the microphone.",
    measure=measure,
    below=True,
    digits=6,
    discards=True,
)
