"""Duplicates and near-duplicates among all recordings of a folder."""

import dataclasses
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...cluster import Cluster
from ...progress import Progress
from ...workers import mapping
from ..checks import duplicate, near_duplicate
from ..clip_maker import ClipMaker, ClipPlace
from ..outcome import Outcome
from ..plan import Plan, PlannedClip
from ..result import DuplicateGroups
from .fingerprints import Fingerprints

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
        int64 [recordings]: the one that a recording is a duplicate, or a near-duplicate, of; -1 for none.
    across
        Groups that lie under different labels, and of different speakers.
    """

    planned: Plan
    discarding: frozenset[str]
    same: NDArray[np.int64]
    near: NDArray[np.int64]
    across: DuplicateGroups

    def original(self, index: int) -> PlannedClip | None:
        """The one that a recording is a duplicate or a near-duplicate of."""
        original = self.same[index] if self.same[index] >= 0 else self.near[index]
        return None if original < 0 else self.planned[original]

    def merged(self, index: int, outcome: Outcome) -> Outcome:
        """The outcome of a recording with what is known of its duplicates."""
        for check, originals in ((duplicate.CHECK, self.same), (near_duplicate.CHECK, self.near)):
            if originals[index] < 0:
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
    maker: ClipMaker, planned: Plan, outcomes: Iterable[Outcome], jobs: int | Cluster, progress: Progress
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
    labels, speakers = _Numbers(), _Numbers()
    for index, outcome in enumerate(outcomes):
        if outcome.fingerprint:
            prints.add(outcome.fingerprint)
            places.append(index)
            starts.append(outcome.window_start_s)
            labels.add(outcome.label)
            speakers.add(outcome.speaker)

    def place(clip: int) -> ClipPlace:
        return planned[places[clip]], starts[clip]

    def compare(pairs: NDArray[np.int32]) -> NDArray[np.int8]:
        with mapping(maker.compare, ((place(first), place(second)) for first, second in pairs), jobs) as relations:
            return np.fromiter(progress(relations, len(pairs)), np.int8)

    same, near = prints.groups(compare, progress)
    across = DuplicateGroups(len(_mixed(near, labels.array)), len(_mixed(near, speakers.array)))

    def of_planned(originals: NDArray[np.int64]) -> NDArray[np.int64]:
        found, spread = np.flatnonzero(originals >= 0), np.full(len(planned), -1)
        place_of = np.array(places, np.int64)
        spread[place_of[found]] = place_of[originals[found]]
        return spread

    originals_of_same = of_planned(_originals(same, np.arange(len(same)), labels.array))
    return Duplicates(
        planned, maker.settings.discarding, originals_of_same, of_planned(_originals(near, same, labels.array)), across
    )


class _Numbers:
    """Names as numbers, the same one for the same name."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._numbers = array("i")

    def add(self, name: str) -> None:
        """Takes one more."""
        self._numbers.append(self._known.setdefault(name, len(self._known)))

    @property
    def array(self) -> NDArray[np.int32]:
        """int32 [names]."""
        return np.array(self._numbers, np.int32)


def _mixed(firsts: NDArray[np.int64], traits: NDArray[np.integer]) -> NDArray[np.int64]:
    """The first clips of the groups whose members differ in a trait."""
    return np.unique(firsts[traits != traits[firsts]])


def _originals(firsts: NDArray[np.int64], own: NDArray[np.int64], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """The clip that each is a duplicate of, -1 for none, without the one of each group that is to be kept.

    Members with the same number in `own`, the first of them, are even more alike, and none is the original of another. Where
    the labels of a group differ, nobody can tell which is right, and none is to be kept.

    Parameters
    ----------
    firsts, own, labels
        int64 [clips]: the first clip of the group of each, of the smaller group of those even more alike, and the label.
    """
    of_first = own == own[firsts]
    originals = np.where(of_first, -1, firsts)
    groups, others = np.unique(firsts[~of_first], return_index=True)  # the first member that is not of the first's own
    second = np.full(len(firsts), -1)
    second[groups] = np.flatnonzero(~of_first)[others]
    in_doubt = of_first & np.isin(firsts, _mixed(firsts, labels))
    originals[in_doubt] = second[firsts[in_doubt]]
    return originals
