"""Sound from files and pipes, block by block."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...data.audio import RATES_HZ, Mixer, stream_sound
from ...data.errors import RecordingError, WordspotError

_BYTES_PER_BLOCK = 1 << 16
_PCM, _EXTENSIBLE = 1, 0xFFFE


@dataclass
class StreamHealth:
    """What happened while listening.

    Attributes
    ----------
    samples
        Heard so far, at the model's rate.
    overruns
        How often sound was lost because it was not fetched in time.
    gone
        How often the microphone went away.
    """

    samples: int = 0
    overruns: int = 0
    gone: int = 0


@dataclass(frozen=True)
class _Format:
    """What the header of a WAV stream says."""

    channels: int
    rate_hz: int
    sample_bytes: int


def file_blocks(path: Path, sample_rate_hz: int) -> Iterator[np.ndarray]:
    """int16 [n] blocks of a sound file of any format, rate and length. Raises `WordspotError` for one that is no sound."""
    try:
        yield from stream_sound(path, sample_rate_hz)
    except FileNotFoundError as error:
        raise WordspotError(f"{path} does not exist: check the spelling") from error
    except RecordingError as error:
        raise WordspotError(f"{path}: {error}") from error


def pipe_blocks(pipe: BinaryIO, sample_rate_hz: int, note: Callable[[str], None]) -> Iterator[np.ndarray]:
    """int16 [n] blocks of a pipe that holds WAV, or else raw 16-bit little-endian mono sound at the wanted rate.

    An end in the middle of a sample is told by `note`.

    Raises
    ------
    WordspotError
        A WAV header of a kind that cannot be read.
    """
    start = pipe.read(4)
    form = _read_header(pipe) if start == b"RIFF" else _Format(1, sample_rate_hz, 2)
    left_over = b"" if start == b"RIFF" else start
    if form.rate_hz < sample_rate_hz or form.sample_bytes < 2:
        note(
            f"the sound comes with {form.rate_hz} Hz and {8 * form.sample_bytes} bits, less than the model was trained on "
            f"({sample_rate_hz} Hz, 16 bits): with arecord, use -f S16_LE -r {sample_rate_hz}"
        )
    mix = Mixer(form.rate_hz, sample_rate_hz)
    frame_bytes = form.channels * form.sample_bytes
    while data := pipe.read1(_BYTES_PER_BLOCK):  # type: ignore[attr-defined]
        data = left_over + data
        whole = len(data) // frame_bytes * frame_bytes
        left_over = data[whole:]
        yield mix(_decode(data[:whole], form))
    if len(left_over) >= frame_bytes:  # of a pipe with less than four bytes
        yield mix(_decode(left_over[: len(left_over) // frame_bytes * frame_bytes], form))
    yield mix.rest()
    odd = len(left_over) % frame_bytes
    if odd:
        note(
            f"the input ended in the middle of a sample ({odd} of {frame_bytes} bytes): wanted raw "
            f"{8 * form.sample_bytes}-bit sound, is it of another kind, or was it cut off?"
        )


def _decode(data: bytes, form: _Format) -> np.ndarray:
    """float32 [n, channels] in [-1, 1)."""
    if form.sample_bytes == 1:
        values = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    elif form.sample_bytes == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        values = wide.view("<i4")[:, 0].astype(np.float32) / 2**31
    else:
        kind = {2: "<i2", 4: "<i4"}[form.sample_bytes]
        values = np.frombuffer(data, kind).astype(np.float32) / 2 ** (8 * form.sample_bytes - 1)
    return values.reshape(-1, form.channels)


def _read_header(pipe: BinaryIO) -> _Format:
    """Reads the rest of a WAV header, up to the first sample."""
    form = None
    if pipe.read(8)[4:] == b"WAVE":
        while len(head := pipe.read(8)) == 8:
            name, size = struct.unpack("<4sI", head)
            if name == b"data" and form:
                return form
            if size > _BYTES_PER_BLOCK:
                break
            content = pipe.read(size + size % 2)
            if name == b"fmt " and len(content) >= 16:
                form = _checked(content)
    raise WordspotError("standard input begins like a WAV file, but its header makes no sense: is it cut off?")


def _checked(content: bytes) -> _Format:
    kind, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", content[:16])
    if kind not in (_PCM, _EXTENSIBLE) or bits not in (8, 16, 24, 32) or not channels:
        raise WordspotError(
            f"standard input is WAV of kind {kind} with {bits} bits and {channels} channels; wanted PCM of 8, 16, 24 or 32 "
            "bits: with arecord, use -f S16_LE"
        )
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise WordspotError(f"standard input has a rate of {rate_hz} Hz; wanted {RATES_HZ[0]} to {RATES_HZ[1]}")
    return _Format(channels, rate_hz, bits // 8)
