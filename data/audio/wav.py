"""WAV: what its header says, what its bytes say, and linear samples of every width; also written here.

Headers are often wrong: recorders that were never stopped leave a size of zero, streams one of 4 GB, and some programs
count the header among the samples. So the bytes of the file decide how long it is. Only where the header promises more
than there is, and the size of the whole file says so too, it was cut short.
"""

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..arrays import FULL_SCALE, Samples
from ..errors import RecordingError
from .sound import SAMPLE_RATE_HZ, Sound, check_rate, is_rate
from .source import Source, frames_per_block

STREAMED_BYTES = 0x7FFF_F000  # a header that promises this much was written before the length was known
PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
MPEG_TAGS = (0x50, 0x55)
CODECS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x50: "MPEG", 0x55: "MP3"}
_PLAIN_HEADER = struct.Struct("<4sI8sIHHIIHH4sI")  # of most WAV files: `fmt ` and at once `data`
_SIZE_IN_DS64 = 0xFFFF_FFFF
_HARMLESS_S = 0.02  # a size that is too large by less: rounded to whole blocks, or the header counted in


@dataclass(frozen=True)
class WavFormat:
    """What the `fmt ` chunk says.

    Attributes
    ----------
    tag
        The kind of samples: `PCM`, `IEEE_FLOAT` or another codec; of an extensible header that of its sub-format.
    sample_bytes
        Of one sample of one channel.
    extensible
        Whether the header is of the longer kind.
    """

    tag: int
    channels: int
    rate_hz: int
    sample_bytes: int
    bytes_per_s: int = 0
    extensible: bool = False

    @property
    def is_linear(self) -> bool:
        """Whether `decode` can turn it into numbers."""
        widths = {PCM: (1, 2, 3, 4), IEEE_FLOAT: (4, 8)}.get(self.tag, ())
        return self.sample_bytes in widths and self.channels > 0

    @property
    def frame_bytes(self) -> int:
        """Of one sample of all channels."""
        return self.channels * self.sample_bytes

    @property
    def encoding(self) -> str:
        """In libsndfile's words."""
        return "FLOAT" if self.tag == IEEE_FLOAT else f"PCM_{8 * self.sample_bytes}"


@dataclass(frozen=True)
class WavData:
    """Where the samples lie: from byte `begin`, `size_bytes` long; `container` is WAV, WAVEX or RF64."""

    form: WavFormat
    begin: int
    size_bytes: int
    container: str


def parse_format(content: bytes) -> WavFormat | None:
    """Of the content of a `fmt ` chunk; None when it is too short to be one."""
    if len(content) < 16:
        return None
    tag, channels, rate_hz, bytes_per_s, frame_bytes, bits = struct.unpack("<HHIIHH", content[:16])
    extensible = tag == EXTENSIBLE
    if extensible and len(content) >= 26:
        tag = int.from_bytes(content[24:26], "little")
    sample_bytes = (bits + 7) // 8
    if bits in (20, 24) and frame_bytes == 4 * channels:  # 24 bits in the upper part of 32
        sample_bytes = 4
    return WavFormat(tag, channels, rate_hz, sample_bytes, bytes_per_s, extensible)


def decode(data: bytes, form: WavFormat) -> np.ndarray:
    """Whole frames of linear samples to float32 [n, channels]; integers lie in [-1, 1) then."""
    if form.tag == IEEE_FLOAT:
        with np.errstate(over="ignore"):  # becomes infinite, which is refused later
            values = np.frombuffer(data, f"<f{form.sample_bytes}").astype(np.float32)
    elif form.sample_bytes == 1:
        values = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    elif form.sample_bytes == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        values = wide.view("<i4")[:, 0].astype(np.float32) / 2**31
    else:
        full_scale = 2 ** (8 * form.sample_bytes - 1)
        values = np.frombuffer(data, f"<i{form.sample_bytes}").astype(np.float32) / full_scale
    return values.reshape(-1, form.channels)


