"""Log-mel frames on disk: what they are, and reading and writing them."""

import csv
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .clips import Clip
from .errors import WordspotError
from .files import read_json, write_json
from .folders import check_folder
from .front_end import FrontEnd
from .splits import SPLITS

LOG_MEL, CLIPS, FRONT_END, NOISE, NOISE_TABLE = "log_mel.npy", "clips.csv", "front_end.json", "noise.npy", "noise.csv"
SOURCE = "source.json"
_SHARES = {"training": (0.0, 0.8), "validation": (0.8, 0.9), "testing": (0.9, 1.0)}  # of each noise recording


@dataclass(frozen=True)
class FeatureSet:
    """A feature set: `log_mel[i]` are the frames of `clips[i]`.

    Attributes
    ----------
    log_mel
        float16 [clips, frames, mels], memory mapped: natural log of mel power of samples in [-1, 1).
    clips
        One row a clip, its `split` always filled.
    front_end
        What made the frames.
    noise
        Frames of whole background recordings, float16 [frames, mels] each; may be empty.
    """

    log_mel: np.ndarray
    clips: list[Clip]
    front_end: FrontEnd
    noise: list[np.ndarray]

    @property
    def speakers_known(self) -> bool:
        """Whether every clip names its speaker; otherwise one voice may be in several splits."""
        return all(clip.speaker for clip in self.clips)

    @property
    def checksum(self) -> str:
        """Twelve hexadecimal digits that are others when clips were added, taken away, relabeled or dealt out anew."""
        return hashlib.sha256(repr(self.clips).encode("utf-8", "surrogateescape")).hexdigest()[:12]

    def noise_of(self, split: str) -> list[np.ndarray]:
        """The part of each background recording that belongs to a split: its first 80%, the next 10%, the last 10%.

        One too short to give validation and testing a clip's length each is all for training.
        """
        first, last = _SHARES[split]
        long = [frames for frames in self.noise if len(frames) * 0.1 >= self.front_end.n_frames]
        short = [frames for frames in self.noise if len(frames) * 0.1 < self.front_end.n_frames]
        parts = [frames[round(first * len(frames)) : round(last * len(frames))] for frames in long]
        return parts + (short if split == "training" else [])


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
    wanted = (len(clips), front_end.n_frames, front_end.n_mels)
    if log_mel.shape != wanted:
        raise WordspotError(
            f"{folder / LOG_MEL} has shape {log_mel.shape}; {CLIPS} and {FRONT_END} want {wanted}: extract it again"
        )
    return FeatureSet(log_mel, clips, front_end, _read_noise(folder, front_end))


@contextmanager
def writing_feature_set(folder: Path, front_end: FrontEnd, clips: Sequence[Clip]) -> Iterator[tuple[np.ndarray, Path]]:
    """Gives an array float16 [clips, frames, mels] to fill and the unfinished folder; puts all in place at the end.

    An older feature set under the same name is replaced only then.

    Raises
    ------
    WordspotError
        `folder` holds something that is not a feature set.
    """
    if folder.exists() and not is_feature_set(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise WordspotError(f"{folder} holds something else: choose a new or an empty folder")
    folder = folder.resolve()
    unfinished = folder.parent / f".{folder.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        shape = (len(clips), front_end.n_frames, front_end.n_mels)
        log_mel = np.lib.format.open_memmap(unfinished / LOG_MEL, "w+", np.float16, shape)
        _reserve_space(unfinished / LOG_MEL)
        yield log_mel, unfinished
        log_mel.flush()
        _write_clips(unfinished / CLIPS, clips)
        write_json(unfinished / FRONT_END, front_end.to_dict())
        _exchange(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _reserve_space(path: Path) -> None:
    """Takes the file's blocks now: on a full disk that is an error in words, but writing to a mapping kills the process."""
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _exchange(new: Path, folder: Path) -> None:
    """Puts `new` in the place of `folder`, which is away for no longer than a rename."""
    old = folder.parent / f".{folder.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def write_noise(folder: Path, names: Sequence[str], noise: Sequence[np.ndarray]) -> None:
    """Adds the frames of background recordings, float16 [frames, mels] each, to an unfinished feature set."""
    np.save(folder / NOISE, np.concatenate(noise))
    with open(folder / NOISE_TABLE, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows(
            [("file_name", "frames"), *((name, len(part)) for name, part in zip(names, noise, strict=True))]
        )


def _read_noise(folder: Path, front_end: FrontEnd) -> list[np.ndarray]:
    if not (folder / NOISE).is_file():
        return []
    noise = _open_array(folder / NOISE, 2)
    counts = [
        int(text) if (text := row.get("frames") or "").isdecimal() else 0 for row in _read_csv(folder / NOISE_TABLE)
    ]
    if sum(counts) != len(noise) or noise.shape[1] != front_end.n_mels:
        raise WordspotError(f"{folder / NOISE} and {NOISE_TABLE} do not fit each other: extract the feature set again")
    return np.split(noise, np.cumsum(counts)[:-1])


def _write_clips(path: Path, clips: Sequence[Clip]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file_name", "label", "speaker", "split"))
        writer.writerows((clip.file_name, clip.label, clip.speaker, clip.split) for clip in clips)


def _read_clips(path: Path) -> list[Clip]:
    rows = _read_csv(path)
    wanted = {"file_name", "label", "speaker", "split"}
    if rows and not wanted <= rows[0].keys():
        raise WordspotError(f"{path} lacks the column {sorted(wanted - rows[0].keys())[0]!r}")
    clips = [Clip(row["file_name"], row["label"], row["speaker"], split=row["split"]) for row in rows]
    for clip in clips:
        if clip.split not in SPLITS:
            raise WordspotError(f"{path}: {clip.file_name} has split {clip.split!r}; wanted one of {', '.join(SPLITS)}")
    return clips


def _read_csv(path: Path) -> list[dict[str, str]]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WordspotError(f"{path} cannot be read as a table: {error}") from error


def _open_array(path: Path, dimensions: int) -> np.ndarray:
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # numpy parses the header as Python: a damaged one raises nearly anything
        raise WordspotError(f"{path} is damaged ({error}): extract the feature set again") from error
    if array.ndim != dimensions or array.dtype != np.float16:
        raise WordspotError(f"{path} holds {array.dtype} of {array.ndim} dimensions; wanted float16 of {dimensions}")
    return array
