"""Near-duplicate: the same take as another recording, encoded again, shifted, resampled or at another gain.

What: two clips whose waveforms run alike when one is moved along the other.
Why: as for duplicates: a take that was converted and collected again is still the same take.
Formula: `near_duplicate_of` names another recording whose largest normalized cross-correlation with this one, over all
shifts that leave half of the shorter one covered, is at least 0.7, and which also runs alike when every band and every
moment is made equally loud: `agreement` of `wordspot.pipeline.ingest.duplicates.same_take` is at least 0.7. Candidates
come from fingerprints (see `wordspot.pipeline.ingest.duplicates.candidates`). Which of several are
found is decided as for duplicates.
Limits: of 6,290 pairs of different takes of one word by one speaker none is found (the correlation alone found 11); their
largest agreement is 0.50, and the smallest of takes that were encoded, resampled or clipped 0.82 (`make bench-takes`).
A pure tone or a synthetic voice may say the same thing twice and be found.
Speed or pitch changes, and heavy noise on top, are not found.
"""

from .check import Check

CHECK = Check(
    name="near_duplicate",
    title="near-duplicate",
    column="near_duplicate_of",
    limit="",
    advice="The same take is there twice, converted or shifted: delete one.",
    measure=None,
)
