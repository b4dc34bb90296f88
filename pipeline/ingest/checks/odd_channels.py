"""Odd channels: channels that cancel each other, or of which some are silent.

What: a mix that is far weaker than the strongest channel (two channels of opposite phase), and channels without any sound
beside others that have some.
Why: averaged, the first give silence or hiss, and the second a recording that is quieter than it was. Both come from wiring:
a balanced cable in a stereo socket, one pole of two microphones exchanged, a microphone plugged into one of two sockets.
Formula: powers without their mean, over the whole recording: mix below 0.02 / channels of the strongest (-20 dB for two;
unrelated channels give 1 / channels), or a channel below 1e-6 (-60 dB) of the strongest.
Measured: `odd_channels`: what was seen and which channels were taken; decoding (`wordspot.data.audio`) does both. The clip is
right then.
Limits: a recording whose channels cancel each other only in some bands, or for a part of the time, is averaged.
"""

from .check import Check
from .cut_stack import CutStack


def measure(stack: CutStack) -> list[str]:
    """What decoding noted about the channels of each, or nothing."""
    return [
        next((note.detail for note in cut.sound.notes if note.name in ("opposite_phase", "silent_channel")), "")
        for cut in stack.cuts
    ]


CHECK = Check(
    name="odd_channels",
    title="odd channels",
    column="odd_channels",
    limit="",
    advice="The clip has the channels with the sound and is right; look at the cable or the microphone before recording more.",
    measure=measure,
)
