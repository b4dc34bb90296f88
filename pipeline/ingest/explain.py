"""One recording, looked at the way cleaning looks at it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...data.audio import SAMPLE_RATE_HZ, read_sound
from ...data.buckets import here
from ...data.errors import RecordingError
from ...data.files import printable
from .checks import CHECKS, Check, CutRecording, Value
from .clip_maker import ClipMaker
from .settings import CleanSettings

Judgement = Literal["fine", "flagged", "discarded"]
_WORST_FIRST: tuple[Judgement, ...] = ("discarded", "flagged", "fine")


@dataclass(frozen=True)
class CheckResult:
    """What one check says of a recording.

    Attributes
    ----------
    check
        The check, with the limit that was used.
    value
        What it measured.
    outcome
        What cleaning does about it.
    """

    check: Check
    value: Value
    outcome: Judgement


@dataclass(frozen=True)
class Explanation:
    """A recording, its results and its clip.

    Attributes
    ----------
    path
        The recording.
    results
        One for each check that looks at one recording; for a file that cannot be decoded only that of `unreadable`.
    cut
        The decoded recording with its clip, or None.
    """

    path: Path
    results: list[CheckResult]
    cut: CutRecording | None

    @property
    def outcome(self) -> Judgement:
        """`discarded`, `flagged` or `fine`: the worst of the results."""
        outcomes = {result.outcome for result in self.results}
        return next(outcome for outcome in _WORST_FIRST if outcome in outcomes)

    @property
    def findings(self) -> list[CheckResult]:
        """The results that are not fine."""
        return [result for result in self.results if result.outcome != "fine"]

    @property
    def window_s(self) -> tuple[float, float] | None:
        """Where the clip begins and ends in the recording, in seconds; it may be the longer of the two."""
        if self.cut is None:
            return None
        start = self.cut.start / SAMPLE_RATE_HZ
        return start, start + len(self.cut.clip) / SAMPLE_RATE_HZ

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file": printable(str(self.path)),
            "outcome": self.outcome,
            "window_s": self.window_s,
            "checks": {
                result.check.name: {"value": result.value, "limit": result.check.limit, "outcome": result.outcome}
                for result in self.results
            },
        }


def explain(path: Path | str, settings: CleanSettings = CleanSettings()) -> Explanation:
    """Measures one recording and judges it with every check but those that need the others: duplicates.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    path = here(path)
    maker = ClipMaker(path.parent, settings)
    try:
        cut = maker.cut(path.name, read_sound(path))
    except RecordingError as error:
        return Explanation(path, [CheckResult(CHECKS[0], str(error), "discarded")], None)
    return Explanation(path, [_judge(check, cut, settings) for check in maker.checks], cut)


def _judge(check: Check, cut: CutRecording, settings: CleanSettings) -> CheckResult:
    value = check.value(cut)
    if not check.finds(value):
        return CheckResult(check, value, "fine")
    return CheckResult(check, value, "discarded" if check.name in settings.discarding else "flagged")
