"""Log-mel frames on disk: what they are, and reading and writing them."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .arrays import LogMel
from .clips import Clip
from .errors import WordspotError
from .files import held_alone, read_json, write_json
from .front_end import FrontEnd
from .labels import normalize_name
from .recordings.folders import check_folder
from .splits import SPLITS, split_long_sound, split_negatives
from .tables import read_table, write_table

LOG_MEL, CLIPS, FRONT_END, NOISE, NOISE_TABLE = "log_mel.npy", "clips.csv", "front_end.json", "noise.npy", "noise.csv"
NEGATIVES, NEGATIVE_TABLE = "negatives.npy", "negatives.csv"
SOURCE = "source.json"
_CLIP_COLUMNS = ("file_name", "label", "speaker", "split")
_LONG_COLUMNS = ("file_name", "frames")


@dataclass(frozen=True)
class LongSound:
    """A long recording: its file's name, and float16 [frames, mels]."""

    name: str
    frames: LogMel


@dataclass(frozen=True)
class FeatureSet:
    """A feature set: `log_mel[i]` are the frames of `clips[i]`.

    Attributes
    ----------
    log_mel
        float16 [clips, frames, mels], memory mapped: natural log of mel power of samples in [-1, 1).
    clips
        One row per clip, its `split` always filled.
    front_end
        What made the frames.
    noise
        Frames of whole background recordings, float16 [frames, mels] each; may be empty.
    negatives
        Long recordings without any of the words; may be empty.
    """

    log_mel: LogMel
    clips: list[Clip]
    front_end: FrontEnd
    noise: list[LogMel]
    negatives: Sequence[LongSound] = ()

    @property
    def speakers_known(self) -> bool:
        """Whether every clip names its speaker; otherwise one voice may be in several splits."""
        return all(clip.speaker for clip in self.clips)

    @property
    def checksum(self) -> str:
        """Twelve hexadecimal digits that are others when clips or negatives were added or taken away, or clips relabeled."""
        names = "".join(f"\n{sound.name} {len(sound.frames)}" for sound in self.negatives)
        return hashlib.sha256((repr(self.clips) + names).encode("utf-8", "surrogateescape")).hexdigest()[:12]

    def noise_of(self, split: str) -> list[LogMel]:
        """The part of each background recording that belongs to a split (see `splits.split_long_sound`), none empty."""
        parts = [frames[split_long_sound(len(frames), split, self.front_end.n_frames)] for frames in self.noise]
        return [part for part in parts if len(part)]

    def negatives_of(self, split: str) -> list[LogMel]:
        """The part of each recording of negatives that belongs to a split (see `splits.split_negatives`), none empty."""
        return parts_of(self.negatives, split, self.front_end.n_frames)


def parts_of(negatives: Sequence[LongSound], split: str, n_frames: int) -> list[LogMel]:
    """The part of each recording that belongs to a split, float16 [frames, mels], at least a clip of `n_frames` long."""
    names, sizes = [sound.name for sound in negatives], [len(sound.frames) for sound in negatives]
    slices = split_negatives(names, sizes, split, n_frames)
    parts = [sound.frames[part] for sound, part in zip(negatives, slices, strict=True)]
    return [part for part in parts if len(part) >= n_frames]


def is_feature_set(folder: Path) -> bool:
    """Whether the folder holds the three files of a feature set."""
    return all((folder / name).is_file() for name in (LOG_MEL, CLIPS, FRONT_END))


def read_feature_set(folder: Path) -> FeatureSet:
    """Opens a feature set; the frames stay on disk until they are used.

    Raises
    ------
    WordspotError
        Files missing or damaged, or files that do not fit each other.
    """
    check_folder(folder)
    if not is_feature_set(folder):
        raise WordspotError(f"{folder} is not a feature set: `wordspot extract CLIPS {folder}` makes one")
    front_end = FrontEnd.from_dict(read_json(folder / FRONT_END), str(folder / FRONT_END))
    log_mel = _open_array(folder / LOG_MEL, 3)
    clips = _read_clips(folder / CLIPS)
    expected = (len(clips), front_end.n_frames, front_end.n_mels)
    if log_mel.shape != expected:
        raise WordspotError(
            f"{folder / LOG_MEL} has shape {log_mel.shape}; expected {expected} by {CLIPS} and {FRONT_END}: extract it again"
        )
    noise = [sound.frames for sound in _read_long(folder, NOISE, NOISE_TABLE, front_end)]
    return FeatureSet(log_mel, clips, front_end, noise, _read_long(folder, NEGATIVES, NEGATIVE_TABLE, front_end))


