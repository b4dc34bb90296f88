"""What the report shows of the recordings, gathered while their outcomes pass: little, however many there are."""

import heapq
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ....data.recordings.folders import Recording
from ..checks import CHECKS, Check
from ..duplicates.search import DUPLICATE_CHECKS
from ..outcome import DROPPED, Outcome

_CHECKS = {check.name: check for check in CHECKS}
_SHOWN_PER_CHECK = 20
_BARS_PER_TICK = 10


@dataclass
class Histogram:
    """Counts of one measurement; what lies outside goes into the outermost bars.

    Attributes
    ----------
    title, unit
        What is measured.
    low
        Where the first bar begins, in that unit.
    step
        How wide a bar is.
    counts
        Recordings per bar.
    limit
        Below it is a finding, or None.
    """

    title: str
    unit: str
    low: float
    step: float
    counts: list[int]
    limit: float | None = None

    def add(self, value: float) -> None:
        """Counts one value."""
        self.counts[self._bar(value)] += 1

    def _bar(self, value: float) -> int:
        return min(len(self.counts) - 1, max(0, math.floor((value - self.low) / self.step + 1e-9)))

    def edge(self, bar: int) -> float:
        """Where a bar begins."""
        return self.low + bar * self.step

    def finds(self, bar: int) -> bool:
        """Whether all of a bar lies beyond the limit."""
        return self.limit is not None and self.edge(bar + 1) < self.limit + 1e-9

    @property
    def shown(self) -> range:
        """The bars between the outermost ticks that are needed, for what was counted and for the limit."""
        needed = [bar for bar, count in enumerate(self.counts) if count]
        if self.limit is not None:
            needed.append(self._bar(self.limit))
        first, last = (bar // _BARS_PER_TICK * _BARS_PER_TICK for bar in (min(needed), max(needed)))
        return range(first, last + _BARS_PER_TICK)

    @property
    def ticks(self) -> list[float]:
        """The values below the axis, at equal distances."""
        return [self.edge(bar) for bar in range(self.shown.start, self.shown.stop + 1, _BARS_PER_TICK)]

    @property
    def limit_share(self) -> float | None:
        """Where the limit lies among the bars that are shown, 0 to 1."""
        if self.limit is None:
            return None
        return min(1, max(0, ((self.limit - self.low) / self.step - self.shown.start) / len(self.shown)))


@dataclass(frozen=True, slots=True)
class Highlight:
    """A recording that is worth looking at, and what became of it."""

    recording: Recording
    outcome: Outcome


class Highlights:
    """Histograms, how many clips are flagged, and the worst of every check.

    Attributes
    ----------
    histograms
        {column: its histogram}.
    flagged
        {label: clips that were kept with a finding}.
    """

    def __init__(self, checks: Iterable[Check]) -> None:
        limits = {check.name: float(check.limit) for check in checks if check.limit != ""}
        quietest = limits["near_silent"] or None
        self.histograms = {
            "volume": Histogram(
                "Loudness", "dBFS, mean |x| of the clip", -80, 2, [0] * 40, quietest and round(decibels(quietest), 1)
            ),
            "snr_db": Histogram("Signal-to-noise ratio", "dB, of the clip", -20, 2, [0] * 60, limits["low_snr"]),
            "sound_s": Histogram("Duration", "s, without zeros at the ends", 0, 0.1, [0] * 50, limits["too_short"]),
            "peak_dbfs": Histogram("Peak", "dBFS, of the recording", -60, 1, [0] * 60),
        }
        self.flagged: Counter[str] = Counter()
        self._worst: dict[str, list[tuple[float, int, Highlight]]] = {name: [] for name in _CHECKS}
        self._seen = 0

    def add(self, recording: Recording, outcome: Outcome) -> None:
        """Takes note of one recording: below its reason when it is left out, else below everything that was found."""
        self._seen += 1
        for column, histogram in self.histograms.items():
            if column in outcome.measured:
                value = float(outcome.measured[column])
                histogram.add(decibels(value) if column == "volume" else value)
        discarded_for = outcome.discarded_for
        self.flagged[outcome.label] += bool(outcome.findings) and not discarded_for
        for name in (discarded_for,) if discarded_for else outcome.findings:
            if name == DROPPED:  # somebody has listened to it already
                continue
            kept = self._worst[name]
            heapq.heappush(kept, (_severity(_CHECKS[name], outcome), -self._seen, Highlight(recording, outcome)))
            if len(kept) > _SHOWN_PER_CHECK:
                heapq.heappop(kept)

    def worst(self, check: Check) -> list[Highlight]:
        """Recordings that a check finds, the worst first, at most twenty."""
        ranked = sorted(self._worst[check.name], key=lambda entry: entry[:2], reverse=True)
        return [highlight for _, _, highlight in ranked]


def _severity(check: Check, outcome: Outcome) -> float:
    """How far beyond the limit; a duplicate under another label is worse than one under the same."""
    value = outcome.measured.get(check.column, "")
    if not isinstance(value, str):
        return -value if check.below else value
    if check.name in DUPLICATE_CHECKS:
        return value.split("/")[0] != outcome.source.split("/")[0]
    return 0


def decibels(share: float) -> float:
    """A share of full scale in dBFS; -120 for nothing."""
    return 20 * math.log10(max(share, 1e-6))
