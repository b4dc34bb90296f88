"""What a decoder gives: the format of a recording and its samples, block by block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .sound import BLOCK_SAMPLES


@dataclass(frozen=True)
class Source:
    """A recording that is open.

    Attributes
    ----------
    container, rate_hz, channels
        What kind of file it is and what it holds.
    encoding
        `FLOAT`, `PCM_24`, `PCM_32` where the scale of the samples may be in doubt, else anything.
    blocks
        Gives float32 [n, channels] blocks of bounded size from the first sample on, as often as it is called. Raises
        `RecordingError` when the file ends before its header says.
    """

    container: str
    rate_hz: int
    channels: int
    encoding: str
    blocks: Callable[[], Iterator[np.ndarray]]


def frames_per_block(channels: int) -> int:
    """How many frames are decoded at a time."""
    return max(1, BLOCK_SAMPLES // channels)
