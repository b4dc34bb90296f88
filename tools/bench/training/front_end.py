"""Whether features of waveforms land where the features of the images are, on which the models that ship were trained.

Takes that are in Speech Commands v0.01 (waveforms, cleaned) and in v0.02 (images of log-mel frames) are compared value by
value, and by what the models hear in either.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from ....data.arrays import to_waveform
from ....data.audio import read_sound
from ....data.clips import CLIP_TABLE
from ....data.feature_set import read_feature_set
from ....data.tables import read_table
from ....models import pretrained
from ....pipeline.device.recognizer import Recognizer
from ....pipeline.features.log_mel import log_mel
from ...release.steps import WORDS
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ...terminal.progress import progress_bar
from ..cleaning.same_sound import Matcher

_BANDS = 8  # rows of the table by mel band
_NEAR_FLOOR = 0.5  # natural-log units


@dataclass(frozen=True)
class Pairs:
    """The same takes twice: float32 [n, frames, mels] of images and of cleaned recordings.

    `labels` [n]; `whole` bool [n]: a recording of a full second; `judged` bool [n]: of a validation speaker; `unpadded`
    float32 [n, frames, mels]: frames of the recording as it came, the floor before and after them.
    """

    images: np.ndarray
    recordings: np.ndarray
    unpadded: np.ndarray
    labels: np.ndarray
    whole: np.ndarray
    judged: np.ndarray
    floor: float


@declare
@argument("source", help="Recordings of Speech Commands v0.01.")
@argument("work", help="Work folder of `make pretrained`.")
def command(source: Path, work: Path) -> None:
    """Compare levels, spread, floor, texture and padding, and accuracies."""
    pairs = _find_pairs(source, work)
    OUT.print(f"{len(pairs.labels):,} takes found in both, {pairs.whole.sum():,} of them a full second long")
    _print_by_label(pairs)
    _print_by_band(pairs)
    _print_texture(pairs)
    _print_heard(pairs)


def _find_pairs(source: Path, work: Path) -> Pairs:
    images, recordings = read_feature_set(work / "images"), read_feature_set(work / source.name)
    table = read_table(work / "clips" / source.name / CLIP_TABLE)
    source_of = {row["file_name"]: source / row["source"] for row in table}
    matcher, floor = Matcher(images), np.float32(np.log(images.front_end.log_floor))
    found = []
    for row, clip in progress_bar("looking for the same sound")(
        list(enumerate(recordings.clips)), len(recordings.clips)
    ):
        frames = log_mel(to_waveform(read_sound(source_of[clip.file_name]).samples), images.front_end)
        match = matcher.find(clip.label, clip.speaker, frames)
        if match:
            padded = np.full(recordings.log_mel.shape[1:], floor)
            padded[match.first_frame : match.first_frame + len(frames)] = frames
            found.append((match.row, row, padded, len(frames) == len(padded)))
    image_rows, rows, padded, whole = map(np.array, zip(*found, strict=True))
    chosen = [recordings.clips[row] for row in rows]
    return Pairs(
        images.log_mel[image_rows].astype(np.float32),
        recordings.log_mel[rows].astype(np.float32),
        padded,
        np.array([clip.label for clip in chosen]),
        whole,
        np.array([clip.split == "validation" for clip in chosen]),
        float(floor),
    )


def _print_by_label(pairs: Pairs) -> None:
    """Of takes of a full second: padding is another matter."""
    table = Table(
        "word", "takes", "mean", "of image", "sd", "of image", "rms difference", "at floor", "of image", box=None
    )
    for label in ("all", *sorted(set(pairs.labels))):
        chosen = pairs.whole & ((pairs.labels == label) | (label == "all"))
        if chosen.sum() >= 10:
            table.add_row(
                label, f"{chosen.sum():,}", *_figures(pairs.recordings[chosen], pairs.images[chosen], pairs.floor)
            )
    OUT.print(table)


def _figures(recordings: np.ndarray, images: np.ndarray, floor: float) -> list[str]:
    at_floor = [f"{(values < floor + _NEAR_FLOOR).mean():.1%}" for values in (recordings, images)]
    values = recordings.mean(), images.mean(), recordings.std(), images.std(), _rms(images - recordings)
    return [*(f"{value:.2f}" for value in values), *at_floor]


def _print_by_band(pairs: Pairs) -> None:
    table = Table("mel bands", "mean difference", "rms difference", box=None)
    difference = (pairs.images - pairs.recordings)[pairs.whole]
    for bands in np.array_split(np.arange(difference.shape[2]), _BANDS):
        part = difference[:, :, bands]
        table.add_row(f"{bands[0]} to {bands[-1]}", f"{part.mean():.3f}", f"{_rms(part):.2f}")
    OUT.print(table)


def _print_texture(pairs: Pairs) -> None:
    for name, values in (("images", pairs.images), ("recordings", pairs.recordings)):
        along = [_rms(np.diff(values[pairs.whole], 2, axis=axis)) for axis in (1, 2)]
        OUT.print(f"{name}: rms of the second difference along time {along[0]:.2f}, along mels {along[1]:.2f}")


def _print_heard(pairs: Pairs) -> None:
    """Share of validation speakers' takes recognized, and of those with one word in the image and another in the sound."""
    table = Table("model", "takes", "image", "recording", "frames padded", "differ", box=None)
    for name in pretrained.NAMES:
        recognizer = Recognizer.load(pretrained.path_of(name))
        truth = np.array([recognizer.labels.index(label if label in WORDS else "_unknown_") for label in pairs.labels])
        recognized = [
            np.array([recognizer.classify_features(frames).argmax() for frames in values[pairs.judged]])
            for values in (pairs.images, pairs.recordings, pairs.unpadded)
        ]
        whole, truth = pairs.whole[pairs.judged], truth[pairs.judged]
        for length, chosen in (("whole", whole), ("shorter", ~whole)):
            right = [f"{(answers == truth)[chosen].mean():.1%}" for answers in recognized]
            differ = f"{(recognized[0] != recognized[1])[chosen].mean():.1%}"
            table.add_row(f"{name}, {length}", f"{chosen.sum():,}", *right, differ)
    OUT.print(table)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


if __name__ == "__main__":
    command()