def read_plain(file: BinaryIO, size_bytes: int, sample_rate_hz: int) -> Sound | None:
    """16-bit mono WAV at the rate asked for with the header that most have, at one go; None for anything else."""
    head = file.read(_PLAIN_HEADER.size)
    if len(head) < _PLAIN_HEADER.size:
        return None
    riff, _, kind, fmt_bytes, tag, channels, rate_hz, _, _, bits, name, data_bytes = _PLAIN_HEADER.unpack(head)
    plain = (riff, kind, fmt_bytes, tag, bits, name) == (b"RIFF", b"WAVEfmt ", 16, PCM, 16, b"data")
    if not plain or channels != 1 or rate_hz != sample_rate_hz or not is_rate(rate_hz):
        return None
    if not 1 < data_bytes <= size_bytes - len(head):
        return None
    samples = np.frombuffer(file.read(data_bytes // 2 * 2), "<i2").astype(np.int16, copy=False)
    if len(samples) != data_bytes // 2:  # the file has just become shorter
        return None
    peak = max(int(samples.max()), -int(samples.min())) / FULL_SCALE
    return Sound(samples, rate_hz, 1, len(samples), "WAV", samples, peak)


def open_wav(file: BinaryIO, found: WavData) -> Source:
    """WAV with linear samples. Raises `RecordingError` for an absurd rate and for no samples."""
    form = found.form
    check_rate(form.rate_hz)
    if found.size_bytes < form.frame_bytes:
        raise RecordingError("the file holds no samples")

    def blocks() -> Iterator[np.ndarray]:
        file.seek(found.begin)
        left = found.size_bytes // form.frame_bytes
        while left:
            data = file.read(min(left, frames_per_block(form.channels)) * form.frame_bytes)
            whole = len(data) // form.frame_bytes
            if whole == 0:
                raise RecordingError("cut short: the file has become shorter while it was read")
            yield decode(data[: whole * form.frame_bytes], form)
            left -= whole

    return Source(found.container, form.rate_hz, form.channels, form.encoding, blocks)


def find_data(file: BinaryIO, size_bytes: int) -> WavData | None:
    """The samples of a WAV or RF64 file of `size_bytes`; None where this is none, or has no such chunk.

    Raises
    ------
    RecordingError
        The samples were cut short.
    """
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        return None
    form, long_bytes, place = None, 0, 12
    while len(chunk := file.read(8)) == 8:
        name, promised = struct.unpack("<4sI", chunk)
        if name == b"data":
            return form and _bounded(file, size_bytes, head, form, place + 8, _promise(promised, long_bytes))
        if name == b"fmt ":
            form = parse_format(file.read(min(promised, 64)))
        elif name == b"ds64":
            long_bytes = int.from_bytes(file.read(16)[8:], "little")
        place += 8 + promised + promised % 2
        if place >= size_bytes:
            break
        file.seek(place)
    return None


def _promise(promised: int, long_bytes: int) -> int:
    return long_bytes if promised == _SIZE_IN_DS64 and long_bytes else promised


def _bounded(
    file: BinaryIO, size_bytes: int, head: bytes, form: WavFormat, begin: int, promised: int
) -> WavData | None:
    present = size_bytes - begin
    riff_end = int.from_bytes(head[4:8], "little") + 8
    container = "RF64" if head[:4] != b"RIFF" else "WAVEX" if form.extensible else "WAV"
    if promised == 0 and not _only_chunks_follow(file, begin, size_bytes):  # a recorder that was never stopped
        return WavData(form, begin, present, container)
    streamed = promised >= STREAMED_BYTES and head[:4] == b"RIFF"
    harmless = max(begin, int(_HARMLESS_S * (form.bytes_per_s or form.rate_hz * form.frame_bytes)))
    if promised > present + harmless and not streamed and not (head[:4] == b"RIFF" and riff_end == size_bytes):
        raise RecordingError(f"cut short: {present} bytes of sound where its header promises {promised}")
    return WavData(form, begin, min(promised, present), container)


def _only_chunks_follow(file: BinaryIO, begin: int, size_bytes: int) -> bool:
    """Whether nothing, or whole chunks with readable names, stand between here and the end of the file."""
    while begin < size_bytes:
        file.seek(begin)
        chunk = file.read(8)
        if len(chunk) < 8 or not (chunk[:4].isascii() and chunk[:4].decode().isprintable()):
            return False
        size = int.from_bytes(chunk[4:], "little")
        begin += 8 + size + size % 2
    return begin <= size_bytes + 1


def write_wav(path: Path | str, samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Writes int16 [n] mono samples as 16-bit PCM WAV, many times faster than libsndfile does.

    The caller renames: see `files.replacing`.
    """
    data = np.ascontiguousarray(samples, "<i2").data
    left = memoryview(b"".join((_header(data.nbytes, sample_rate_hz), data)))
    with open(path, "wb", buffering=0) as file:
        while left:  # the system may take a part
            left = left[file.write(left) :]


def written_samples(data: bytes, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Samples | None:
    """int16 [n]: the samples of a file that `write_wav` has written; None for the bytes of any other."""
    sample_bytes = len(data) - _PLAIN_HEADER.size
    if (
        not 0 <= sample_bytes < STREAMED_BYTES
        or sample_bytes % 2
        or not data.startswith(_header(sample_bytes, sample_rate_hz))
    ):
        return None
    return np.frombuffer(data, "<i2", offset=_PLAIN_HEADER.size)


def read_written(path: Path | str, size: int) -> Samples | None:
    """int16 [size]: the samples of a file of so many that `write_wav` has written, at one go.

    None for any other file, and where there is none: `read_sound` knows what it is then.
    """
    size_bytes = _PLAIN_HEADER.size + 2 * size
    try:
        status = os.stat(path)
        if status.st_size != size_bytes or not stat.S_ISREG(status.st_mode):
            return None
        with open(path, "rb", buffering=0) as file:
            data = file.read(size_bytes)
    except OSError:
        return None
    return written_samples(data) if len(data) == size_bytes else None


def _header(sample_bytes: int, sample_rate_hz: int) -> bytes:
    form = (16, PCM, 1, sample_rate_hz, 2 * sample_rate_hz, 2, 16)
    riff_bytes = sample_bytes + _PLAIN_HEADER.size - 8
    return _PLAIN_HEADER.pack(b"RIFF", riff_bytes, b"WAVEfmt ", *form, b"data", sample_bytes)
