"""MPEG audio (MP3, MP2), as a file or inside WAV: counted frame by frame, because its length stands nowhere.

Only a Xing or Info frame at the start tells how many frames follow, and many files have none, or have that of another
file which they were joined from. libsndfile estimates the length then and reads no further than that. So the frames are
counted here (ISO/IEC 11172-3 and 13818-3 say how long each is), and libsndfile is given them over and over, so that its
estimate is never too short; reading stops after as many samples as were counted.
"""

import io
import os
from dataclasses import dataclass
from typing import BinaryIO

from ..errors import RecordingError

_BITRATES_KBPS = {  # by (is MPEG-1, layer)
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # by version
_MOST_JUNK = 1 << 16  # bytes that are no frame, before the first and between two
_HEAD_BYTES = 4
_TAGS_AT_THE_END = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"3DI")


@dataclass(frozen=True)
class _Frame:
    version: int
    layer: int
    rate_hz: int
    channels: int
    frame_bytes: int
    samples: int

    def goes_with(self, other: "_Frame") -> bool:
        """Whether both can be of one recording."""
        return (self.version, self.layer, self.rate_hz) == (other.version, other.layer, other.rate_hz)


@dataclass(frozen=True)
class MpegFrames:
    """The frames of a recording.

    Attributes
    ----------
    begin, end
        First byte of the first frame, and one past the last byte of the last one.
    frames, samples
        How many frames, and samples of each channel, there are.
    largest_bytes
        Of the largest frame.
    info_frames
        What a Xing or Info frame says; None without.
    parts
        (begin, end) of the bytes that are frames: tags and other bytes may lie between.
    """

    begin: int
    end: int
    frames: int
    samples: int
    largest_bytes: int
    info_frames: int | None
    parts: tuple[tuple[int, int], ...]

    @property
    def is_as_its_info_says(self) -> bool:
        """Whether a decoder may go by the Xing frame; some count that frame itself."""
        return self.info_frames is not None and abs(self.info_frames - self.frames) <= 1 and len(self.parts) == 1


def find_frames(file: BinaryIO, begin: int, end: int) -> MpegFrames | None:
    """The frames between two places of a file; None where there are none, or of free format, whose length is unknown.

    Raises
    ------
    RecordingError
        Cut short: the last frame is not complete, or a Xing frame promises more.
    """
    begin = _behind_id3(file, begin)
    first = _next_frame(file, begin, end)
    if first is None:
        return None
    place, frame = first
    info = _info_frames(file, place, frame)
    if info is not None:
        place += frame.frame_bytes
    found = _count(file, place, end, frame, info)
    if found and info is not None and found.frames < info - 1:
        raise RecordingError(f"cut short: {found.frames} MPEG frames where its header promises {info}")
    return found


def _count(file: BinaryIO, begin: int, end: int, kind: _Frame, info: int | None) -> MpegFrames | None:
    frames = samples = largest = 0
    parts: list[tuple[int, int]] = []
    place = part = begin
    while place < end:
        file.seek(place)
        head = file.read(min(11, end - place))
        frame = parse_frame(head)
        if frame and frame.goes_with(kind):
            if place + frame.frame_bytes > end:
                raise RecordingError(f"cut short: the last MPEG frame has {end - place} of {frame.frame_bytes} bytes")
            frames, samples = frames + 1, samples + frame.samples
            largest = max(largest, frame.frame_bytes)
            place += frame.frame_bytes
            continue
        if end - place < _HEAD_BYTES and head.startswith(b"\xff"):
            raise RecordingError(f"cut short: {end - place} bytes of a further MPEG frame")
        parts.append((part, place))
        following = None if head.startswith(_TAGS_AT_THE_END) else _next_frame(file, _behind_id3(file, place), end)
        if following is None:
            break
        place = part = following[0]
    else:
        parts.append((part, place))
    whole = tuple(one for one in parts if one[0] < one[1])
    return MpegFrames(begin, whole[-1][1], frames, samples, largest, info, whole) if whole else None


