"""Sounds as they are imported: whole files that can be decoded, and sections cut from longer ones."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..arrays import Samples
from ..audio import SAMPLE_RATE_HZ, read_sound, stream_sound
from ..errors import RecordingError
from ..files import replacing

_WORD_BYTES = 2 << 20  # no more than an hour in any format: decoded at one go, in half the time
_TOLERANCE_S = 0.1  # by so much a section may end behind the end of its recording: rounding, and padding of codecs


def check_decodable(path: Path) -> None:
    """Decodes a file to its end. Raises `RecordingError` where that fails, or there is no sound in it."""
    if path.stat().st_size <= _WORD_BYTES:
        read_sound(path)
    elif not sum(map(len, stream_sound(path))):
        raise RecordingError("the file holds no samples")


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


def link_or_copy(source: Path, target: Path) -> None:
    """Another name of the same file where both lie on one disk and the system allows it, else a copy; all of it or nothing."""
    with replacing(target) as temporary:
        with suppress(OSError):
            os.link(source.resolve(), temporary)
            return
        shutil.copyfile(source, temporary)
