"""Duplicate: the same audio as another recording, whatever the file name.

What: the samples of two clips agree, after leaving out exact zeros at their ends and after scaling one to the other.
Why: the same clip under two labels is a label error, and in two splits it is leakage: the test is then on training data.
Copied twice into one label it only counts twice.
Formula: with the louder clip y, the quieter clip x, and the gain g that fits best, x - g y is nothing but rounding: its
root mean square stays below 0.75 of a 16-bit step, where ends that one has and the other has not are compared with
zeros. `duplicate_of` names the other recording.
Which are found: of equal clips under one label all but the first (by path); where labels differ, all of them, for nobody
can tell which label is right. So leaving out what is found keeps one of each, or none where the label is in doubt.
Limits: a gain so large that the copy clips, or so small that it is only a few steps high, makes a near-duplicate of it.
"""

from .check import Check

CHECK = Check(
    name="duplicate",
    title="duplicate",
    column="duplicate_of",
    limit="",
    advice="The same audio is there twice: delete one, and where the labels differ, listen to which is right.",
    measure=None,
)
