"""How a network would do on an open microphone: what it falls for in negatives that it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from ...data.arrays import LogMel
from ...data.front_end import FrontEnd
from ...data.labels import is_word
from .examples.batches import Examples
from .network import logits
from .probabilities import softmax
from .run_folder.history import OpenMicrophone

BUDGET_PER_HOUR = (
    30.0  # false accepts; the rule of the lone word, which is not applied here, leaves one in ten or fewer
)
_THRESHOLD = 0.5  # of the figure without a budget, and the least with one
_HOP_MS, _HOLD_OFF_MS = 200, 1_400
_MOST_WINDOWS = 9_000  # half an hour of them, so that an epoch is judged in seconds
_WINDOWS_PER_BATCH = 2_048


@dataclass(frozen=True)
class HeldOutNegatives:
    """Long recordings that are not trained on, cut to windows as a stream is.

    Attributes
    ----------
    parts
        float16 [frames, mels] of each recording, at least a window long; at least one.
    front_end
        What made the frames.
    labels
        Of the network.
    """

    parts: Sequence[LogMel]
    front_end: FrontEnd
    labels: tuple[str, ...]

    @property
    def hours(self) -> float:
        """How much is listened to."""
        return sum(len(part) - self.front_end.n_frames + self._hop for part in self._cut()) * self._hour_per_frame

    @property
    def _hop(self) -> int:
        return max(1, round(_HOP_MS / self.front_end.hop_ms))

    @property
    def _hour_per_frame(self) -> float:
        return self.front_end.hop_ms / 3_600_000

    def _cut(self) -> list[LogMel]:
        """The beginning of each recording, as much of each as all of them together may have."""
        windows = sum(1 + (len(part) - self.front_end.n_frames) // self._hop for part in self.parts)
        share = min(1.0, _MOST_WINDOWS / windows)
        return [part[: max(self.front_end.n_frames, int(share * len(part)))] for part in self.parts]

    def judge(self, network: keras.Model, answers: np.ndarray, validation: Examples) -> OpenMicrophone:
        """What the network falls for, and what it misses at the threshold that keeps that within the budget.

        Parameters
        ----------
        network
            To judge.
        answers
            Its logits for the validation examples, float32 [n, labels].
        validation
            Of which those of words count.
        """
        peaks = self._false_accepts(network)
        allowed = int(BUDGET_PER_HOUR * self.hours)
        above = float(np.nextafter(peaks[allowed], np.float32(2))) if len(peaks) > allowed else 0.0
        threshold = max(_THRESHOLD, above)
        said = np.isin(validation.classes, self._words)
        probabilities = softmax(answers[said])[np.arange(said.sum()), validation.classes[said]]
        return OpenMicrophone(
            miss_rate=float((probabilities < threshold).mean()) if said.any() else 0.0,
            threshold=threshold,
            false_accepts_per_hour=float((peaks >= _THRESHOLD).sum()) / self.hours,
        )

    @property
    def _words(self) -> list[int]:
        return [index for index, label in enumerate(self.labels) if is_word(label)]

    def _false_accepts(self, network: keras.Model) -> npt.NDArray[np.float32]:
        """Probabilities of words, highest first, none nearer to a higher one than the hold-off."""
        hold_off = round(_HOLD_OFF_MS / _HOP_MS)
        found = [peaks(self._posteriors(network, part), hold_off) for part in self._cut()]
        return np.sort(np.concatenate(found))[::-1]

    def _posteriors(self, network: keras.Model, part: LogMel) -> npt.NDArray[np.float32]:
        """The largest probability of a word in each window: float32 [windows]."""
        windows = np.lib.stride_tricks.sliding_window_view(part, self.front_end.n_frames, axis=0)[:: self._hop]
        windows = windows.transpose(0, 2, 1)
        starts = range(0, len(windows), _WINDOWS_PER_BATCH)
        batches = (windows[start : start + _WINDOWS_PER_BATCH].astype(np.float32) for start in starts)
        return np.concatenate([softmax(logits(network, batch))[:, self._words].max(axis=1) for batch in batches])


def peaks(posteriors: npt.NDArray[np.float32], hold_off: int) -> npt.NDArray[np.float32]:
    """The largest posterior, the next one that is at least `hold_off` windows from it, and so on: float32, falling.

    Examples
    --------
    >>> peaks(np.array([0.1, 0.9, 0.8, 0.2, 0.5], np.float32), 2).tolist()
    [0.8999999761581421, 0.5]
    """
    free, found = np.ones(len(posteriors), bool), []
    for place in np.argsort(-posteriors, kind="stable"):
        if free[place]:
            found.append(posteriors[place])
            free[max(0, place - hold_off + 1) : place + hold_off] = False
    return np.array(found, np.float32)
