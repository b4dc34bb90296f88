"""A clean folder to a feature set, in batches."""

import dataclasses
import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...data.arrays import LogMel, Samples
from ...data.audio import SAMPLE_RATE_HZ, read_sound, read_written
from ...data.buckets import Folder, folder_at, is_url
from ...data.clips import CLIP_TABLE, Clip, find_clip_table, read_clip_table
from ...data.errors import RecordingError, WordspotError, WordspotWarning
from ...data.feature_set import SOURCE, LongSound, write_negatives, write_noise, writing_feature_set
from ...data.files import read_json, write_json
from ...data.front_end import FrontEnd
from ...data.labels import NEGATIVES, UNKNOWN, differing_in_case
from ...data.near import StoredClip, near_clips, near_tables, stored_clips
from ...data.recordings.folders import SPLIT_LISTS, scan_long_sound
from ...data.splits import assign_splits
from ...data.text import printable
from ..progress import Progress, no_progress
from ..workers import mapping_lists
from .log_mel import log_mel
from .to_bucket import features_at

if TYPE_CHECKING:
    from ..cluster import Cluster

_CLIPS_PER_BATCH = 64
_BATCHES_PER_TASK = 4  # of a cluster or a bucket, which take a millisecond and more for each
_SECONDS_PER_BATCH = 60  # of long sound


def extract(
    clips_folder: Folder | str,
    features_folder: Folder | str,
    front_end: FrontEnd = FrontEnd(),
    *,
    jobs: "int | Cluster" = os.cpu_count() or 1,
    progress: Progress = no_progress,
) -> int:
    """Writes the log-mel frames of every clip of a clean folder, and of its background noise and negatives, as a feature set.

    The split of each clip is decided here (see `splits.assign_splits`).

    Parameters
    ----------
    clips_folder
        A clean folder, as `wordspot.clean` writes it, or its URL, see `data.buckets`.
    features_folder
        New or empty folder, or one that holds a feature set, which is replaced when the new one is complete; or its URL.
    front_end
        How frames are made; the length of a clip is taken from the clips themselves.
    jobs
        Threads to work with, processes where the clips are in a bucket, or a cluster that sees `clips_folder` under the path
        or URL given here.
    progress
        Shows how far it has come, in batches.

    Returns
    -------
    The number of clips.

    Raises
    ------
    WordspotError
        No clean folder, a clip that is missing, unreadable or of another length than the first; another process that
        writes the same feature set.

    Warns
    -----
    WordspotWarning
        Labels that differ only in case; split lists most of whose names are not among the clips.
    """
    place, destination = folder_at(clips_folder), folder_at(features_folder)
    with features_at(destination) as folder, near_tables(place, *SPLIT_LISTS) as tables:
        return _extract(place, tables, folder, front_end, jobs, progress)


def _extract(
    place: Folder, tables: Path, folder: Path, front_end: FrontEnd, jobs: "int | Cluster", progress: Progress
) -> int:
    clips = read_clip_table(tables)
    _warn_of_case(clips)
    splits = assign_splits(clips, tables)
    clips = [dataclasses.replace(clip, split=split) for clip, split in zip(clips, splits, strict=True)]
    make, items = _maker(place, tables, [clip.file_name for clip in clips], front_end)
    batches = [items[i : i + _CLIPS_PER_BATCH] for i in range(0, len(items), _CLIPS_PER_BATCH)]
    with writing_feature_set(folder, make.front_end, clips) as (frames, unfinished):
        if isinstance(jobs, int) and isinstance(make, _FromFiles):
            _fill(frames, batches, make, jobs, progress)
        else:
            _fill_by_others(frames, batches, make, jobs, progress)
        _extract_long_sound(place, make.front_end, unfinished)
        write_json(unfinished / SOURCE, _source_of(place, tables))
    return len(clips)


def _maker(
    place: Folder, tables: Path, names: list[str], front_end: FrontEnd
) -> "tuple[_FromFiles | _FromBucket, list[Any]]":
    """What makes frames, of clips as long as the first, and what it takes for each clip."""
    stored = stored_clips(tables, names if not isinstance(place, Path) else names[:1])
    clip_samples = len(_sound_of(place, stored[0]))
    front_end = dataclasses.replace(front_end, clip_ms=clip_samples * 1000 / SAMPLE_RATE_HZ)
    if isinstance(place, Path):
        return _FromFiles(place, front_end), names
    return _FromBucket(str(place), front_end), stored


def is_extracted_from(features_folder: Path, clips_folder: Path) -> bool:
    """Whether a feature set was made of this clean folder, with its clip table as it is now."""
    source = features_folder / SOURCE
    return source.is_file() and read_json(source) == _source_of(clips_folder, clips_folder)


def clips_folder_of(features_folder: Path) -> Path | None:
    """The clean folder that a feature set was made of, wherever it was then; None where that is not known, or a bucket."""
    source = features_folder / SOURCE
    clips = read_json(source).get("clips") if source.is_file() else None
    return Path(clips) if isinstance(clips, str) and not is_url(clips) else None


def _source_of(place: Folder, tables: Path) -> dict[str, str]:
    table = (find_clip_table(tables) or tables / CLIP_TABLE).read_bytes()
    name = str(place.resolve() if isinstance(place, Path) else place)
    return {"clips": printable(name), "clip_table_sha256": hashlib.sha256(table).hexdigest()}


