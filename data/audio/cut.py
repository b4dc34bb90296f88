"""Sections of recordings of any length: no more than a section and a block of the recording are in memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..arrays import Samples
from .decode import stream_sound
from .sound import SAMPLE_RATE_HZ

_TOLERANCE_S = 0.1  # by so much a section may end behind the end of its recording: rounding, and padding of codecs


def cut(path: Path, sections: Sequence[tuple[float, float]]) -> Iterator[Samples | None]:
    """The samples of each section, int16 [n] at 16 kHz; None for one that lies behind the end of the recording.

    Parameters
    ----------
    path
        Of any length: no more than a section and a block are in memory.
    sections
        Start and end in seconds, in the order of their starts; infinity for the end of the recording.

    Raises
    ------
    RecordingError
        The file cannot be decoded.
    """
    blocks = stream_sound(path)
    held, first = np.zeros(0, np.int16), 0
    for start_s, end_s in sections:
        begin, end = round(start_s * SAMPLE_RATE_HZ), end_s * SAMPLE_RATE_HZ
        parts = [held]
        while first + sum(map(len, parts)) < end and (block := next(blocks, None)) is not None:
            if first + len(parts[0]) <= begin and len(parts) == 1:  # nothing before the section is kept
                first += len(parts[0])
                parts = []
            parts.append(block)
        held = np.concatenate(parts)
        dropped = min(len(held), max(0, begin - first))
        held, first = held[dropped:], first + dropped
        samples = held[: len(held) if np.isinf(end) else round(end) - begin]
        is_whole = (
            first == begin
            and len(samples)
            and (np.isinf(end) or begin + len(samples) >= end - _TOLERANCE_S * SAMPLE_RATE_HZ)
        )
        yield samples if is_whole else None