@contextmanager
def writing_feature_set(folder: Path, front_end: FrontEnd, clips: Sequence[Clip]) -> Iterator[tuple[np.ndarray, Path]]:
    """Gives an array float16 [clips, frames, mels] to fill and the unfinished folder; puts all in place at the end.

    An older feature set under the same name is replaced only then.

    Raises
    ------
    WordspotError
        `folder` holds something that is not a feature set, or another process is writing it.
    """
    if folder.exists() and not is_feature_set(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise WordspotError(f"{folder} holds something else: choose a new or an empty folder")
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    refusal = (
        f"another process is writing the feature set {folder}: wait until it has finished, or choose another folder"
    )
    with held_alone(folder.parent / f".{folder.name}.lock", refusal):
        unfinished = folder.parent / f".{folder.name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        try:
            log_mel = _new_array(unfinished / LOG_MEL, (len(clips), front_end.n_frames, front_end.n_mels))
            yield log_mel, unfinished
            log_mel.flush()
            write_table(unfinished / CLIPS, _CLIP_COLUMNS, map(vars, clips))
            write_json(unfinished / FRONT_END, front_end.to_dict())
            _exchange(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _new_array(path: Path, shape: tuple[int, ...]) -> np.memmap:
    """Takes the file's blocks now: on a full disk that is an error in words, but writing to a mapping kills the process."""
    array = np.lib.format.open_memmap(path, "w+", np.float16, shape)
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _exchange(new: Path, folder: Path) -> None:
    """Puts `new` in the place of `folder`, which is away for no longer than a rename."""
    old = folder.parent / f".{folder.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def write_noise(folder: Path, names: Sequence[str], noise: Sequence[LogMel]) -> None:
    """Adds the frames of background recordings, float16 [frames, mels] each, to an unfinished feature set."""
    _write_long(folder, NOISE, NOISE_TABLE, list(map(LongSound, names, noise)))


def write_negatives(folder: Path, negatives: Sequence[LongSound]) -> None:
    """Adds long recordings without any of the words to an unfinished feature set."""
    _write_long(folder, NEGATIVES, NEGATIVE_TABLE, negatives)


def _write_long(folder: Path, array: str, table: str, sounds: Sequence[LongSound]) -> None:
    np.save(folder / array, np.concatenate([sound.frames for sound in sounds]))
    write_table(folder / table, _LONG_COLUMNS, ({"file_name": one.name, "frames": len(one.frames)} for one in sounds))


def _read_long(folder: Path, array: str, table: str, front_end: FrontEnd) -> list[LongSound]:
    if not (folder / array).is_file():
        return []
    frames, rows = _open_array(folder / array, 2), read_table(folder / table, _LONG_COLUMNS)
    counts = [int(row["frames"]) if row["frames"].isdecimal() else 0 for row in rows]
    if sum(counts) != len(frames) or frames.shape[1] != front_end.n_mels:
        raise WordspotError(f"{folder / array} and {table} do not fit each other: extract the feature set again")
    parts = np.split(frames, np.cumsum(counts)[:-1])
    return [LongSound(row["file_name"], part) for row, part in zip(rows, parts, strict=True)]


def _read_clips(path: Path) -> list[Clip]:
    rows = read_table(path, _CLIP_COLUMNS)
    clips = [Clip(row["file_name"], normalize_name(row["label"]), row["speaker"], split=row["split"]) for row in rows]
    for clip in clips:
        if clip.split not in SPLITS:
            raise WordspotError(
                f"{path}: {clip.file_name} has split {clip.split!r}; expected one of {', '.join(SPLITS)}"
            )
    return clips


def _open_array(path: Path, dimensions: int) -> np.ndarray:
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # numpy parses the header as Python: a damaged one raises nearly anything
        cause = str(error).split("\n", 1)[0]
        raise WordspotError(f"{path} is damaged ({cause}): extract the feature set again") from error
    if array.ndim != dimensions or array.dtype != np.float16:
        raise WordspotError(f"{path} holds {array.dtype} of {array.ndim} dimensions; expected float16 of {dimensions}")
    return array
