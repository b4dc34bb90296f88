"""Duplicates and near-duplicates among all recordings of a folder."""

import dataclasses
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ....data.clips import find_speaker, speaker_pattern
from ...progress import Progress
from ..checks import duplicate, near_duplicate
from ..clip_maker import ClipMaker, ClipPlace
from ..cluster import Cluster
from ..outcome import Outcome
from ..plan import PlannedClip
from ..result import DuplicateGroups
from ..workers import mapping
from .fingerprints import Fingerprints, Relation

DUPLICATE_CHECKS = (duplicate.CHECK.name, near_duplicate.CHECK.name)


@dataclass(frozen=True)
class Duplicates:
    """Which recordings are duplicates of which, by their places in the list of planned clips.

    Attributes
    ----------
    planned
        The list.
    discarding
        Names of the checks whose findings leave a recording out.
    same, near
        {a recording that is a duplicate, or a near-duplicate: the one that it is a duplicate of}.
    across
        Groups that lie under different labels, and of different speakers.
    """

    planned: list[PlannedClip]
    discarding: frozenset[str]
    same: dict[int, int]
    near: dict[int, int]
    across: DuplicateGroups

    def original(self, index: int) -> PlannedClip | None:
        """The one that a recording is a duplicate or a near-duplicate of."""
        original = self.same.get(index, self.near.get(index))
        return None if original is None else self.planned[original]

    def merged(self, index: int, outcome: Outcome) -> Outcome:
        """The outcome of a recording with what is known of its duplicates."""
        for check, originals in ((duplicate.CHECK, self.same), (near_duplicate.CHECK, self.near)):
            if index not in originals:
                continue
            original = self.planned[originals[index]].recording.key
            outcome = dataclasses.replace(
                outcome,
                findings=(*outcome.findings, check.name),
                measured={**outcome.measured, check.column: original},
            )
            if check.name in self.discarding and not outcome.discarded_for:
                outcome = dataclasses.replace(outcome, discarded_for=check.name, detail=check.detail(original))
        return outcome


def find_duplicates(
    maker: ClipMaker, planned: list[PlannedClip], outcomes: Iterable[Outcome], jobs: int | Cluster, progress: Progress
) -> Duplicates:
    """Finds which clips are the same audio, or the same take.

    Parameters
    ----------
    maker
        Knows where the recordings are.
    planned
        All recordings.
    outcomes
        What became of them, in order; those without a fingerprint are no clips.
    jobs
        Processes to compare waveforms with.
    progress
        Shows how far comparing has come.
    """
    prints, places, starts = Fingerprints(), array("l"), array("d")
    for index, outcome in enumerate(outcomes):
        if outcome.fingerprint:
            prints.add(outcome.fingerprint)
            places.append(index)
            starts.append(outcome.window_start_s)
    pattern = speaker_pattern(maker.settings.speaker_pattern)

    def place(clip: int) -> ClipPlace:
        return planned[places[clip]], starts[clip]

    def compare(pairs: list[tuple[int, int]]) -> list[Relation]:
        with mapping(maker.compare, ((place(first), place(second)) for first, second in pairs), jobs) as relations:
            return list(progress(relations, len(pairs)))

    def label(clip: int) -> str:
        return planned[places[clip]].label

    def speaker(clip: int) -> str:
        return find_speaker(planned[places[clip]].recording.inner_key, pattern)

    same, near = prints.groups(compare)
    across = DuplicateGroups(_spread(near, label), _spread(near, speaker))

    def of_planned(originals: dict[int, int]) -> dict[int, int]:
        return {places[clip]: places[original] for clip, original in originals.items()}

    originals_of_same = of_planned(_originals(same, lambda clip: [clip], label))
    originals_of_near = of_planned(_originals(near, lambda clip: same.get(clip, [clip]), label))
    return Duplicates(planned, maker.settings.discarding, originals_of_same, originals_of_near, across)


def _spread(groups: dict[int, list[int]], trait: Callable[[int], str]) -> int:
    """How many groups have members that differ in a trait."""
    return sum(clip == group[0] and len({trait(member) for member in group}) > 1 for clip, group in groups.items())


def _originals(
    groups: dict[int, list[int]], own: Callable[[int], list[int]], label: Callable[[int], str]
) -> dict[int, int]:
    """{clip: the one that it is a duplicate of}, without the one of each group that is to be kept.

    `own` gives those that are never taken for the original, because they are the clip itself, or even more like it. Where
    the labels of a group differ, nobody can tell which is right, and none is to be kept.
    """
    originals = {}
    for clip, group in groups.items():
        mine = own(clip)
        others = [member for member in group if member not in mine]
        if others and (others[0] < min(mine) or len({label(member) for member in group}) > 1):
            originals[clip] = others[0]
    return originals
