"""Log-mel frames on disk: what they are, and reading and writing them."""

import csv
import dataclasses
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .clips import Clip
from .errors import WordspotError
from .files import read_json, write_json
from .folders import check_folder
from .settings import Settings, setting
from .splits import SPLITS

LOG_MEL, CLIPS, FRONT_END, NOISE, NOISE_TABLE = "log_mel.npy", "clips.csv", "front_end.json", "noise.npy", "noise.csv"
SOURCE = "source.json"
_FIXED = {"window": "hann_periodic", "centred": False}  # how every front end of ours cuts frames
_SHARES = {"training": (0.0, 0.8), "validation": (0.8, 0.9), "testing": (0.9, 1.0)}  # of each noise recording


@dataclass(frozen=True)
class FrontEnd(Settings):
    """How a waveform becomes log-mel frames.

    Frames of `window_ms` every `hop_ms`, none centered or padded: n samples give 1 + (n - window) // hop frames. Each is
    weighted by a periodic Hann window, zero-padded at its end to `fft_size`, and its power spectrum |rfft|^2 summed by
    `n_mels` triangles (`librosa.filters.mel`); the value is ln(max(power, log_floor)) of samples in [-1, 1).
    """

    sample_rate_hz: int = setting(16_000, "Rate of the waveform.", minimum=8_000, maximum=48_000)
    clip_ms: float = setting(1000.0, "Length of a clip.", minimum=100, maximum=10_000)
    window_ms: float = setting(30.0, "Length of a frame.", minimum=5, maximum=100)
    hop_ms: float = setting(10.0, "Time from frame to frame.", minimum=2, maximum=100)
    fft_size: int = setting(512, "Length of the Fourier transform, a power of two.", minimum=128, maximum=8192)
    n_mels: int = setting(40, "Mel bands.", minimum=8, maximum=128)
    f_min_hz: float = setting(20.0, "Lower edge of the first band.", minimum=0, maximum=20_000)
    f_max_hz: float = setting(7600.0, "Upper edge of the last band.", minimum=100, maximum=24_000)
    mel_scale: str = setting("htk", "`htk` or `slaney`.")
    mel_norm: str | None = setting(None, "None: triangles with a peak of 1; `slaney`: with equal area.")
    log_floor: float = setting(1e-6, "Smallest power; 16-bit rounding noise has about 1e-8.", minimum=1e-12, maximum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = {
            f"fft_size is {self.fft_size}; it must be a power of two": self.fft_size & (self.fft_size - 1),
            f"a window of {self.window_samples} samples is longer than fft_size {self.fft_size}": (
                self.window_samples > self.fft_size
            ),
            f"f_max_hz is {self.f_max_hz:g}; it must lie above f_min_hz and at most at half of sample_rate_hz": (
                not self.f_min_hz < self.f_max_hz <= self.sample_rate_hz / 2
            ),
            f"mel_scale is {self.mel_scale!r}; wanted 'htk' or 'slaney'": self.mel_scale not in ("htk", "slaney"),
            f"mel_norm is {self.mel_norm!r}; wanted null or 'slaney'": self.mel_norm not in (None, "slaney"),
            f"a clip of {self.clip_ms:g} ms is shorter than a window": self.clip_samples < self.window_samples,
        }
        for problem, is_so in problems.items():
            if is_so:
                raise WordspotError(f"front end: {problem}")

    @property
    def clip_samples(self) -> int:
        """Length of a clip in samples."""
        return round(self.clip_ms * self.sample_rate_hz / 1000)

    @property
    def window_samples(self) -> int:
        """Length of a frame in samples."""
        return round(self.window_ms * self.sample_rate_hz / 1000)

    @property
    def hop_samples(self) -> int:
        """Samples from frame to frame."""
        return round(self.hop_ms * self.sample_rate_hz / 1000)

    @property
    def n_frames(self) -> int:
        """Frames in a clip."""
        return 1 + (self.clip_samples - self.window_samples) // self.hop_samples

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `front_end.json` and in model files."""
        return dataclasses.asdict(self) | _FIXED

    def unlike(self, other: "FrontEnd") -> str:
        """What differs, for people: `n_mels 40, not 64; f_max_hz 7600.0, not 4000`."""
        mine, theirs = self.to_dict(), other.to_dict()
        return "; ".join(f"{name} {mine[name]}, not {theirs[name]}" for name in mine if mine[name] != theirs[name])

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str) -> "FrontEnd":
        """The reverse of `to_dict`; `where` names the file in errors. Raises `WordspotError` for what it cannot mean."""
        values = dict(values)
        for name, wanted in _FIXED.items():
            if values.pop(name, wanted) != wanted:
                raise WordspotError(f"{where}: {name} must be {wanted!r}, no other kind of frame is supported")
        unknown = sorted(values.keys() - cls.__dataclass_fields__.keys())
        if unknown:
            raise WordspotError(f"{where}: {unknown[0]!r} is not a setting of the front end")
        try:
            return cls(**values)
        except TypeError as error:
            raise WordspotError(f"{where}: a value has the wrong type ({error})") from error
        except WordspotError as error:
            raise WordspotError(f"{where}: {error}") from error


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
