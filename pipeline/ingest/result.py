"""What cleaning came to, as `clean` returns it, `--json` prints it and `clean.json` keeps it."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...data.errors import WordspotError


@dataclass(frozen=True)
class LabelCounts:
    """How many recordings of a label there are, and what became of them.

    Attributes
    ----------
    recordings
        All of them.
    clips
        Those that became clips.
    discarded
        {check: recordings left out for it}; each for one reason, the first.
    flagged
        {check: clips kept that it finds}; a clip may have several.
    """

    recordings: int
    clips: int
    discarded: Mapping[str, int] = field(default_factory=dict)
    flagged: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DuplicateGroups:
    """Groups of duplicates and near-duplicates whose members differ in more than their names.

    Attributes
    ----------
    labels
        Groups that lie under different labels; at least one label of each is wrong.
    speakers
        Groups of different speakers.
    """

    labels: int = 0
    speakers: int = 0


@dataclass(frozen=True)
class QuietLabel:
    """A label most of whose recordings were left out as near-silent: of a quiet microphone, perhaps.

    Attributes
    ----------
    label
        The label.
    recordings
        How many it has.
    near_silent
        How many of them were left out as near-silent.
    median_volume
        The middle one of these in loudness: mean |x|, as a share of full scale.
    min_volume
        With this `CleanSettings.min_volume` nine tenths of these would be kept; 0 where most are digital silence, which no
        limit makes into words.
    """

    label: str
    recordings: int
    near_silent: int
    median_volume: float
    min_volume: float

    def __str__(self) -> str:
        """One sentence for a person."""
        begin = f"{self.label}: {self.near_silent:,} of {self.recordings:,} recordings were left out as near-silent"
        if not self.min_volume:
            return f"{begin}, and most of these hold nothing but zeros: was the microphone muted?"
        level = f"{20 * math.log10(self.median_volume):.0f} dBFS (mean |x| {self.median_volume:.2g})"
        return (
            f"{begin}; the median of these is {level}. Listen to some: where words can be made out, the microphone was quiet, "
            f"and a min_volume of {self.min_volume:g} keeps nine in ten of them"
        )


@dataclass(frozen=True)
class CleanResult:
    """What cleaning came to.

    Attributes
    ----------
    labels
        {label: its counts}, sorted by label.
    long_sounds
        How many files of `_` folders were passed through.
    duplicates_across
        Groups of duplicates that lie under different labels, and of different speakers.
    quiet_labels
        Labels that were left out as near-silent for the most part.
    already_clean
        Nothing had changed since the last time, so nothing was done.
    """

    labels: Mapping[str, LabelCounts]
    long_sounds: int
    duplicates_across: DuplicateGroups
    quiet_labels: tuple[QuietLabel, ...] = ()
    already_clean: bool = False

    @property
    def clips(self) -> int:
        """Clips kept, over all labels."""
        return sum(counts.clips for counts in self.labels.values())

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: the counts; `quiet_labels` are notes, which are not among them."""
        return self._totals() | {"already_clean": self.already_clean}

    def to_marker(self) -> dict[str, Any]:
        """For `clean.json`: the counts, and the quiet labels where there are any."""
        quiet = [dataclasses.asdict(label) for label in self.quiet_labels]
        return self._totals() | ({"quiet_labels": quiet} if quiet else {})

    @classmethod
    def from_marker(cls, values: Mapping[str, Any]) -> "CleanResult":
        """The reverse of `to_marker`.

        Raises
        ------
        WordspotError
            The values are not those of a result; says which.
        """
        try:
            return cls(
                {str(label): _counts(counts) for label, counts in values["labels"].items()},
                _count(values["long_sounds"]),
                DuplicateGroups(**{name: _count(n) for name, n in values["duplicates_across"].items()}),
                tuple(_quiet_label(label) for label in values.get("quiet_labels", ())),
                already_clean=True,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise WordspotError(
                f"clean.json does not hold the counts of a clean folder ({error}): delete it, and run the same command again"
            ) from error

    def _totals(self) -> dict[str, Any]:
        return {
            "labels": {label: dataclasses.asdict(counts) for label, counts in self.labels.items()},
            "long_sounds": self.long_sounds,
            "duplicates_across": dataclasses.asdict(self.duplicates_across),
        }


def _counts(values: Any) -> LabelCounts:
    of_checks = {how: {str(name): _count(n) for name, n in values[how].items()} for how in ("discarded", "flagged")}
    return LabelCounts(_count(values["recordings"]), _count(values["clips"]), **of_checks)


def _quiet_label(values: Any) -> QuietLabel:
    label = QuietLabel(**values)
    _count(label.recordings)
    _count(label.near_silent)
    if not all(isinstance(share, float | int) and 0 <= share <= 1 for share in (label.median_volume, label.min_volume)):
        raise TypeError(f"{values} is no quiet label")
    return label


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"{value!r:.60} is no count")
    return value
