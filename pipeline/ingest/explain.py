"""One recording, looked at the way cleaning looks at it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.audio import SAMPLE_RATE_HZ, read_sound
from ...data.errors import RecordingError
from ...data.files import printable
from .checks import CHECKS, Check, Subject, Value
from .job import Job
from .settings import CleanSettings


@dataclass(frozen=True)
class Verdict:
    """What one check says of a recording.

    Attributes
    ----------
    check
        The check, with the limit that was used.
    value
        What it measured.
    outcome
        `fine`, `flagged` or `discarded`.
    """

    check: Check
    value: Value
    outcome: str


@dataclass(frozen=True)
class Explanation:
    """A recording, its verdicts and its clip.

    Attributes
    ----------
    path
        The recording.
    verdicts
        One for each check that looks at one recording; for a file that cannot be decoded only that of `unreadable`.
    subject
        The decoded recording with its clip, or None.
    """

    path: Path
    verdicts: list[Verdict]
    subject: Subject | None

    @property
    def outcome(self) -> str:
        """`discarded`, `flagged` or `fine`: the worst of the verdicts."""
        return min((verdict.outcome for verdict in self.verdicts), key=("discarded", "flagged", "fine").index)

    @property
    def findings(self) -> list[Verdict]:
        """The verdicts that are not fine."""
        return [verdict for verdict in self.verdicts if verdict.outcome != "fine"]

    @property
    def window_s(self) -> tuple[float, float] | None:
        """Where the clip begins and ends in the recording, in seconds; it may be the longer of the two."""
        if self.subject is None:
            return None
        start = self.subject.start / SAMPLE_RATE_HZ
        return start, start + len(self.subject.clip) / SAMPLE_RATE_HZ

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file": printable(str(self.path)),
            "outcome": self.outcome,
            "window_s": self.window_s,
            "checks": {
                verdict.check.name: {"value": verdict.value, "limit": verdict.check.limit, "outcome": verdict.outcome}
                for verdict in self.verdicts
            },
        }


def explain(path: Path, settings: CleanSettings = CleanSettings()) -> Explanation:
    """Measures one recording and judges it with every check but those that need the others: duplicates.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    job = Job(path.parent, settings)
    try:
        subject = job.look_at(path.name, read_sound(path))
    except RecordingError as error:
        return Explanation(path, [Verdict(CHECKS[0], str(error), "discarded")], None)
    return Explanation(path, [_judge(check, subject, settings) for check in job.checks], subject)


def _judge(check: Check, subject: Subject, settings: CleanSettings) -> Verdict:
    value = check.value(subject)
    if not check.finds(value):
        return Verdict(check, value, "fine")
    return Verdict(check, value, "discarded" if check.name in settings.discarding else "flagged")
