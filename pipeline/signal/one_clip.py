"""A clip out of any file: what `predict` and `evaluate` listen to."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...data.audio import read_sound
from .window import fit_to_window


@dataclass(frozen=True)
class OneClip:
    """A file as one clip.

    Attributes
    ----------
    samples
        int16 [clip_samples].
    start_s
        Where in the file the clip begins, in seconds; negative when zeros were put before a shorter sound.
    duration_s
        Length of the file's sound in seconds.
    """

    samples: np.ndarray
    start_s: float
    duration_s: float


def read_one_clip(path: Path, sample_rate_hz: int, clip_samples: int) -> OneClip:
    """Decodes a file of any length and rate and takes the second that holds its word, as cleaning does.

    Raises
    ------
    RecordingError
        The file cannot be used.
    FileNotFoundError
        There is no such file.
    """
    sound = read_sound(path, sample_rate_hz)
    samples, start = fit_to_window(sound.samples, clip_samples)
    return OneClip(samples, start / sample_rate_hz, sound.duration_s)
