"""Sound from files and pipes, block by block."""

import struct
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from ...data.arrays import Samples
from ...data.audio import RATES_HZ, Mixer, Note, stream_sound
from ...data.audio.media import Media, decoded, has_decoder, streamed_kind
from ...data.audio.wav import CODECS, STREAMED_BYTES, WavFormat, decode, parse_format
from ...data.errors import RecordingError, WordspotError
from .raw_sound import JUDGED_BYTES, Pace, is_quiet, note_when_muted, other_encoding

_BYTES_PER_BLOCK = 1 << 16
_HEAD_BYTES = 1 << 14  # read again where the first bytes are those of a container
_JUDGED_SECONDS = 5  # of raw sound that is not quiet; after them it is believed
_SURE_BYTES = 12  # of WAV; less may be all that comes
_LARGEST_HEADER = 1 << 24  # of the chunks before the samples, such as pictures

Notes = Callable[[str], None]


@dataclass
class StreamHealth:
    """What happened while listening.

    Attributes
    ----------
    samples
        Listened to so far, at the model's rate.
    overruns
        How often sound was lost because it was not fetched in time.
    gone
        How often the microphone went away.
    """

    samples: int = 0
    overruns: int = 0
    gone: int = 0


def file_blocks(path: Path, sample_rate_hz: int, note: Notes = lambda text: None) -> Iterator[Samples]:
    """int16 [n] blocks of a sound file of any format, rate and length. Raises `WordspotError` for one that is no sound.

    What is odd about the file and was set right is said by `note`.
    """
    try:
        yield from stream_sound(path, sample_rate_hz, lambda one: note(f"{path}: {one.detail}"))
    except FileNotFoundError as error:
        raise WordspotError(f"{path} does not exist: check the spelling") from error
    except RecordingError as error:
        raise WordspotError(f"{path}: {error}") from error


def pipe_blocks(pipe: BinaryIO, sample_rate_hz: int, note: Notes) -> Iterator[Samples]:
    """int16 [n] blocks of a pipe.

    It holds WAV (one or more), another container, or else raw 16-bit little-endian mono sound at `sample_rate_hz`. What
    is odd is said by `note`: an end in the middle of a sample, a rate lower than the model's, sound that comes faster
    than real time, ten seconds of nothing.

    Raises
    ------
    WordspotError
        WAV or another container that cannot be read, or raw sound of another width.
    """
    opened = _Pipe(pipe)
    blocks = _blocks(opened, opened.peek(_SURE_BYTES), sample_rate_hz, note)
    try:
        yield from note_when_muted(blocks, sample_rate_hz, note)
    except RecordingError as error:
        raise WordspotError(f"standard input: {error}") from error


def _blocks(pipe: "_Pipe", start: bytes, sample_rate_hz: int, note: Notes) -> Iterator[Samples]:
    if start[:4] in (b"RIFF", b"RF64"):
        return _wav_blocks(pipe, sample_rate_hz, note)
    kind = streamed_kind(start) and streamed_kind(pipe.peek(_HEAD_BYTES))
    if kind:
        return _container_blocks(pipe, kind, sample_rate_hz, note)
    return _raw_blocks(pipe, sample_rate_hz, note)


