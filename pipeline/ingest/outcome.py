"""What became of one recording: the record that passes from stage to stage of cleaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...data.labels import is_word
from .checks import CHECKS, Value

MEASUREMENTS = (
    "window_start_s",
    "duration_s",
    "sample_rate_hz",
    "channels",
    "peak_dbfs",
    "mean_abs_before",
    "mean_abs_after",
)
TEXT_COLUMNS = frozenset(check.column for check in CHECKS if check.measure and isinstance(check.limit, str))
MEASURED_COLUMNS = frozenset((*MEASUREMENTS, *(check.column for check in CHECKS if check.measure)))


DROPPED = "dropped"  # what a recording is discarded for that a person has taken out


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording: a clip, a long sound, or a discard.

    Attributes
    ----------
    file_name
        The clip file, `<label>/<name>.wav` relative to the clean folder; of a discard, the one that it would have become.
    label
        The word said, or the name of a `_` folder.
    speaker
        Who said it; empty when not known.
    source
        The recording, as `Recording.key` has it.
    findings
        Names of the checks that found something, in the order in which they look.
    discarded_for
        The check that leaves it out, or `dropped`; empty for a recording that became a clip or a long sound.
    detail
        What that check has seen, in words, or who dropped it, and when.
    measured
        {column: value} of `MEASUREMENTS` and of every check that measures; empty for long sound and where nothing could
        be decoded.
    fingerprint
        What duplicates are found by, see `duplicates.fingerprints`; empty for what is no clip.
    clip_digest
        Hash of the samples of the clip file as it was written, see `decisions.content_hash`; empty where none was written.
    recording
        Hash of the recording's content, see `decisions.content_hash`, which decisions go by; empty where nothing could be
        decoded.
    decided_window
        The window that a person has chosen, see `PlannedClip.decided_window`; empty where cleaning has found one.
    decision
        What was decided of it last, as `State.what` has it; empty for nothing.
    """

    file_name: str
    label: str
    speaker: str
    source: str
    findings: tuple[str, ...] = ()
    discarded_for: str = ""
    detail: str = ""
    measured: Mapping[str, Value] = field(default_factory=dict)
    fingerprint: str = ""
    clip_digest: str = ""
    recording: str = ""
    decided_window: str = ""
    decision: str = ""

    @property
    def is_long_sound(self) -> bool:
        """Whether it was kept as sound of its whole length, which no table lists."""
        return not self.discarded_for and not is_word(self.label)

    @property
    def window_start_s(self) -> float:
        """Where in the recording the clip begins, in seconds; 0 where nothing was measured."""
        return float(self.measured.get("window_start_s", 0.0))
