"""Near-duplicates among very many contents: how many of those that are planted are found, and what looking for them costs."""

import base64
import itertools
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from ....data.audio import read_sound
from ....data.recordings.folders import scan_recordings
from ....pipeline.ingest.clip_maker import ClipMaker
from ....pipeline.ingest.duplicates.candidates import SIMILARITY_OF_CANDIDATES, all_with_all
from ....pipeline.ingest.duplicates.fingerprints import Fingerprints, Relation
from ....pipeline.ingest.plan import PlannedClip
from ....pipeline.ingest.settings import CleanSettings
from ....pipeline.workers import mapping, mapping_lists
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ...terminal.progress import progress_bar
from .. import write_as_wav
from .planting import DEFECTS, ending, save

_OF_EACH = 400
_JOBS = 2
_SAME_SAMPLES = ("1", "flac", "zeros")
_PARTS = (5_000, 10_000, 20_000)
_LARGEST_ALL_WITH_ALL = 100_000
_MOST_TURNED = np.radians(78)  # then as many pairs of invented takes look alike as of real ones


@declare
@argument("sources", nargs=-1, required=True, help="Folders of recordings.")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    type=int,
    help="How many contents; may be repeated. [default: 100000, 300000, 1000000]",
)
@click.option("--seed", "seed", type=int, default=0, show_default=True)
def command(sources: tuple[Path, ...], sizes: tuple[int, ...], seed: int) -> None:
    """Plant copies of real clips among real and invented contents, and look for them.

    An invented take is the fingerprint of one real take turned towards another one of the same word by a random angle: as
    far from the word's mean as a real one, and alike to as many others.
    """
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        real = _real(sources, work)
        copies = _copies(work, real, rng)
    _print_similarities(real, copies)
    for size in _PARTS:
        part = real.descriptors[rng.permutation(len(real.descriptors))[:size]]
        OUT.print(f"{len(part):,} recordings: {_count(part):,} pairs look alike")
    for size in sizes or (100_000, 300_000, 1_000_000):
        _search(real, copies, size, rng)


@dataclass(frozen=True)
class _Real:
    """Clips that are no copies of each other: where they are, their labels, and int8 [clips, 63]."""

    clips: list[tuple[PlannedClip, float]]
    labels: np.ndarray
    descriptors: np.ndarray


@dataclass(frozen=True)
class _Copies:
    """Confirmed copies: the row of the real clip that each was made of, of what kind it is, and int8 [copies, 63]."""

    originals: np.ndarray
    kinds: np.ndarray
    descriptors: np.ndarray


def _real(sources: tuple[Path, ...], work: Path) -> _Real:
    for number, source in enumerate(sources):
        write_as_wav(source, work / f"recordings-{number}")
    described = [one for one in _described(work, "recordings-") if "/_" not in one[0].recording.path]
    first = dict(reversed([(print_[:16], place) for place, (_, _, print_) in enumerate(described)]))  # by digest
    described = [described[place] for place in sorted(first.values())]
    labels = np.array([clip.recording.path.split("/")[1] for clip, _, _ in described])
    return _Real([(clip, start) for clip, start, _ in described], labels, _descriptors(described))


def _copies(work: Path, real: _Real, rng: np.random.Generator) -> _Copies:
    """What may become of a take, except the same samples, as far as it is confirmed."""
    kinds = [
        (defect, how) for defect in DEFECTS if defect.is_copy for how in defect.severities if how not in _SAME_SAMPLES
    ]
    made = {}
    for kind, (defect, how) in enumerate(kinds):
        for original in rng.choice(len(real.clips), _OF_EACH, replace=False).tolist():
            spoiled = defect.spoil(read_sound(work / real.clips[original][0].recording.path).samples, how, rng)
            path = f"copies/{kind}-{original}{ending(spoiled)}"
            save(work / path, spoiled)
            made[path] = original, str(how)
    described = list(_described(work, "copies"))
    pairs = [(real.clips[made[clip.recording.path][0]], (clip, start)) for clip, start, _ in described]
    with mapping(ClipMaker(work, CleanSettings()).compare, pairs, _JOBS) as relations:
        related = list(progress_bar("confirming")(relations, len(pairs)))
    kept = [one for one, relation in zip(described, related, strict=True) if relation != Relation.NONE]
    originals, names = zip(*(made[clip.recording.path] for clip, _, _ in kept), strict=True)
    return _Copies(np.array(originals), np.array(names), _descriptors(kept))


