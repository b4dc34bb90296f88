"""The last seconds of a stream."""

import numpy as np

from ...data.arrays import Waveform


class SampleHistory:
    """Keeps the last samples of a stream; what lies before its start is silence.

    Parameters
    ----------
    size
        How many samples can be asked for.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._samples = np.zeros(4 * size, np.float32)  # moved to its start when it is full, so seldom
        self._filled = size
        self.end = 0
        """Samples of the stream so far."""

    def add(self, waveform: Waveform) -> None:
        """Takes the next samples, float32 [n]."""
        self.end += len(waveform)
        waveform = waveform[-self._size :]
        if self._filled + len(waveform) > len(self._samples):
            self._samples[: self._size] = self._samples[self._filled - self._size : self._filled]
            self._filled = self._size
        self._samples[self._filled : self._filled + len(waveform)] = waveform
        self._filled += len(waveform)

    def between(self, start: int, end: int) -> Waveform:
        """float32 [end - start]: samples counted from the start of the stream, not older than `size`."""
        behind = self._filled - self.end
        return self._samples[behind + start : behind + end]
