"""A decoded recording, and the bounds of what is accepted as one."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np

from ..errors import RecordingError
from ..shards import find_in_shard

SAMPLE_RATE_HZ = 16_000
LONGEST_S = 3_600
RATES_HZ = (1_000, 768_000)
BLOCK_SAMPLES = 1 << 18  # decoded at a time, so that memory stays bounded
_NOT_ITS_FAULT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENODEV, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT}
)


@dataclass(frozen=True)
class Note:
    """Something odd about a recording that was set right while it was decoded.

    Attributes
    ----------
    name
        `odd_scale` (samples on another scale than their format says), `opposite_phase` (channels that cancel each
        other) or `silent_channel`.
    detail
        What was seen and what was done about it, for a person.
    """

    name: str
    detail: str


@dataclass(frozen=True)
class Sound:
    """A decoded recording.

    Attributes
    ----------
    samples
        int16 [n], mono, at the rate asked for; full scale is 32,768.
    source_rate_hz, source_channels, source_frames
        What the file held.
    container
        What kind of file it is, whatever its name says: `WAV`, `FLAC`, `OGG`, `MP3`, ... in libsndfile's words, else
        `MPEG-4`, `WebM`, `AMR`, ...
    native
        int16 [source_frames]: the mono mix at the file's own rate, where runs at the rails and dropouts are still as
        they were recorded. Of a recording with more than 2^23 samples it is `samples` instead, to save memory.
    peak
        Largest |x| over the mono mix at the file's own rate, as a share of full scale. Above 1 only for floating-point
        files; such samples were clipped.
    notes
        What was odd and was set right.
    """

    samples: np.ndarray
    source_rate_hz: int
    source_channels: int
    source_frames: int
    container: str
    native: np.ndarray
    peak: float
    notes: tuple[Note, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of the recording in seconds."""
        return self.source_frames / self.source_rate_hz

    @property
    def native_rate_hz(self) -> float:
        """The sample rate of `native`."""
        return self.source_rate_hz * len(self.native) / self.source_frames  # in this order it is exact


def is_rate(rate_hz: int) -> bool:
    """Whether sound can have this rate."""
    return RATES_HZ[0] <= rate_hz <= RATES_HZ[1]


def check_rate(rate_hz: int) -> None:
    """Raises `RecordingError` for a rate that no sound has."""
    if not is_rate(rate_hz):
        raise RecordingError(f"a sample rate of {rate_hz} Hz; expected {RATES_HZ[0]} to {RATES_HZ[1]}")


def file_size(path: Path | str) -> int:
    """Bytes of a regular file that is not empty. Raises as `read_sound` does."""
    try:
        status = os.stat(path)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and (place := find_in_shard(path)):
            return place.size_bytes
        if isinstance(error, FileNotFoundError) and os.path.islink(path):
            raise RecordingError(f"cannot be opened: {error.strerror}") from error
        _refuse(error)
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait until somebody writes to it
        raise RecordingError("not a regular file")
    if status.st_size == 0:
        raise RecordingError("the file has zero bytes")
    return status.st_size


def open_file(path: Path | str) -> BinaryIO:
    """Opens for reading, without a buffer: most files are read at one go. Raises as `read_sound` does."""
    try:
        return open(path, "rb", buffering=0)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and (place := find_in_shard(path)):
            return place.open()
        _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    """Raises the error itself where it says nothing about the recording, which then must not be taken for damaged."""
    if isinstance(error, FileNotFoundError) or error.errno in _NOT_ITS_FAULT:
        raise error
    raise RecordingError(f"cannot be opened: {error.strerror}") from error