def _warn_of_case(clips: Sequence[Clip]) -> None:
    for labels in differing_in_case({clip.label for clip in clips}):
        warnings.warn(
            f"{' and '.join(labels)} are different labels, though they differ only in case: give the rows of {CLIP_TABLE} one "
            "spelling if they are one word",
            WordspotWarning,
            stacklevel=4,
        )


@dataclass(frozen=True)
class _FromFiles:
    """Makes the frames of clips of a folder."""

    folder: Path
    front_end: FrontEnd

    def __call__(self, names: Sequence[str]) -> LogMel:
        """float16 [clips, frames, mels]."""
        return log_mel(self._samples(names), self.front_end).astype(np.float16)

    def many(self, batches: Sequence[Sequence[str]]) -> list[LogMel]:
        """Batch by batch, because the last bit depends on what is multiplied at once."""
        return [self(names) for names in batches]

    def _samples(self, names: Sequence[str]) -> npt.NDArray[np.int16]:
        """int16 [clips, clip_samples]."""
        clip_samples = self.front_end.clip_samples
        batch = np.empty((len(names), clip_samples), np.int16)
        for row, name in zip(batch, names, strict=True):
            path = f"{self.folder}/{name}"
            samples = read_written(path, clip_samples)
            row[:] = _read_any(path, clip_samples) if samples is None else samples
        return batch


@dataclass(frozen=True)
class _FromBucket:
    """Makes the frames of clips of a clean folder that has a URL."""

    url: str
    front_end: FrontEnd

    def many(self, batches: Sequence[Sequence[StoredClip]]) -> list[LogMel]:
        """Float16 [clips, frames, mels] of each batch; their clips are fetched together."""
        with near_clips(self.url, list(chain.from_iterable(batches))) as paths:
            names = iter([path.name for path in paths])
            return _FromFiles(paths[0].parent, self.front_end).many([list(islice(names, len(one))) for one in batches])


def _fill(frames: LogMel, batches: Sequence[list[str]], make: _FromFiles, jobs: int, progress: Progress) -> None:
    """By threads, each of which writes what it has made."""

    def fill(number: int) -> None:
        frames[_rows(number)] = make(batches[number])

    with ThreadPoolExecutor(jobs) as pool:  # NumPy lets go of Python while it works
        for _ in progress(pool.map(fill, range(len(batches))), len(batches)):
            pass


def _fill_by_others(
    frames: LogMel,
    batches: list[list[Any]],
    make: "_FromFiles | _FromBucket",
    jobs: "int | Cluster",
    progress: Progress,
) -> None:
    """What processes or a cluster have made comes back and is written here, so that they need not see the feature set."""
    with mapping_lists(make.many, batches, jobs, _BATCHES_PER_TASK) as made:
        for number, batch in enumerate(progress(made, len(batches))):
            frames[_rows(number)] = batch


def _rows(batch: int) -> slice:
    return slice(batch * _CLIPS_PER_BATCH, (batch + 1) * _CLIPS_PER_BATCH)


def _read_any(path: str, clip_samples: int) -> Samples:
    samples = _read(path)
    if len(samples) != clip_samples:
        raise WordspotError(
            f"{path} has {len(samples)} samples; the first clip has {clip_samples}, and all clips "
            "must have the same length: clean the recordings again"
        )
    return samples


def _read(path: Path | str) -> Samples:
    try:
        return read_sound(path).samples
    except FileNotFoundError as error:
        raise WordspotError(
            f"the clip table lists {path}, which does not exist: clean again, or delete its row"
        ) from error
    except RecordingError as error:
        raise WordspotError(f"{path}: {error}: clean again, or delete its row from the clip table") from error


def _sound_of(place: Folder, clip: StoredClip) -> Samples:
    with near_clips(place, [clip]) as (path,):
        return _read(path)


def _extract_long_sound(place: Folder, front_end: FrontEnd, unfinished: Path) -> None:
    """Every file of a `_` folder is noise, but for negatives, spoken unknown words and recordings too short for a clip."""
    noise, negatives = [], []
    for recording in scan_long_sound(place):
        samples = _sound_of(place, StoredClip(recording.path))
        if recording.label != UNKNOWN and len(samples) >= front_end.clip_samples:
            sound = LongSound(recording.path, frames_of_long_sound(samples, front_end))
            (negatives if recording.label == NEGATIVES else noise).append(sound)
    if noise:
        write_noise(unfinished, [sound.name for sound in noise], [sound.frames for sound in noise])
    if negatives:
        write_negatives(unfinished, negatives)


def frames_of_long_sound(samples: Samples, front_end: FrontEnd) -> LogMel:
    """float16 [frames, mels] of int16 [n] samples of any length, in bounded memory."""
    return np.concatenate(list(_pieces_of_long_sound(samples, front_end)))


def _pieces_of_long_sound(samples: Samples, front_end: FrontEnd) -> Iterator[LogMel]:
    """float16 [frames, mels] pieces that join to the frames of the whole, in bounded memory."""
    hop, window = front_end.hop_samples, front_end.window_samples
    step = _SECONDS_PER_BATCH * front_end.sample_rate_hz // hop * hop
    for start in range(0, len(samples) - window + 1, step):
        piece = samples[start : start + step + window - hop]
        yield log_mel(piece, front_end).astype(np.float16)