def _described(work: Path, folder: str) -> Iterator[tuple[PlannedClip, float, bytes]]:
    """Clips of folders whose name begins so, the second of their recordings at which they begin, and their fingerprints."""
    recordings = (recording for recording in scan_recordings(work) if recording.path.startswith(folder))
    planned = [PlannedClip(recording, recording.path) for recording in recordings]
    with mapping_lists(ClipMaker(work, CleanSettings()).process_all, planned, _JOBS) as outcomes:
        for clip, outcome in zip(planned, progress_bar("measuring")(outcomes, len(planned)), strict=True):
            if outcome.fingerprint:
                yield clip, outcome.window_start_s, base64.b64decode(outcome.fingerprint)


def _descriptors(described: list[tuple[PlannedClip, float, bytes]]) -> np.ndarray:
    return np.array([np.frombuffer(print_[16:], np.int8) for _, _, print_ in described])


def _count(descriptors: np.ndarray) -> int:
    pairs = all_with_all(descriptors, len(descriptors) ** 2)
    return 0 if pairs is None else len(pairs)


def _similarities(real: _Real, copies: _Copies) -> np.ndarray:
    mean, deviation = real.descriptors.mean(axis=0), real.descriptors.std(axis=0)
    one, other = ((rows - mean) / deviation for rows in (real.descriptors[copies.originals], copies.descriptors))
    return (one * other).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))


def _print_similarities(real: _Real, copies: _Copies) -> None:
    table = Table(
        "copies that are confirmed", "", "median similarity", "least of 99%", "above 0.85", "0.9", "0.94", box=None
    )
    similar = _similarities(real, copies)
    for kind in [*dict.fromkeys(copies.kinds.tolist()), "all"]:
        of_kind = similar if kind == "all" else similar[copies.kinds == kind]
        above = (f"{np.mean(of_kind > least):.1%}" for least in (0.85, 0.9, 0.94))
        table.add_row(kind, str(len(of_kind)), *(f"{np.quantile(of_kind, q):.3f}" for q in (0.5, 0.01)), *above)
    OUT.print(table)


def _search(real: _Real, copies: _Copies, size: int, rng: np.random.Generator) -> None:
    """Among so many contents: the real ones, their copies, and invented ones."""
    known = len(real.descriptors) + len(copies.descriptors)
    origins = np.concatenate((np.arange(len(real.descriptors)), copies.originals, np.arange(known, size)))
    prints = Fingerprints()
    invented = (row for part in _invented(real, size - known, rng) for row in part)
    for number, row in enumerate(itertools.chain(real.descriptors, copies.descriptors, invented)):
        prints.add(base64.b64encode(number.to_bytes(16, "big") + row.tobytes()).decode())
    compared = []

    def compare(pairs: np.ndarray) -> np.ndarray:
        compared.append(len(pairs))
        return np.where(np.equal(*origins[pairs].T), Relation.NEAR, Relation.NONE).astype(np.int8)

    tracemalloc.start()
    began = time.monotonic()
    _, near = prints.groups(compare)
    took_s, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = near[copies.originals] == near[len(real.descriptors) + np.arange(len(copies.originals))]
    alike = _similarities(real, copies) > SIMILARITY_OF_CANDIDATES
    OUT.print(
        f"{size:,} contents: {took_s:.1f} s, {peak / 1e6:.0f} MB, {compared[0]:,} pairs to compare; "
        f"found are {found[alike].mean():.2%} of {alike.sum():,} copies that look alike"
    )
    if size <= _LARGEST_ALL_WITH_ALL:
        descriptors = np.frombuffer(prints._bytes, np.int8).reshape(size, -1)[:, 16:]
        began = time.monotonic()
        OUT.print(f"all with all: {_count(descriptors):,} pairs, {time.monotonic() - began:.1f} s")


def _invented(real: _Real, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """int8 [so many at once, 63]: takes turned towards others of their words."""
    order = np.argsort(real.labels, kind="stable")
    words, begins, sizes = np.unique(real.labels[order], return_index=True, return_counts=True)
    word_of = np.searchsorted(words, real.labels)
    means = np.array([real.descriptors[real.labels == word].mean(axis=0) for word in words])
    for begin in range(0, count, 10_000):
        one = rng.integers(0, len(order), min(10_000, count - begin))
        word = word_of[one]
        other = order[begins[word] + rng.integers(0, sizes[word])]
        angle = rng.uniform(np.pi / 2 - _MOST_TURNED, _MOST_TURNED, (len(one), 1))
        from_mean = np.cos(angle) * (real.descriptors[one] - means[word]) + np.sin(angle) * (
            real.descriptors[other] - means[word]
        )
        yield np.clip(np.rint(means[word] + from_mean), -127, 127).astype(np.int8)


if __name__ == "__main__":
    command()
