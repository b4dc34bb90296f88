"""Samples in, the posteriors of one window per hop out; every sample passes the front end once."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ...data.arrays import Samples, Waveform
from ...data.errors import WordspotError
from ...data.front_end import FrontEnd
from ..signal.waveforms import as_waveform
from .recognizer import Recognizer
from .sample_history import SampleHistory


class PosteriorStream:
    """Samples in, the posteriors of one window per hop out.

    The front end always gets the same number of samples, those of one hop's frames, because LiteRT would otherwise lay out
    its memory anew. So that such a piece ends with the last frame of a window, and not a few frames later, the first piece
    is filled up at its start with zeros, and the frames that they touch are never used.

    Parameters
    ----------
    recognizer
        A loaded model file.
    hop_ms
        From window to window; a multiple of the front end's hop.
    history
        Is given every sample, before the windows that it completes.
    """

    def __init__(self, recognizer: Recognizer, hop_ms: float, history: SampleHistory) -> None:
        front_end = recognizer.description.front_end
        self._recognizer = recognizer
        self._frames_per_hop = frames_per_hop(hop_ms, front_end)
        self._hop = self._frames_per_hop * front_end.hop_samples
        overlap = front_end.window_samples - front_end.hop_samples
        surplus = -front_end.n_frames % self._frames_per_hop
        self._ring = np.zeros((max(front_end.n_frames, self._frames_per_hop), front_end.n_mels), np.float32)
        self._history = history
        self._n_frames = front_end.n_frames
        self._frames_seen = -surplus
        self._windows = 0
        self._skipped = max(0, -overlap)  # where frames are shorter than their distance
        self._pending = np.zeros(self._hop + max(0, overlap), np.float32)
        self._filled = surplus * front_end.hop_samples + self._skipped

    def feed(self, samples: Samples | Waveform) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """For each window that the next samples complete: its first sample, and float32 [labels]."""
        waveform = as_waveform(samples)
        while len(waveform):
            count = min(len(waveform), len(self._pending) - self._filled)
            self._pending[self._filled : self._filled + count] = waveform[:count]
            self._filled += count
            self._history.add(waveform[:count])
            waveform = waveform[count:]
            if self._filled == len(self._pending):
                self._add_frames()
                if self._frames_seen >= self._n_frames:
                    yield self._windows * self._hop, self._recognizer.classify_features(self._ring[-self._n_frames :])
                    self._windows += 1

    def _add_frames(self) -> None:
        """Turns the piece into frames, and keeps what the next one needs of it."""
        frames = self._recognizer.features(self._pending[self._skipped :])
        self._ring[: -len(frames)] = self._ring[len(frames) :]
        self._ring[-len(frames) :] = frames
        self._frames_seen += len(frames)
        self._filled = len(self._pending) - self._hop
        self._pending[: self._filled] = self._pending[self._hop :]


def frames_per_hop(hop_ms: float, front_end: FrontEnd) -> int:
    """How many frames a hop is. Raises `WordspotError` where it is no whole number."""
    frames = hop_ms / front_end.hop_ms
    if abs(frames - round(frames)) > 1e-6:
        raise WordspotError(
            f"hop_ms is {hop_ms:g}; it must be a multiple of {front_end.hop_ms:g}, the hop of the model's front end"
        )
    return round(frames)
