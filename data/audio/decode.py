"""Decoding any recording to 16-bit mono samples at one rate."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import soundfile

from ..arrays import Samples, to_samples
from ..errors import RecordingError
from ..native_output import without_native_output
from . import media, mpeg
from .lengths import check_complete
from .mono import PLAIN, Levels, Mixer, Treatment, judge, resampler
from .sound import BLOCK_SAMPLES, LONGEST_S, SAMPLE_RATE_HZ, Note, Sound, check_rate, file_size, open_file
from .source import Source, frames_per_block
from .wav import MPEG_TAGS, STREAMED_BYTES, find_data, open_wav, read_plain

_FAST_PATH_BYTES = 16 << 20  # larger files are decoded block by block, so that memory stays bounded
_NATIVE_SAMPLES = 1 << 23
_JUDGED_S = 60  # of a file that is streamed: the first minute says how its channels and scale are treated
_HEAD_BYTES = 4096
_PRINTING = (b"caff", b"\xf0\x7e")  # of these libsndfile prints on standard output what is damaged


def read_sound(path: Path | str, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Sound:
    """Decodes a file in any format that libsndfile reads, or where PyAV is installed that FFmpeg reads.

    Channels are averaged, other rates resampled by soxr (high quality), and the result is rounded to 16 bits. A 16-bit
    mono file at the rate asked for comes back sample for sample. What is odd and was set right is named in `notes`.

    Raises
    ------
    RecordingError
        Not audio, damaged, cut short, no regular file, no permission, over an hour; no samples, or too few for one at
        the rate asked for; NaN, infinity or beyond 1e30 among the samples; a format that needs PyAV, which is missing.
    FileNotFoundError
        The path names nothing (a broken link is a `RecordingError`: the folder did list it).
    OSError
        The machine or its network is in trouble: too many open files, no memory, a server that does not answer.

    Examples
    --------
    >>> sound = read_sound("recordings/rise/speaker00_nohash_0.wav")
    >>> sound.duration_s, sound.container
    (1.5, 'WAV')
    """
    size_bytes = file_size(path)
    with open_file(path) as file:
        sound = read_plain(file, size_bytes, sample_rate_hz) if size_bytes <= _FAST_PATH_BYTES else None
        if sound:
            return sound
        with _buffered(file) as buffered:
            return _read(buffered, size_bytes, sample_rate_hz)


def stream_sound(
    path: Path | str, sample_rate_hz: int = SAMPLE_RATE_HZ, note: Callable[[Note], object] = lambda note: None
) -> Iterator[Samples]:
    """The samples that `read_sound` gives, int16 [n] blocks of any length, of a file that may last for days.

    Raises as `read_sound` does, but for the length; a fault in the middle of the file is raised when it is come to.
    `note` is called with what is odd in the first minute, which decides how the rest is treated too.
    """
    size_bytes = file_size(path)
    with _buffered(open_file(path)) as file, ExitStack() as opened:
        opened.enter_context(_in_words())
        source = _open_source(file, size_bytes, opened)
        blocks_judged = 1 + _JUDGED_S * source.rate_hz * source.channels // BLOCK_SAMPLES
        treatment = judge(islice(source.blocks(), blocks_judged), source.encoding)
        for one in treatment.notes:
            note(one)
        mix = Mixer(source.rate_hz, sample_rate_hz, treatment)
        yield from map(mix, source.blocks())
        yield mix.rest()


def _buffered(file: BinaryIO) -> BinaryIO:
    return io.BufferedReader(cast(io.RawIOBase, file))


def _read(file: BinaryIO, size_bytes: int, sample_rate_hz: int) -> Sound:
    with ExitStack() as opened, _in_words():
        source = _open_source(file, size_bytes, opened)
        levels = Levels(source.encoding)
        sound = _to_sound(source, sample_rate_hz, PLAIN, levels)
        treatment = levels.treatment()
        return _to_sound(source, sample_rate_hz, treatment) if treatment.notes else sound


@contextmanager
def _in_words() -> Iterator[None]:
    """Errors of decoders become `RecordingError`."""
    try:
        yield
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        # TypeError: soundfile asks for the format of a headerless `.raw` file, where it is given the name
        raise RecordingError(f"not readable as audio: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return text.strip().splitlines()[0].rstrip(".") if text.strip() else type(error).__name__


def _open_source(file: BinaryIO, size_bytes: int, opened: ExitStack) -> Source:
    """The decoder for what the bytes are; `opened` closes what it opens."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    wav = find_data(file, size_bytes)
    if wav and wav.form.is_linear:
        return open_wav(file, wav)
    frames = None
    if wav and wav.form.tag in MPEG_TAGS:
        frames = mpeg.find_frames(file, wav.begin, wav.begin + wav.size_bytes)
    elif head.startswith(b"ID3") or mpeg.starts_frames(head):
        frames = mpeg.find_frames(file, 0, size_bytes)
    if frames and (wav or not frames.is_as_its_info_says):
        return _open_mpeg(file, frames, wav.container if wav else "MP3", opened)
    if not wav and not frames:
        check_complete(file, size_bytes)
    return _open_with_library(file, head, opened)


