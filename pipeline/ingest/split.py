"""Long takes of many words, cut into recordings of one word each: a stage before cleaning."""

import itertools
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ...data.arrays import Samples
from ...data.audio import SAMPLE_RATE_HZ, read_sound, write_wav
from ...data.buckets import here
from ...data.errors import RecordingError, WordspotError
from ...data.files import copy, held_alone, remove_leftovers, replacing, write_text
from ...data.recordings.folders import SPLIT_LISTS, Recording, scan_recordings
from ..progress import Progress, no_progress
from ..signal.spectrum import FRAME_SAMPLES, runs
from ..signal.window import HOP, rise_above_noise
from .split_log import SplitLog

_NOISE_QUANTILE = 0.3  # a take of many words has less pause than a recording of one
_PEAK_MOMENTS = 10
_SHARE_OF_PEAK = 0.1
_LEAST_RISE = 12.0  # nepers over all bands
_LONGEST_GAP = 25  # moments of 10 ms within a word, as the stops of "eight" have
_SHORTEST_WORD = 10  # moments: of less, no word is made
_SHORTEST_TAKE = (
    SAMPLE_RATE_HZ * 3 // 2
)  # of less, cleaning keeps nearly all: a breath or a click beside a word makes no second one
_MARGIN = SAMPLE_RATE_HZ // 2  # of the noise around a word


@dataclass(frozen=True)
class SplitResult:
    """What splitting came to.

    Attributes
    ----------
    recordings
        How many there were.
    split
        How many of them held several words.
    sections
        How many recordings were made of these.
    copied
        How many were copied as they are: of one word, of none, long sound, and what cannot be read.
    """

    recordings: int
    split: int
    sections: int
    copied: int


