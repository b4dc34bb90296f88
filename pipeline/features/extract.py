"""A clean folder to a feature set, in batches."""

import dataclasses
import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ...data.arrays import LogMel, Samples, Waveform, to_waveform
from ...data.audio import SAMPLE_RATE_HZ, read_sound
from ...data.clips import CLIP_TABLE, Clip, find_clip_table, read_clip_table
from ...data.errors import RecordingError, WordspotError, WordspotWarning
from ...data.feature_set import SOURCE, LongSound, write_negatives, write_noise, writing_feature_set
from ...data.files import read_json, write_json
from ...data.front_end import FrontEnd
from ...data.labels import NEGATIVES, UNKNOWN, differing_in_case
from ...data.recordings.folders import scan_recordings
from ...data.splits import assign_splits
from ...data.text import printable
from ..progress import Progress, no_progress
from .log_mel import log_mel

_CLIPS_PER_BATCH = 64
_SECONDS_PER_BATCH = 60  # of long sound


def extract(
    clips_folder: Path | str,
    features_folder: Path | str,
    front_end: FrontEnd = FrontEnd(),
    *,
    progress: Progress = no_progress,
) -> int:
    """Writes the log-mel frames of every clip of a clean folder, and of its background noise and negatives, as a feature set.

    The split of each clip is decided here (see `splits.assign_splits`).

    Parameters
    ----------
    clips_folder
        A clean folder, as `wordspot.clean` writes it.
    features_folder
        New or empty folder, or one that holds a feature set, which is replaced when the new one is complete.
    front_end
        How frames are made; the length of a clip is taken from the clips themselves.
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
    clips_folder, features_folder = Path(clips_folder), Path(features_folder)
    clips = read_clip_table(clips_folder)
    _warn_of_case(clips)
    splits = assign_splits(clips, clips_folder)
    clips = [dataclasses.replace(clip, split=split) for clip, split in zip(clips, splits, strict=True)]
    clip_samples = len(_read(clips_folder / clips[0].file_name))
    front_end = dataclasses.replace(front_end, clip_ms=clip_samples * 1000 / SAMPLE_RATE_HZ)
    with writing_feature_set(features_folder, front_end, clips) as (frames, unfinished):
        starts = range(0, len(clips), _CLIPS_PER_BATCH)

        def fill(start: int) -> None:
            batch = clips[start : start + _CLIPS_PER_BATCH]
            frames[start : start + len(batch)] = log_mel(_read_batch(clips_folder, batch, clip_samples), front_end)

        with ThreadPoolExecutor(os.cpu_count()) as pool:  # NumPy lets go of Python while it works
            for _ in progress(pool.map(fill, starts), len(starts)):
                pass
        _extract_long_sound(clips_folder, front_end, unfinished)
        write_json(unfinished / SOURCE, _source_of(clips_folder))
    return len(clips)


def is_extracted_from(features_folder: Path, clips_folder: Path) -> bool:
    """Whether a feature set was made of this clean folder, with its clip table as it is now."""
    source = features_folder / SOURCE
    return source.is_file() and read_json(source) == _source_of(clips_folder)


def clips_folder_of(features_folder: Path) -> Path | None:
    """The clean folder that a feature set was made of, wherever it was then; None where that is not known."""
    source = features_folder / SOURCE
    clips = read_json(source).get("clips") if source.is_file() else None
    return Path(clips) if isinstance(clips, str) else None


def _source_of(clips_folder: Path) -> dict[str, str]:
    table = (find_clip_table(clips_folder) or clips_folder / CLIP_TABLE).read_bytes()
    return {"clips": printable(str(clips_folder.resolve())), "clip_table_sha256": hashlib.sha256(table).hexdigest()}


def _warn_of_case(clips: Sequence[Clip]) -> None:
    for labels in differing_in_case({clip.label for clip in clips}):
        warnings.warn(
            f"{' and '.join(labels)} are different labels, though they differ only in case: give the rows of {CLIP_TABLE} one "
            "spelling if they are one word",
            WordspotWarning,
            stacklevel=3,
        )


def _read_batch(folder: Path, clips: Sequence[Clip], clip_samples: int) -> Waveform:
    """float32 [clips, clip_samples] in [-1, 1)."""
    batch = np.empty((len(clips), clip_samples), np.int16)
    for row, clip in zip(batch, clips, strict=True):
        samples = _read(f"{folder}/{clip.file_name}")
        if len(samples) != clip_samples:
            raise WordspotError(
                f"{folder / clip.file_name} has {len(samples)} samples; the first clip has {clip_samples}, and all clips "
                "must have the same length: clean the recordings again"
            )
        row[:] = samples
    return to_waveform(batch)


def _read(path: Path | str) -> Samples:
    try:
        return read_sound(path).samples
    except FileNotFoundError as error:
        raise WordspotError(
            f"the clip table lists {path}, which does not exist: clean again, or delete its row"
        ) from error
    except RecordingError as error:
        raise WordspotError(f"{path}: {error}: clean again, or delete its row from the clip table") from error


def _extract_long_sound(clips_folder: Path, front_end: FrontEnd, unfinished: Path) -> None:
    """Every file of a `_` folder is noise, but for negatives, spoken unknown words and recordings too short for a clip."""
    recordings = [recording for recording in scan_recordings(clips_folder) if recording.is_long_sound]
    noise, negatives = [], []
    for recording in recordings:
        samples = _read(clips_folder / recording.path)
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
        yield log_mel(to_waveform(piece), front_end).astype(np.float16)