def parse_frame(head: bytes) -> _Frame | None:
    """What the four bytes at the start of a frame say; None where they start none, or one of free format."""
    if len(head) < _HEAD_BYTES or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    rate_hz = _RATES_HZ[version][rate]
    bits_per_s = _BITRATES_KBPS[version == 3, layer][bitrate - 1] * 1000
    samples = 384 if layer == 1 else 1152 if layer == 2 or version == 3 else 576
    slot_bytes = 4 if layer == 1 else 1
    frame_bytes = (samples // 8 * bits_per_s // rate_hz // slot_bytes + padding) * slot_bytes
    return _Frame(version, layer, rate_hz, 1 if head[3] >> 6 == 3 else 2, frame_bytes, samples)


def mpeg_frame_bytes(head: bytes) -> int:
    """How long the frame is that starts so; 0 for none."""
    frame = parse_frame(head)
    return frame.frame_bytes if frame else 0


def starts_frames(head: bytes) -> bool:
    """Whether a frame and another of its kind stand at the start."""
    first = parse_frame(head)
    second = parse_frame(head[first.frame_bytes :]) if first else None
    return bool(first and second and first.goes_with(second))


def _behind_id3(file: BinaryIO, place: int) -> int:
    while True:
        file.seek(place)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            return place
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        place += 10 + size + (10 if head[5] & 0x10 else 0)


def _next_frame(file: BinaryIO, begin: int, end: int) -> tuple[int, _Frame] | None:
    """The first place from which two frames of one kind follow each other, or one that ends where everything ends."""
    file.seek(begin)
    content = file.read(min(end - begin, _MOST_JUNK)) if begin < end else b""
    place = content.find(b"\xff")
    while place >= 0:
        frame = parse_frame(content[place : place + 4])
        if frame and _is_followed(file, begin + place, end, frame):
            return begin + place, frame
        place = content.find(b"\xff", place + 1)
    return None


def _is_followed(file: BinaryIO, place: int, end: int, frame: _Frame) -> bool:
    following = place + frame.frame_bytes
    if following >= end:
        return following == end
    file.seek(following)
    head = file.read(4)
    second = parse_frame(head)
    return bool(second and second.goes_with(frame)) or head.startswith((b"TAG", b"APET", b"LYRI", b"ID3"))


def _info_frames(file: BinaryIO, place: int, frame: _Frame) -> int | None:
    """The number of frames that a Xing or Info frame promises, or None."""
    if frame.layer != 3:
        return None
    side_bytes = {(True, 2): 32, (True, 1): 17, (False, 2): 17, (False, 1): 9}[frame.version == 3, frame.channels]
    file.seek(place + 4 + side_bytes)
    tag = file.read(12)
    if tag[:4] not in (b"Xing", b"Info") or len(tag) < 12 or not tag[7] & 1:
        return None
    return int.from_bytes(tag[8:12], "big")


class RepeatedFrames(io.RawIOBase):
    """The frames of a recording as a file in which they follow each other again and again.

    Parameters
    ----------
    file
        The recording.
    found
        Where its frames lie.
    """

    def __init__(self, file: BinaryIO, found: MpegFrames) -> None:
        self._file, self._parts = file, found.parts
        self._lap_bytes = sum(end - begin for begin, end in found.parts)
        self._size_bytes = (found.frames + 16) * found.largest_bytes + self._lap_bytes
        self._place = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """As of any file; the end is far away."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size_bytes}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        """As of any file."""
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """As of any file."""
        filled, most = 0, min(len(buffer), self._size_bytes - self._place)
        while filled < most:
            data = self._at(self._place, most - filled)
            if not data:  # the file has become shorter
                break
            buffer[filled : filled + len(data)] = data
            filled += len(data)
            self._place += len(data)
        return filled

    def _at(self, place: int, most: int) -> bytes:
        place %= self._lap_bytes
        for begin, end in self._parts:
            if place < end - begin:
                self._file.seek(begin + place)
                return self._file.read(min(most, end - begin - place))
            place -= end - begin
        return b""