def find_words(samples: Samples) -> list[tuple[int, int]]:
    """Where the words of a long take lie that stand alone by their level.

    A word lasts as long as the sound rises above the noise, with gaps of up to a quarter of a second. It is given half a
    second of what is around it, or half of the gap to the next one. What is shorter than a second and a half is no long
    take.

    Parameters
    ----------
    samples
        int16 [n] at 16 kHz.

    Returns
    -------
    First and one past the last sample of each, in order; they do not overlap.
    """
    if len(samples) < _SHORTEST_TAKE:
        return []
    rise = rise_above_noise(samples, _NOISE_QUANTILE)
    peak = np.sort(rise)[-_PEAK_MOMENTS:][0]
    spans = _joined(*runs(rise > max(_SHARE_OF_PEAK * peak, _LEAST_RISE)))
    edges = [(begin * HOP, (end - 1) * HOP + FRAME_SAMPLES) for begin, end in spans]
    between = [(end + begin) // 2 for (_, end), (begin, _) in itertools.pairwise(edges)]
    firsts, lasts = [0, *between], [*between, len(samples)]
    return [
        (max(first, begin - _MARGIN), min(last, end + _MARGIN))
        for (begin, end), first, last in zip(edges, firsts, lasts, strict=False)  # no edges, one first
    ]


def _joined(begins: np.ndarray, ends: np.ndarray) -> list[tuple[int, int]]:
    """Runs of moments, across the gaps within a word, that are long enough for one."""
    spans: list[tuple[int, int]] = []
    for begin, end in zip(map(int, begins), map(int, ends), strict=True):
        if spans and begin - spans[-1][1] <= _LONGEST_GAP:
            begin = spans.pop()[0]
        spans.append((begin, end))
    return [(begin, end) for begin, end in spans if end - begin >= _SHORTEST_WORD]


def split_recordings(source: Path | str, destination: Path | str, *, progress: Progress = no_progress) -> SplitResult:
    """Writes a folder of recordings in which every long take of several words is one recording for each of them.

    `left/anna.flac` of three words becomes `left/anna_1.wav`, `left/anna_2.wav` and `left/anna_3.wav`; the part before
    `_nohash_`, the speaker, stays. Every other file is copied as it is, and the split lists name the new recordings. The
    source is never written to; the destination is there when all of it is. Interrupted, it goes on where it stopped; run
    again, it does only what was added or has changed, and what was deleted in the destination stays deleted.

    Parameters
    ----------
    source
        Folder of recordings, `<label>/**/<file>`.
    destination
        New folder, or one that was made of the same source.
    progress
        Shows how far it has come.

    Raises
    ------
    WordspotError
        The source is no folder of recordings, or the destination is something else, lies in the source, or is being written
        by another process.
    """
    source, destination = here(source), here(destination)
    recordings = scan_recordings(source)
    if destination.exists() and not SplitLog(destination, source).is_of_source:
        raise WordspotError(f"{destination} exists and was not made of {source}: choose a new folder")
    if source.resolve() in destination.resolve().parents:
        raise WordspotError(f"{destination} lies in {source}: choose a new folder beside it")
    destination.parent.mkdir(parents=True, exist_ok=True)
    refusal = f"another process is writing {destination}: wait until it has finished, or choose another folder"
    with held_alone(destination.parent / f".{destination.name}.lock", refusal):
        folder = destination if destination.exists() else _unfinished(source, destination)
        made = _split_all(source, folder, recordings, progress)
        _write_lists(source, folder, made)
        if folder != destination:
            os.replace(folder, destination)
    sections = [len(names) for path, names in made.items() if names != [path]]
    return SplitResult(len(made), len(sections), sum(sections), len(made) - len(sections))


def _unfinished(source: Path, destination: Path) -> Path:
    """The folder that is to become the destination, with what an interrupted run has done for it."""
    folder = destination.with_name(f".{destination.name}.unfinished")
    if folder.exists() and not SplitLog(folder, source).is_of_source:
        shutil.rmtree(folder)
    return folder


def _split_all(source: Path, folder: Path, recordings: list[Recording], progress: Progress) -> dict[str, list[str]]:
    """{recording: the files that are made of it, itself where it is copied}."""
    log, made = SplitLog(folder, source), {}
    taken = {recording.path.casefold() for recording in recordings}
    with log.appending() as add:
        for recording in progress(recordings, len(recordings)):
            names = log.made(recording)
            if names is None:
                names = _split_one(source, folder, recording, taken)
                for name in {*log.made_before(recording)} - {*names}:
                    (folder / name).unlink(missing_ok=True)
                add(recording, names)
            made[recording.path] = names
            taken.update(name.casefold() for name in names)
    return made


def _split_one(source: Path, folder: Path, recording: Recording, taken: set[str]) -> list[str]:
    """Makes the files of one recording, and gives their names."""
    path = source / recording.path
    place = (folder / recording.path).parent
    place.mkdir(parents=True, exist_ok=True)
    remove_leftovers(place)
    samples = None if recording.is_long_sound else _samples(path)
    words = [] if samples is None else find_words(samples)
    if samples is None or len(words) < 2:
        copy(path, folder / recording.path)
        return [recording.path]
    names = [f"{PurePosixPath(recording.path).with_suffix('')}_{number + 1}.wav" for number in range(len(words))]
    if clash := next((name for name in names if name.casefold() in taken), None):
        raise WordspotError(f"{recording.path} would become {clash}, which is there already: rename one of them")
    for name, (begin, end) in zip(names, words, strict=True):
        with replacing(folder / name) as temporary:
            write_wav(temporary, samples[begin:end])
    return names


def _samples(path: Path) -> Samples | None:
    """None for what cannot be read: cleaning says why."""
    try:
        return read_sound(path).samples
    except RecordingError:
        return None


def _write_lists(source: Path, folder: Path, made: dict[str, list[str]]) -> None:
    for name in SPLIT_LISTS:
        if (source / name).is_file():
            lines = (source / name).read_text(encoding="utf-8-sig").splitlines()
            write_text(folder / name, "".join(f"{new}\n" for line in lines for new in _named(line, made)))


def _named(line: str, made: dict[str, list[str]]) -> Iterable[str]:
    return made.get(line.strip(), [line])
