"""Unreadable: the file cannot be decoded.

What: not audio, damaged, cut short, empty, of a format that needs PyAV where that is missing, NaN or infinity among its
samples, longer than an hour, not a regular file, or one that may not be read.
Why: no clip can be made of it. A recording that was cut short by a full disk or a broken transfer is refused whole,
because the part that is missing may be the word.
Measured: nothing; the sentence in `detail` says what was seen. Decoding itself (`wordspot.data.audio.read_sound`) finds it.
Limits: where nothing in a file says how long it is (MP3 without an Info frame that was cut between two frames, raw samples),
it cannot be distinguished from a shorter one.
"""

from .check import Check

CHECK = Check(
    name="unreadable",
    title="unreadable",
    column="detail",
    limit="",
    advice="The file cannot be decoded: record it again, or copy it again from where it came.",
    measure=None,
    discards=True,
)