class _Pipe:
    """A pipe whose start can be looked at."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe: Any = pipe
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        while len(self._ahead) < size and (data := self._pipe.read1(size - len(self._ahead))):
            self._ahead += data
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """As many bytes, fewer only at the end."""
        data = self.peek(size)
        self._ahead = self._ahead[len(data) :]
        return data

    def read1(self, size: int) -> bytes:
        """What there is, at least a byte, none at the end."""
        if not self._ahead:
            return self._pipe.read1(size)
        return self.read(min(size, len(self._ahead)))


def _wav_blocks(pipe: _Pipe, sample_rate_hz: int, note: Notes) -> Iterator[Samples]:
    """Of one WAV file after the other."""
    while (start := pipe.peek(_SURE_BYTES))[:4] in (b"RIFF", b"RF64"):
        form, promised = _read_header(pipe)
        if not form.is_linear:
            name = CODECS.get(form.tag, f"a codec of number {form.tag}")
            raise WordspotError(
                f"standard input is WAV with {name} ({form.channels} channels); expected PCM of 8, 16, 24 or 32 bits, or "
                f"floating-point samples: {_convert(sample_rate_hz)}"
            )
        if not RATES_HZ[0] <= form.rate_hz <= RATES_HZ[1]:
            raise WordspotError(
                f"standard input has a rate of {form.rate_hz} Hz; expected {RATES_HZ[0]} to {RATES_HZ[1]}"
            )
        if form.rate_hz < sample_rate_hz or form.sample_bytes < 2:
            note(
                f"the sound comes with {form.rate_hz} Hz and {8 * form.sample_bytes} bits, less than the model was trained "
                f"on ({sample_rate_hz} Hz, 16 bits): with arecord, use -f S16_LE -r {sample_rate_hz}"
            )
        unknown = promised == 0 or promised >= STREAMED_BYTES
        yield from _linear_blocks(pipe, form, None if unknown else promised, sample_rate_hz, note)
        if promised % 2 and not unknown:
            pipe.read(1)
    if start:
        while pipe.read1(_BYTES_PER_BLOCK):  # chunks behind the samples; whoever writes should not see a broken pipe
            pass


def _raw_blocks(pipe: _Pipe, sample_rate_hz: int, note: Notes) -> Iterator[Samples]:
    form = WavFormat(1, 1, sample_rate_hz, 2)
    return _linear_blocks(pipe, form, None, sample_rate_hz, note, _RawWatch(sample_rate_hz, note))


class _RawWatch:
    """Looks whether raw samples are what they should be."""

    def __init__(self, sample_rate_hz: int, note: Notes) -> None:
        self.pace = Pace(sample_rate_hz)
        self._rate_hz = sample_rate_hz
        self._note = note
        self._seen = b""
        self._left = _JUDGED_SECONDS

    def look(self, data: bytes) -> None:
        """Takes whole samples. Raises `WordspotError` when one of the first seconds is clearly of another kind."""
        odd_pace = self.pace.add(len(data) // 2)
        if odd_pace:
            self._note(odd_pace)
        self._seen += data
        if len(self._seen) < JUDGED_BYTES:
            return
        data, self._seen = self._seen, b""
        if not self._left or is_quiet(data):
            return
        self._left -= 1
        kind = other_encoding(data)
        if kind:
            raise WordspotError(
                f"standard input seems to be raw {kind} sound; expected 16-bit little-endian mono at {self._rate_hz} Hz: with "
                f"arecord, use -f S16_LE -r {self._rate_hz} -c 1; else {_convert(self._rate_hz)}"
            )


def _linear_blocks(
    pipe: _Pipe, form: WavFormat, most: int | None, sample_rate_hz: int, note: Notes, watch: _RawWatch | None = None
) -> Iterator[Samples]:
    """Linear samples up to the end, or so many bytes of them."""
    mix = Mixer(form.rate_hz, sample_rate_hz, note=lambda one: note(_about(one)))
    left, left_over, frame_bytes = most, b"", form.frame_bytes
    while left is None or left > 0:
        with watch.pace.waiting() if watch else nullcontext():
            data = pipe.read1(_BYTES_PER_BLOCK if left is None else min(left, _BYTES_PER_BLOCK))
        if not data:
            break
        left = None if left is None else left - len(data)
        data = left_over + data
        whole = len(data) // frame_bytes * frame_bytes
        data, left_over = data[:whole], data[whole:]
        if watch:
            watch.look(data)
        yield mix(decode(data, form))
    yield mix.rest()
    if left:
        note(f"the input ended {left} bytes before its header says: was it cut off?")
    elif left_over:
        note(
            f"the input ended in the middle of a sample ({len(left_over)} of {frame_bytes} bytes): expected raw "
            f"{8 * form.sample_bytes}-bit sound, is it of another kind, or was it cut off?"
        )


def _container_blocks(pipe: _Pipe, kind: Media, sample_rate_hz: int, note: Notes) -> Iterator[Samples]:
    if not has_decoder():
        raise WordspotError(
            f"standard input is {kind.name}, which needs PyAV in a pipe: pip install 'wordspot[media]'; or "
            + _convert(sample_rate_hz)
        )
    mix = None
    for rate_hz, block in decoded(cast(BinaryIO, pipe), kind):
        mix = mix or Mixer(rate_hz, sample_rate_hz, note=lambda one: note(_about(one)))
        yield mix(block)
    if mix:
        yield mix.rest()


def _about(one: Note) -> str:
    return f"standard input: {one.detail}"


def _convert(sample_rate_hz: int) -> str:
    return f"convert it: ffmpeg -i - -f s16le -ac 1 -ar {sample_rate_hz} - | wordspot listen --source -"


def _read_header(pipe: _Pipe) -> tuple[WavFormat, int]:
    """Reads a WAV header up to the first sample; gives how many bytes of samples it promises, too."""
    form, read = None, 0
    if pipe.read(_SURE_BYTES)[8:] == b"WAVE":
        while len(head := pipe.read(8)) == 8:
            name, size = struct.unpack("<4sI", head)
            if name == b"data" and form:
                return form, size
            read += size + size % 2
            if read > _LARGEST_HEADER:
                break
            content = pipe.read(size + size % 2)
            form = parse_format(content) if name == b"fmt " else form
    raise WordspotError("standard input begins like a WAV file, but its header makes no sense: is it cut off?")
