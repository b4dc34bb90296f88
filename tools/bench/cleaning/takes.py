"""Takes of one speaker: how often two of them are called the same take, and how often what became of one take is."""

import io
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import soundfile
from rich.table import Table

from ....data.audio import read_sound
from ....data.clips import SPEAKER_PATTERN, find_speaker
from ....data.recordings.folders import scan_recordings
from ....pipeline.ingest.duplicates.fingerprints import Relation, relate
from ....pipeline.signal.loudness import mean_abs
from ....pipeline.signal.spectrum import without_outer_zeros
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from .planting import DEFECTS, Samples

_COPIES_PER_KIND = 100
_QUIETEST = 0.004


@declare
@argument("source", help="Folder of recordings with the speaker in their names.")
@click.option("--seed", "seed", type=int, default=0, show_default=True)
def command(source: Path, seed: int) -> None:
    """Compare every two takes of one word by one speaker, and a hundred takes with each thing that may become of one.

    Waveforms are compared directly, without the fingerprints that leave most pairs out before.
    """
    takes = _takes(source)
    pairs = [pair for group in takes.values() for pair in itertools.combinations(group, 2)]
    relations = Counter(relate(*pair) for pair in pairs)
    OUT.print(f"{len(pairs):,} pairs of takes of one speaker and word: the same samples {relations[Relation.SAME]:,}, ")
    OUT.print(
        f"found as near-duplicates {relations[Relation.NEAR]:,} of the other {len(pairs) - relations[Relation.SAME]:,}"
    )
    table = Table("what became of a take", "copies", "found", box=None)
    for kind, found in _found(list(itertools.chain(*takes.values())), np.random.default_rng(seed)):
        table.add_row(kind, str(len(found)), str(sum(found)))
    OUT.print(table)


def _takes(source: Path) -> dict[tuple[str, str], list[Samples]]:
    """{(label, speaker): clips without outer zeros} of those that are not near-silent."""
    takes = defaultdict(list)
    for recording in scan_recordings(source):
        speaker = find_speaker(recording.inner_key, re.compile(SPEAKER_PATTERN))
        if speaker and not recording.is_long_sound:
            samples = read_sound(source / recording.path).samples
            if mean_abs(samples) >= _QUIETEST:
                takes[recording.label, speaker].append(samples[slice(*without_outer_zeros(samples))])
    return takes


def _found(takes: list[Samples], rng: np.random.Generator) -> Iterator[tuple[str, list[bool]]]:
    """What becomes of a take, and whether each of its copies is found."""
    defect = next(defect for defect in DEFECTS if defect.check == "near_duplicate")
    for how in defect.severities:
        chosen = [takes[index] for index in rng.choice(len(takes), _COPIES_PER_KIND, replace=False)]
        copies = (defect.spoil(take, how, rng) for take in chosen)
        yield (
            str(how),
            [relate(take, _decoded(copy)) != Relation.NONE for take, copy in zip(chosen, copies, strict=True)],
        )


def _decoded(copy: Samples | bytes) -> Samples:
    return soundfile.read(io.BytesIO(copy), dtype="int16")[0] if isinstance(copy, bytes) else copy


if __name__ == "__main__":
    command()
