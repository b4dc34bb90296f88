"""What `listen` shows: detections on standard output, a meter and notes on standard error."""

import shutil
import sys

import numpy as np

from ...data.arrays import Samples, to_waveform

_QUIETEST_DBFS = -60.0
_BAR = 30  # characters of the meter
_CLEAR = "\r\x1b[2K"


class DetectionDisplay:
    """Prints detections, and on a terminal a line that changes: level, and what was recognized last.

    Attributes
    ----------
    as_json
        Whether standard output is for a program: then there is no meter.
    lines
        Detections printed so far.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.lines = 0
        self._meter = sys.stderr.isatty() and not as_json
        self._last = ""  # label and its probability

    def __enter__(self) -> "DetectionDisplay":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def line(self, text: str) -> None:
        """Prints a detection at once, so that a pipe has it too."""
        self.clear()
        print(text, flush=True)
        self.lines += 1

    def note(self, text: str) -> None:
        """Prints a line for a person, `wordspot: ...`."""
        self.clear()
        print(f"wordspot: {text}", file=sys.stderr, flush=True)

    def recognized(self, label: str, probability: float) -> None:
        """Remembers what stood alone last, a detection or not, for the meter."""
        self._last = f"{label} {probability:.0%}"

    def level(self, samples: Samples) -> None:
        """Shows the level of the last samples, int16 [n]."""
        if self._meter and len(samples):
            level_dbfs = _rms_dbfs(samples)
            full = round(_BAR * (1 - level_dbfs / _QUIETEST_DBFS))
            text = f"{'#' * full + '.' * (_BAR - full)} {level_dbfs:4.0f} dBFS  {self._last}"
            columns = shutil.get_terminal_size().columns - 1  # a line that wraps could not be taken away
            print(_CLEAR + text[:columns], end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Takes the meter away."""
        if self._meter:
            print(_CLEAR, end="", file=sys.stderr, flush=True)


def _rms_dbfs(samples: Samples) -> float:
    """Root mean square relative to full scale, in dB, at least that of the empty meter."""
    mean_square = float(np.mean(np.square(to_waveform(samples))))
    return max(_QUIETEST_DBFS, 10 * np.log10(max(mean_square, 1e-18)))
