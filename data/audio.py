"""Decoding any recording to 16-bit mono samples at one rate, and writing clips."""

import errno
import os
import re
import stat
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import soundfile

from .arrays import FULL_SCALE, to_samples
from .errors import RecordingError

SAMPLE_RATE_HZ = 16_000
LONGEST_S = 3_600
RATES_HZ = (1_000, 768_000)
_FAST_PATH_BYTES = 16 << 20  # larger files are decoded block by block, so that memory stays bounded
_BLOCK_SAMPLES = 1 << 18
_NATIVE_SAMPLES = 1 << 23
_LOUDEST = 1e30  # of float samples: mixing, resampling and rounding of larger ones would overflow
_STREAMED_BYTES = 0x7FFF_F000  # a header that promises this much was written before the length was known
_NOT_ITS_FAULT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENODEV, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT}
)
_FILE_BUFFER_BYTES = 1 << 13  # said, it saves asking the system whether the file is a terminal
_PLAIN_HEADER = struct.Struct("<4sI8sIHHIIHH4sI")  # of most WAV files: `fmt ` and at once `data`
_PROMISED_BYTES = re.compile(r"^\s*(?:data|SSND|Data Size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)


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
        What kind of file it is, whatever its name says, in libsndfile's words: `WAV`, `FLAC`, `OGG`, `MP3`, ...
    native
        int16 [source_frames]: the mono mix at the file's own rate, where runs at the rails and dropouts are still as
        they were recorded. Of a recording with more than 2^23 samples it is `samples` instead, to save memory.
    peak
        Largest |x| over the mono mix at the file's own rate, as a share of full scale. Above 1 only for floating-point
        files; such samples were clipped.
    """

    samples: np.ndarray
    source_rate_hz: int
    source_channels: int
    source_frames: int
    container: str
    native: np.ndarray
    peak: float

    @property
    def duration_s(self) -> float:
        """Length of the recording in seconds."""
        return self.source_frames / self.source_rate_hz

    @property
    def native_rate_hz(self) -> float:
        """The sample rate of `native`."""
        return self.source_rate_hz * len(self.native) / self.source_frames  # in this order it is exact


def read_sound(path: Path | str, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Sound:
    """Decodes a file in any format that libsndfile reads.

    Channels are averaged, other rates resampled by soxr (high quality), and the result is rounded to 16 bits. A 16-bit
    mono file at the wanted rate comes back sample for sample.

    Raises
    ------
    RecordingError
        Not audio, damaged, cut short, no regular file, no permission, over an hour; no samples, or too few for one at
        the wanted rate; NaN, infinity or beyond 1e30 among the samples.
    FileNotFoundError
        The path names nothing (a broken link is a `RecordingError`: the folder did list it).
    OSError
        The machine or its network is in trouble: too many open files, no memory, a server that does not answer.
    """
    size_bytes = _regular_file_size(path)
    if size_bytes == 0:
        raise RecordingError("the file has zero bytes")
    with _open(path) as file:
        sound = _read_wav(file, size_bytes, sample_rate_hz) if size_bytes <= _FAST_PATH_BYTES else None
        return _read_any(file, sample_rate_hz) if sound is None else sound


def stream_sound(path: Path | str, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Iterator[np.ndarray]:
    """The samples that `read_sound` gives, int16 [n] blocks of any length, of a file that may last for days.

    Raises as `read_sound` does, but for the length; a fault in the middle of the file is raised when it is come to.
    """
    if _regular_file_size(path) == 0:
        raise RecordingError("the file has zero bytes")
    with _open(path) as opened:
        try:
            with _Stream(_native(opened), closefd=False) as file:
                _check_header(file)
                mix = Mixer(file.samplerate, sample_rate_hz)
                yield from (mix(block) for block in _blocks(file))
                yield mix.rest()
        except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
            raise RecordingError(f"not readable as audio: {_first_line(error)}") from error


class Mixer:
    """Blocks float32 [n, channels] at one rate in, blocks int16 [n] at another out: averaged, resampled and rounded."""

    def __init__(self, rate_hz: float, sample_rate_hz: float) -> None:
        self._resample = _resampler(rate_hz, sample_rate_hz)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """The samples that this block completes."""
        if len(block) and not np.abs(block).max() <= _LOUDEST:  # false for NaN too
            raise RecordingError("NaN, infinite or absurdly large samples")
        return to_samples(self._resample(block.mean(axis=1, dtype=np.float32), False))

    def rest(self) -> np.ndarray:
        """The last samples, which the resampler has kept back."""
        return to_samples(self._resample(np.zeros(0, np.float32), True))


def _regular_file_size(path: Path | str) -> int:
    try:
        status = os.stat(path)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and os.path.islink(path):
            raise RecordingError(f"cannot be opened: {error.strerror}") from error
        _refuse(error)
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        raise RecordingError("not a regular file")
    return status.st_size


def _open(path: Path | str) -> BinaryIO:
    try:
        return open(path, "rb", buffering=_FILE_BUFFER_BYTES)
    except OSError as error:
        _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    """Raises the error itself where it says nothing about the recording, which then must not be taken for damaged."""
    if isinstance(error, FileNotFoundError) or error.errno in _NOT_ITS_FAULT:
        raise error
    raise RecordingError(f"cannot be opened: {error.strerror}") from error


def _read_wav(opened: BinaryIO, size_bytes: int, sample_rate_hz: int) -> Sound | None:
    """16-bit PCM WAV without libsndfile, many times faster; None for anything else."""
    try:
        pcm = _read_plain_pcm(opened, size_bytes) or _read_pcm(opened, size_bytes)
    except (OSError, EOFError, wave.Error, RuntimeError, ValueError):
        pcm = None  # libsndfile finds the words for what is wrong
    if pcm is None:
        return None
    rate_hz, channels, promised, data = pcm
    frames = len(data) // (2 * channels)
    _check_complete(promised * 2 * channels, frames * 2 * channels)
    if frames == 0:
        raise RecordingError("the file holds no samples")
    samples = np.frombuffer(data, "<i2", frames * channels).reshape(frames, channels)
    if channels == 1 and rate_hz == sample_rate_hz:
        mono = samples[:, 0].astype(np.int16, copy=False)
        peak = max(int(mono.max()), -int(mono.min())) / FULL_SCALE
        return Sound(mono, rate_hz, 1, frames, "WAV", mono, peak)
    size = max(1, _BLOCK_SAMPLES // channels)
    blocks = (samples[begin : begin + size].astype(np.float32) / FULL_SCALE for begin in range(0, frames, size))
    return _to_sound(blocks, "WAV", rate_hz, channels, sample_rate_hz)


def _read_plain_pcm(file: BinaryIO, size_bytes: int) -> tuple[int, int, int, bytes] | None:
    """Rate, channels, how many frames the header promises, and data, of a file with the header that most have."""
    head = file.read(_PLAIN_HEADER.size)
    if len(head) == _PLAIN_HEADER.size:
        riff, riff_bytes, kind, fmt_bytes, pcm, channels, rate_hz, _, _, bits, chunk, data_bytes = _PLAIN_HEADER.unpack(
            head
        )
        plain = (riff, kind, fmt_bytes, pcm, bits, chunk) == (b"RIFF", b"WAVEfmt ", 16, 1, 16, b"data")
        if plain and channels and _is_rate(rate_hz) and data_bytes + len(head) - 8 <= riff_bytes:
            return rate_hz, channels, data_bytes // (2 * channels), file.read(min(data_bytes, size_bytes))
    file.seek(0)
    return None


def _read_pcm(opened: BinaryIO, size_bytes: int) -> tuple[int, int, int, bytes] | None:
    """The same of a file with any header that the standard library understands."""
    with wave.open(opened, "rb") as file:
        rate_hz, channels, promised = file.getframerate(), file.getnchannels(), file.getnframes()
        if file.getsampwidth() != 2 or not _is_rate(rate_hz):
            return None
        # never ask for more than the file can hold: read() reserves what it is asked for
        return rate_hz, channels, promised, file.readframes(min(promised, size_bytes // (2 * channels)))


def _is_rate(rate_hz: int) -> bool:
    return RATES_HZ[0] <= rate_hz <= RATES_HZ[1]


def _read_any(opened: BinaryIO, sample_rate_hz: int) -> Sound:
    try:
        with _Stream(_native(opened), closefd=False) as file:
            _check_header(file)
            return _to_sound(_blocks(file), file.format, file.samplerate, file.channels, sample_rate_hz)
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        # TypeError: soundfile asks for the format of a headerless `.raw` file, where it is given the name
        raise RecordingError(f"not readable as audio: {_first_line(error)}") from error


def _native(file: BinaryIO) -> Any:
    """The descriptor, because libsndfile cuts long paths off; the path on Windows, where it has descriptors of its own."""
    if os.name == "nt":
        return file.name
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # not by the file, which has read ahead
    return file.fileno()


class _Stream(soundfile.SoundFile):
    """A file that is only read from start to end: seeking fails in a FLAC whose header gives no length."""

    def seekable(self) -> bool:
        return False


def _check_header(file: soundfile.SoundFile) -> None:
    if not _is_rate(file.samplerate):
        raise RecordingError(f"a sample rate of {file.samplerate} Hz; wanted {RATES_HZ[0]} to {RATES_HZ[1]}")
    promised = _PROMISED_BYTES.search(file.extra_info)
    if promised:
        _check_complete(int(promised[1]), int(promised[2]))


def _check_complete(promised_bytes: int, present_bytes: int) -> None:
    if present_bytes < promised_bytes < _STREAMED_BYTES:
        raise RecordingError(f"cut short: {present_bytes} bytes of sound where its header promises {promised_bytes}")


def _blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """float32 [frames, channels] blocks of bounded size; raises when the file ends before its header says."""
    frames_a_block = max(1, _BLOCK_SAMPLES // file.channels)
    read = 0
    while len(block := file.read(frames_a_block, dtype="float32", always_2d=True)):
        read += len(block)
        yield block
    if read < file.frames and file.frames < _STREAMED_BYTES:
        raise RecordingError(f"cut short: {read} frames where its header promises {file.frames}")


def _to_sound(blocks: Iterator[np.ndarray], container: str, rate_hz: int, channels: int, sample_rate_hz: int) -> Sound:
    """Mixes to mono, resamples and rounds, a block at a time."""
    parts: list[np.ndarray] = []
    native: list[np.ndarray] = []
    frames, peak, resampler = 0, 0.0, _resampler(rate_hz, sample_rate_hz)
    for block in blocks:
        if not np.abs(block).max() <= _LOUDEST:  # false for NaN too
            raise RecordingError("NaN, infinite or absurdly large samples")
        mono = block[:, 0] if channels == 1 else block.mean(axis=1, dtype=np.float32)
        peak = max(peak, float(np.abs(mono).max()))
        frames += len(mono)
        if frames > LONGEST_S * rate_hz:
            raise RecordingError("longer than an hour: cut it into parts first")
        parts.append(to_samples(resampler(mono, False)))
        if rate_hz != sample_rate_hz and frames <= _NATIVE_SAMPLES:
            native.append(to_samples(mono))
    parts.append(to_samples(resampler(np.zeros(0, np.float32), True)))
    samples = np.concatenate(parts)
    if len(samples) == 0:
        raise RecordingError(f"the file holds {frames or 'no'} samples")
    kept = sum(map(len, native)) == frames
    return Sound(samples, rate_hz, channels, frames, container, np.concatenate(native) if kept else samples, peak)


def _resampler(rate_hz: float, sample_rate_hz: float):
    if rate_hz == sample_rate_hz:
        return lambda mono, last: mono
    import soxr  # here, because most recordings need no resampling and devices should start fast

    return soxr.ResampleStream(rate_hz, sample_rate_hz, 1, dtype="float32").resample_chunk


def _first_line(error: Exception) -> str:
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return text.strip().splitlines()[0].rstrip(".") if text.strip() else type(error).__name__


def write_wav(path: Path | str, samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Writes int16 [n] mono samples as 16-bit PCM WAV, many times faster than libsndfile does.

    The caller renames: see `files.replacing`.
    """
    data = np.ascontiguousarray(samples, "<i2").tobytes()
    header = (
        b"RIFF",
        len(data) + _PLAIN_HEADER.size - 8,
        b"WAVEfmt ",
        16,
        1,
        1,
        sample_rate_hz,
        2 * sample_rate_hz,
        2,
        16,
    )
    with open(path, "wb", buffering=_FILE_BUFFER_BYTES) as file:
        file.write(_PLAIN_HEADER.pack(*header, b"data", len(data)) + data)
