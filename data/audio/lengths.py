"""How long a file must be by what its container says, to find those that were cut short.

Where nothing in the file says how long it is (PAF, IRCAM, PVF, XI, transport streams, AC-3, a stream whose length was never
filled in, MPEG between two frames), a shorter file cannot be told from one that was cut short.
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ..errors import RecordingError
from .packets import adts_ends, amr_ends, ebml_ends, has_last_ogg_page

_TOLERATED_BYTES = 1  # the last chunk of an odd size is often not padded
_HEAD_BYTES = 512
_MOST_CHUNKS = 1 << 20  # walked; of a longer file the rest is believed
_MAT4_BYTES = {0: 8, 1: 4, 2: 4, 3: 2, 4: 2, 5: 1}  # of a value, by the tens of its type


def check_complete(file: BinaryIO, size_bytes: int) -> None:
    """Raises `RecordingError` for a file (of any kind but WAV and MPEG) that is shorter than its container says."""
    file.seek(0)
    head = file.read(_HEAD_BYTES).ljust(_HEAD_BYTES, b"\0")
    for begins, find in _ENDS:
        if re.match(begins, head, re.DOTALL):
            end = max(find(file, size_bytes, head), default=0)
            if end > size_bytes + _TOLERATED_BYTES:
                raise RecordingError(f"cut short: {size_bytes} bytes where its header promises {end}")
    if head.startswith(b"OggS") and not has_last_ogg_page(file, size_bytes):
        raise RecordingError("cut short: the last of its Ogg pages is missing")


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    """As many bytes as are there."""
    file.seek(place)
    return file.read(size)


def _chunks(
    file: BinaryIO, size_bytes: int, place: int, names: int, sizes: int, order: str, *, counts_itself: bool, align: int
) -> Iterator[tuple[bytes, int, int]]:
    """(name, begin, end) of chunks that have their name before their size, a header of `names` + `sizes` bytes."""
    for _ in range(_MOST_CHUNKS):
        head = _read(file, place, names + sizes)
        if len(head) < names + sizes:
            return
        size = int.from_bytes(head[names:], "big" if order == ">" else "little")
        if counts_itself and size < names + sizes:
            return
        begin = place + names + sizes
        end = place + size if counts_itself else begin + size
        yield head[:names], begin, end
        place = end + -end % align
        if place >= size_bytes:
            return


def _iff(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    order = "<" if head.startswith(b"RIF") else ">"
    chunks = _chunks(file, size_bytes, 12, 4, 4, order, counts_itself=False, align=2)
    yield from (end for name, begin, end in chunks if name in (b"SSND", b"BODY", b"data") and end - begin < 0x7FFF_F000)


def _au(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    order = "big" if head.startswith(b".snd") else "little"
    begin, size = int.from_bytes(head[4:8], order), int.from_bytes(head[8:12], order)
    if size < 0x7FFF_F000:
        yield begin + size


def _caf(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    chunks = _chunks(file, size_bytes, 8, 4, 8, ">", counts_itself=False, align=1)
    yield from (end for _, begin, end in chunks if end - begin < 1 << 62)


def _w64(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    chunks = _chunks(file, size_bytes, 40, 16, 8, "<", counts_itself=True, align=8)
    yield from (end for name, begin, end in chunks if name.startswith(b"data") and end - begin < 1 << 62)


def _asf(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    chunks = _chunks(file, size_bytes, 0, 16, 8, "<", counts_itself=True, align=1)
    yield from (end for _, begin, end in chunks if end - begin < 1 << 62)


def _mp4(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    place = 0
    for _ in range(_MOST_CHUNKS):
        box = _read(file, place, 16)
        size = int.from_bytes(box[:4], "big")
        if size == 1 and len(box) == 16:
            size = int.from_bytes(box[8:], "big")
        if len(box) < 8 or size < 8:  # 0: to the end of the file
            return
        place += size
        yield place
        if place >= size_bytes:
            return


def _voc(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    place = int.from_bytes(head[20:22], "little")
    for _ in range(_MOST_CHUNKS):
        block = _read(file, place, 4)
        if not block or block[0] == 0 or len(block) < 4:  # 0 ends it; some writers leave it out
            return
        place += 4 + int.from_bytes(block[1:], "little")
        yield place


def _avr(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    channels = 2 if head[12:14] == b"\xff\xff" else 1
    yield 128 + int.from_bytes(head[26:30], "big") * channels * (int.from_bytes(head[14:16], "big") // 8)


def _mpc(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    yield 42 + int.from_bytes(head[30:34], "little") * 2 * (2 if head[21] else 1)


def _nist(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    found = dict(re.findall(rb"(\w+) -(?:i|s\d+) (\d{1,12})\b", head))
    text = re.match(rb"NIST_1A\s+(\d{1,6})\s", head)
    if text and {b"sample_count", b"sample_n_bytes"} <= found.keys():
        frames, wide = int(found[b"sample_count"]), int(found[b"sample_n_bytes"])
        yield int(text[1]) + frames * wide * int(found.get(b"channel_count", 1))


def _sds(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    frames = sum(head[10 + place] << 7 * place for place in range(3))
    frames_per_packet = 60 if head[6] < 15 else 40 if head[6] < 22 else 30
    yield 21 + -(-frames // frames_per_packet) * 127


def _avi(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    yield 8 + int.from_bytes(head[4:8], "little")


def _wve(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    yield 32 + int.from_bytes(head[18:22], "big")


def _mat4(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    order = "big" if head[2:4] == b"\x03\xe8" else "little"
    place = 0
    while len(matrix := _read(file, place, 20)) == 20:
        kind, rows, columns, imaginary, name_bytes = (int.from_bytes(matrix[i : i + 4], order) for i in range(0, 20, 4))
        value_bytes = _MAT4_BYTES.get(kind // 10 % 10, 1)
        place += 20 + name_bytes + rows * columns * value_bytes * (1 + bool(imaginary))
        yield place


def _mat5(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    order = ">" if head[126:128] == b"MI" else "<"
    elements = _chunks(file, size_bytes, 128, 4, 4, order, counts_itself=False, align=1)
    yield from (end - 8 for _, _, end in elements)  # libsndfile counts the header of the last one twice


_ENDS: tuple[tuple[bytes, Callable[[BinaryIO, int, bytes], Iterator[int]]], ...] = (
    (rb"FORM....(AIFF|AIFC|8SVX|16SV)", _iff),
    (rb"RIFX....WAVE", _iff),
    (rb"RIFF....AVI ", _avi),
    (rb"\.snd|dns\.", _au),
    (rb"caff\0\x01", _caf),
    (rb"riff\x2e\x91\xcf\x11", _w64),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _asf),
    (rb"....(ftyp|moov|mdat|wide)", _mp4),
    (rb"Creative Voice File\x1a", _voc),
    (rb"2BIT", _avr),
    (rb"\x01\x04.{40}", _mpc),
    (rb"NIST_1A", _nist),
    (rb"\xf0\x7e.\x01", _sds),
    (rb"ALawSoundFile\*\*", _wve),
    (rb"\0\0(?:\0\0|\x03\xe8)(?:\x01\0{3}|\0{3}\x01){2}\0{4}", _mat4),
    (rb"MATLAB 5\.0 MAT-file", _mat5),
    (rb"#!AMR(-WB)?\n", amr_ends),
    (rb"\xff[\xf0\xf1\xf8\xf9]", adts_ends),
    (rb"\x1a\x45\xdf\xa3", ebml_ends),
)
