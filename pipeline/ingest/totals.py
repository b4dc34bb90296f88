"""How many recordings, clips, discards and flags, label by label."""

import math
from array import array
from collections import Counter

from .checks.near_silent import CHECK as NEAR_SILENT
from .outcome import Outcome
from .result import LabelCounts, QuietLabel

_MOST = 0.5  # of a label's recordings
_KEPT = 0.9  # of those left out as near-silent, by the limit that is proposed


class Totals:
    """Counts outcomes as they pass."""

    def __init__(self) -> None:
        self.long_sounds = 0
        self._recordings: Counter[str] = Counter()
        self._discarded: dict[str, Counter[str]] = {}
        self._flagged: dict[str, Counter[str]] = {}
        self._quiet: dict[str, array[float]] = {}

    def add(self, outcome: Outcome) -> None:
        """Counts one recording."""
        label = outcome.label
        if outcome.is_long_sound:
            self.long_sounds += 1
            return
        self._recordings[label] += 1
        discarded = self._discarded.setdefault(label, Counter())
        flagged = self._flagged.setdefault(label, Counter())
        if outcome.discarded_for:
            discarded[outcome.discarded_for] += 1
        else:
            flagged.update(outcome.findings)
        if outcome.discarded_for == NEAR_SILENT.name:
            self._quiet.setdefault(label, array("d")).append(float(outcome.measured[NEAR_SILENT.column]))

    @property
    def labels(self) -> dict[str, LabelCounts]:
        """{label: its counts}, sorted by label."""
        return {
            label: LabelCounts(
                recordings,
                recordings - self._discarded[label].total(),
                dict(sorted(self._discarded[label].items())),
                dict(sorted(self._flagged[label].items())),
            )
            for label, recordings in sorted(self._recordings.items())
        }

    @property
    def quiet_labels(self) -> tuple[QuietLabel, ...]:
        """The labels most of whose recordings were left out as near-silent, sorted."""
        return tuple(
            _quiet_label(label, self._recordings[label], sorted(volumes))
            for label, volumes in sorted(self._quiet.items())
            if len(volumes) > _MOST * self._recordings[label]
        )


def _quiet_label(label: str, recordings: int, volumes: list[float]) -> QuietLabel:
    """`volumes` are those of the recordings left out, ascending; digital silence among them is not to be kept."""
    median = volumes[len(volumes) // 2]
    sounding = [volume for volume in volumes if volume > 0]
    lowest = _rounded_down(sounding[math.floor((1 - _KEPT) * len(sounding))]) if median > 0 else 0.0
    return QuietLabel(label, recordings, len(volumes), median, lowest)


def _rounded_down(share: float) -> float:
    """To two digits."""
    step = 10.0 ** (math.floor(math.log10(share)) - 1)
    return float(f"{math.floor(share / step + 1e-9) * step:.2g}")
