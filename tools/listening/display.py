"""What `listen` shows: detections on standard output, a meter and notes on standard error."""

import sys

import numpy as np

from ...data.audio import FULL_SCALE

_QUIETEST_DBFS = -60.0
_BAR = 30  # characters of the meter
_CLEAR = "\r\x1b[2K"


class DetectionDisplay:
    """Prints detections, and on a terminal a line that changes: level, best label and its probability.

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
        self._best = ""

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
        """Prints a line for the person who listens."""
        self.clear()
        print(f"wordspot: {text}", file=sys.stderr, flush=True)

    def running(self, label: str, probability: float) -> None:
        """Remembers the best label, for the meter."""
        self._best = f"{label} {probability:.0%}"

    def level(self, samples: np.ndarray) -> None:
        """Shows the level of the last samples, int16 [n]."""
        if self._meter and len(samples):
            rms = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) / FULL_SCALE
            level_dbfs = max(_QUIETEST_DBFS, 20 * np.log10(max(rms, 1e-9)))
            full = round(_BAR * (1 - level_dbfs / _QUIETEST_DBFS))
            bar = "#" * full + "." * (_BAR - full)
            print(f"{_CLEAR}{bar} {level_dbfs:4.0f} dBFS  {self._best}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Takes the meter away."""
        if self._meter:
            print(_CLEAR, end="", file=sys.stderr, flush=True)
