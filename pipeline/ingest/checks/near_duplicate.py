"""Near-duplicate: the same take as another recording, encoded again, shifted, resampled or at another gain.

What: two clips whose waveforms run alike when one is moved along the other.
Why: as for duplicates: a take that was converted and collected again is still the same take.
Formula: `near_duplicate_of` names another recording whose largest normalized cross-correlation with this one, over all
shifts that leave half of the shorter one covered, is at least 0.8. Candidates come from fingerprints (see
`wordspot.pipeline.ingest.duplicates.fingerprints`). Which of several are found is decided as for duplicates.
Limits: a pure tone or a synthetic voice may say the same thing twice and be found.
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
