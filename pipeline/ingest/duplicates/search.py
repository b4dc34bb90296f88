"""Duplicates and near-duplicates among all recordings of a folder."""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ....data.clips import find_speaker, speaker_pattern
from ....data.files import printable
from ...progress import Progress
from ..checks import duplicate, near_duplicate
from ..clip_maker import ClipMaker
from ..plan import PlannedClip
from ..workers import mapping
from .fingerprints import Fingerprints, Relation

DUPLICATE_CHECKS = (duplicate.CHECK.name, near_duplicate.CHECK.name)


@dataclass(frozen=True)
class Duplicates:
    """Which recordings are twins of which, by their places in the list of tasks.

    Attributes
    ----------
    tasks
        The list.
    discarding
        Names of the checks whose findings leave a recording out.
    same, near
        {a recording that is a duplicate, or a near-duplicate: the one that it is a twin of}.
    across
        {"labels": n, "speakers": n}: groups that lie under different labels, and of different speakers.
    """

    tasks: list[PlannedClip]
    discarding: frozenset[str]
    same: dict[int, int]
    near: dict[int, int]
    across: dict[str, int]

    def merged(self, index: int, row: dict[str, Any]) -> dict[str, Any]:
        """The row of a recording with what is known of its twins."""
        for check, named in ((duplicate.CHECK, self.same), (near_duplicate.CHECK, self.near)):
            if index not in named:
                continue
            other = printable(self.tasks[named[index]].recording.path)
            row = row | {check.column: other, "findings": ";".join(filter(None, (row["findings"], check.name)))}
            if check.name in self.discarding and "reason" not in row:
                row |= {"reason": check.name, "detail": check.detail(other)}
        return row


def find_duplicates(
    job: ClipMaker, tasks: list[PlannedClip], rows: Iterable[dict[str, Any]], jobs: int, progress: Progress
) -> Duplicates:
    """Finds which clips are the same audio, or the same take.

    Parameters
    ----------
    job
        Tells where the recordings are.
    tasks
        All recordings.
    rows
        Their rows, in order; those without a fingerprint are no clips.
    jobs
        Processes to compare waveforms with.
    progress
        Shows how far comparing has come.
    """
    prints, places, starts = Fingerprints(), array("l"), array("d")
    for index, row in enumerate(rows):
        if row.get("fingerprint"):
            prints.add(row["fingerprint"])
            places.append(index)
            starts.append(row["window_start_s"])

    def place(clip: int) -> tuple[PlannedClip, float]:
        return tasks[places[clip]], starts[clip]

    def compare(pairs: list[tuple[int, int]]) -> list[Relation]:
        with mapping(job.compare, ((place(first), place(second)) for first, second in pairs), jobs) as relations:
            return list(progress(relations, len(pairs)))

    def label(clip: int) -> str:
        return tasks[places[clip]].label

    def speaker(clip: int) -> str:
        inner_path = printable(tasks[places[clip]].recording.inner_path)
        return find_speaker(inner_path, speaker_pattern(job.settings.speaker_pattern))

    same, near = prints.groups(compare)
    across = {"labels": _spread(near, label), "speakers": _spread(near, speaker)}

    def of_tasks(named: dict[int, int]) -> dict[int, int]:
        return {places[clip]: places[other] for clip, other in named.items()}

    named_same = of_tasks(_named(same, lambda clip: [clip], label))
    named_near = of_tasks(_named(near, lambda clip: same.get(clip, [clip]), label))
    return Duplicates(tasks, job.settings.discarding, named_same, named_near, across)


def _spread(groups: dict[int, list[int]], trait: Callable[[int], str]) -> int:
    """How many groups have members that differ in a trait."""
    return sum(clip == group[0] and len({trait(member) for member in group}) > 1 for clip, group in groups.items())


def _named(
    groups: dict[int, list[int]], own: Callable[[int], list[int]], label: Callable[[int], str]
) -> dict[int, int]:
    """{clip: the one that it is a twin of}, without the one of each group that is to be kept.

    `own` gives those that are never named, because they are the clip itself, or even more like it. Where the labels of a
    group differ, nobody can tell which is right, and none is to be kept.
    """
    named = {}
    for clip, group in groups.items():
        mine = own(clip)
        others = [member for member in group if member not in mine]
        if others and (others[0] < min(mine) or len({label(member) for member in group}) > 1):
            named[clip] = others[0]
    return named
