"""Where the packets of streamed containers end: Ogg pages, AMR and AAC frames, the elements of WebM."""

import re
from collections.abc import Iterator
from typing import BinaryIO

_MOST_PACKETS = 1 << 22  # walked; of a longer file the rest is believed
_CHUNK_BYTES = 1 << 16
_LAST_PAGE = 4  # a flag of an Ogg page
_AMR_NARROW = (12, 13, 15, 17, 19, 20, 26, 31, 5)  # bytes behind the first of a frame, by its kind
_AMR_WIDE = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)
_EBML_FOLDERS = frozenset(
    {0x18538067, 0x1F43B675}
)  # Segment and Cluster: walked into, because their size may be unknown


def has_last_ogg_page(file: BinaryIO, size_bytes: int) -> bool:
    """Whether every logical stream has its last page, and that is complete (RFC 3533); bytes between are passed over."""
    finished: dict[bytes, bool] = {}
    place = 0
    for _ in range(_MOST_PACKETS):
        file.seek(place)
        head = file.read(27)
        if len(head) < 27:
            break
        if not head.startswith(b"OggS"):
            place = _find(file, place + 1, b"OggS")
            if place < 0:
                break
            continue
        place += 27 + head[26] + sum(file.read(head[26]))
        finished[head[14:18]] = bool(head[5] & _LAST_PAGE) and place <= size_bytes
    return all(finished.values())


def _find(file: BinaryIO, place: int, wanted: bytes) -> int:
    while True:
        file.seek(place)
        content = file.read(_CHUNK_BYTES)
        found = content.find(wanted)
        if found >= 0:
            return place + found
        if len(content) < _CHUNK_BYTES:
            return -1
        place += len(content) - len(wanted) + 1


def amr_ends(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    """One past the last byte of every AMR frame (RFC 4867)."""
    sizes = _AMR_WIDE if head.startswith(b"#!AMR-WB") else _AMR_NARROW
    place = head.index(b"\n") + 1
    while place < size_bytes:
        file.seek(place)
        kind = file.read(1)[0] >> 3 & 15
        place += 1 + (sizes[kind] if kind < len(sizes) else 0)
        yield place


def adts_ends(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    """One past the last byte of every frame of AAC in ADTS (ISO/IEC 13818-7), up to the first that is none."""
    place = 0
    while place < size_bytes:
        file.seek(place)
        frame = file.read(6)
        if len(frame) < 6:
            yield place + 7
            return
        size = adts_frame_bytes(frame)
        if size == 0:
            return
        place += size
        yield place


def adts_frame_bytes(head: bytes) -> int:
    """How long the frame is that starts so; 0 for none."""
    if len(head) < 6 or not re.match(rb"\xff[\xf0\xf1\xf8\xf9]", head):
        return 0
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size if size >= 7 else 0


def ebml_ends(file: BinaryIO, size_bytes: int, head: bytes) -> Iterator[int]:
    """One past the last byte of every element of Matroska and WebM (RFC 8794)."""
    place = 0
    for _ in range(_MOST_PACKETS):
        if place >= size_bytes:
            return
        file.seek(place)
        element = file.read(12)
        name_bytes = _vint_bytes(element[:1])
        size_bytes_ = _vint_bytes(element[name_bytes : name_bytes + 1])
        if not 0 < name_bytes <= 4 or not size_bytes_ or len(element) < name_bytes + size_bytes_:
            return
        name = int.from_bytes(element[:name_bytes], "big")
        all_ones = (1 << 7 * size_bytes_) - 1
        size = int.from_bytes(element[name_bytes : name_bytes + size_bytes_], "big") & all_ones
        place += name_bytes + size_bytes_
        if size != all_ones:
            yield place + size
        if name not in _EBML_FOLDERS:
            if size == all_ones:
                return
            place += size


def _vint_bytes(first: bytes) -> int:
    """Length of a number of variable length, by its first byte; 0 for none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
