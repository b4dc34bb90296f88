"""Finding the recording of Speech Commands v0.01 among the clips of v0.02, which gave its files new names."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ....data.feature_set import FeatureSet

_SAME_RMS = (
    0.8  # of natural logarithms: equal clips differ by 0.3 to 0.6 (the features are lossy), others by more than 1
)


@dataclass(frozen=True)
class Match:
    """The row of the feature set that has a recording's sound, and the frame of it at which the recording begins."""

    row: int
    first_frame: int


class Matcher:
    """Looks among the clips of a recording's speaker and word.

    Parameters
    ----------
    features
        Feature set of v0.02.
    """

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self._rows = defaultdict(list)
        for row, clip in enumerate(features.clips):
            self._rows[clip.label, clip.speaker].append(row)

    def find(self, label: str, speaker: str, frames: np.ndarray) -> Match | None:
        """The clip with the sound of float32 [n, mels] frames, which may lie anywhere in the clip's second."""
        for row in self._rows[label, speaker]:
            clip = self._features.log_mel[row].astype(np.float32)
            if len(frames) > len(clip):
                continue
            places = sliding_window_view(clip, len(frames), axis=0).transpose(0, 2, 1)
            rms = np.sqrt(np.mean((places - frames) ** 2, axis=(1, 2)))
            if rms.min() < _SAME_RMS:
                return Match(row, int(rms.argmin()))
        return None
