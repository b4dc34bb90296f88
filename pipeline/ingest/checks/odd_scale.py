"""Odd scale: samples that lie on the scale of another format than their own.

What: floating-point samples of -32,768 to 32,767 (or of 24 or 32 bits) where -1 to 1 is expected, and 16-bit or 24-bit
samples in the lower part of 32-bit ones.
Why: a program wrote them without dividing (SciPy's `wavfile.write` of an int16 array turned to float32, for one). Other tools
play them as square waves or as silence, and so would any that does not look.
Measured: `odd_scale`: what was seen and by what the samples were divided; decoding (`wordspot.data.audio`) does both. The clip
is right then.
Limits: a float file with a peak below 16 (24 dB above full scale) is taken for one that is too loud, and clipped; 16-bit
samples in the lower part of 24 bits cannot be told from a very quiet recording.
"""

from .check import Check
from .cut_stack import CutStack


def measure(stack: CutStack) -> list[str]:
    """What decoding noted about the scale of each, or nothing."""
    return [next((note.detail for note in cut.sound.notes if note.name == "odd_scale"), "") for cut in stack.cuts]


CHECK = Check(
    name="odd_scale",
    title="odd scale",
    column="odd_scale",
    limit="",
    advice="The clip was scaled back and is right; other tools misread the recording, so write it anew at its scale.",
    measure=measure,
)