def _open_with_library(file: BinaryIO, head: bytes, opened: ExitStack) -> Source:
    kind = media.recognize(head)
    if kind:
        return media.open_media(file, kind)
    try:
        return _open_sndfile(file, opened, _QuietStream if head.startswith(_PRINTING) else _Stream)
    except soundfile.SoundFileError:
        kind = media.other_codec(head)
        if kind is None:
            raise
        return media.open_media(file, kind)


def _open_sndfile(file: BinaryIO, opened: ExitStack, stream: type["_Stream"]) -> Source:
    first = [opened.enter_context(stream(_native(file), closefd=False))]  # opening takes longer than decoding
    form = first[0]
    check_rate(form.samplerate)

    def blocks() -> Iterator[np.ndarray]:
        if first:
            yield from _blocks(first.pop(), form.frames)
        else:
            with stream(_native(file), closefd=False) as again:
                yield from _blocks(again, form.frames)

    return Source(form.format, form.samplerate, form.channels, form.subtype, blocks)


def _open_mpeg(file: BinaryIO, frames: mpeg.MpegFrames, container: str, opened: ExitStack) -> Source:
    def open_again() -> soundfile.SoundFile:
        return _Stream(cast(BinaryIO, mpeg.RepeatedFrames(file, frames)))

    form = opened.enter_context(open_again())

    def blocks() -> Iterator[np.ndarray]:
        with open_again() as again:
            yield from _blocks(again, frames.samples)

    return Source(container, form.samplerate, form.channels, form.subtype, blocks)


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


class _QuietStream(_Stream):
    """One that keeps libsndfile from printing on standard output."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        with without_native_output(1):
            super().__init__(*arguments, **options)

    def read(self, *arguments: Any, **options: Any) -> Any:
        with without_native_output(1):
            return super().read(*arguments, **options)


def _blocks(file: soundfile.SoundFile, frames: int) -> Iterator[np.ndarray]:
    """float32 [n, channels] blocks up to that many frames; raises when the file ends before."""
    left = frames
    while left:
        block = file.read(min(left, frames_per_block(file.channels)), dtype="float32", always_2d=True)
        if len(block) == 0:
            break
        left -= len(block)
        yield block
    if left and frames < STREAMED_BYTES:
        raise RecordingError(f"cut short: {frames - left} frames where its header promises {frames}")


def _to_sound(source: Source, sample_rate_hz: int, treatment: Treatment, levels: Levels | None = None) -> Sound:
    """Mixes to mono, resamples and rounds, a block at a time."""
    parts: list[np.ndarray] = []
    native: list[np.ndarray] = []
    frames, peak, resample = 0, 0.0, resampler(source.rate_hz, sample_rate_hz)
    for block in source.blocks():
        if levels:
            levels.add(block)
        mono = treatment.mono(block)
        peak = max(peak, float(np.abs(mono).max()))
        frames += len(mono)
        if frames > LONGEST_S * source.rate_hz:
            raise RecordingError("longer than an hour: cut it into parts first")
        parts.append(to_samples(resample(mono, False)))
        if source.rate_hz != sample_rate_hz and frames <= _NATIVE_SAMPLES:
            native.append(to_samples(mono))
    parts.append(to_samples(resample(np.zeros(0, np.float32), True)))
    samples = np.concatenate(parts)
    if len(samples) == 0:
        raise RecordingError(f"the file holds {frames or 'no'} samples")
    if sum(map(len, native)) != frames:
        native = [samples]
    kept = np.concatenate(native) if len(native) > 1 else native[0]
    form = (source.rate_hz, source.channels, frames, source.container)
    return Sound(samples, *form, kept, peak, treatment.notes)
