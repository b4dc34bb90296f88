"""Files of phones and browsers (MPEG-4, AAC, AMR, WebM, WMA, ...), recognized by their first bytes.

They are decoded by FFmpeg where PyAV, which brings its own, is installed (`pip install 'wordspot[media]'`); else refused by
name, with the line that converts them. FFmpeg is only given what was recognized here, and as what it was recognized.
"""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from ..errors import RecordingError
from .mpeg import mpeg_frame_bytes
from .packets import adts_frame_bytes
from .sound import check_rate
from .source import Source


@dataclass(frozen=True)
class Media:
    """A kind of file: its name for people, and that which FFmpeg has for it."""

    name: str
    demuxer: str


_KINDS: tuple[tuple[bytes, Media], ...] = (  # libsndfile reads none of these
    (rb".{4}ftyp3g", Media("3GP", "mov")),
    (rb".{4}(ftyp|moov|mdat|wide)", Media("MPEG-4", "mov")),
    (rb"\x1a\x45\xdf\xa3.{0,60}webm", Media("WebM", "matroska")),
    (rb"\x1a\x45\xdf\xa3", Media("Matroska", "matroska")),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Media("Windows Media", "asf")),
    (rb"#!AMR(-WB)?\n", Media("AMR", "amr")),
    (rb"\xff[\xf0\xf1\xf8\xf9]", Media("AAC", "aac")),
    (rb"RIFF....AVI ", Media("AVI", "avi")),
    (rb"FLV\x01", Media("Flash video", "flv")),
    (rb"wvpk", Media("WavPack", "wv")),
    (rb"MAC ", Media("Monkey's Audio", "ape")),
    (rb"TTA1", Media("TTA", "tta")),
    (rb"MPCK", Media("Musepack", "mpc8")),
    (rb"MP\+", Media("Musepack", "mpc")),
    (rb"\.RMF", Media("RealMedia", "rm")),
    (rb"DSD ", Media("DSF", "dsf")),
    (rb"\x0b\x77", Media("AC-3", "ac3")),
    (rb"\x7f\xfe\x80\x01", Media("DTS", "dts")),
    (rb"G.{187}G.{187}G", Media("MPEG transport stream", "mpegts")),
    (rb"\0\0\x01\xba", Media("MPEG program stream", "mpeg")),
)
_CODECS: tuple[tuple[bytes, Media], ...] = (  # libsndfile knows the container, but not what is in it
    (rb"caff.{4}desc.{16}(?!lpcm)", Media("CAF", "caf")),
    (rb"RIFF....WAVEfmt ....(?![\x01-\x03\x06\x07\x11\x31\x50\x55]\0|\xfe\xff)", Media("WAV", "wav")),
    (rb"FORM....AIFC", Media("AIFF", "aiff")),
    (rb"OggS.{24,280}Speex   ", Media("Ogg Speex", "ogg")),
    (rb"ID3", Media("AAC", "aac")),
)
_LONG_MARKS = tuple(one for one in _KINDS if one[1].demuxer not in ("aac", "ac3", "mpeg", "mpegts", "dts"))
_STREAMS: tuple[tuple[bytes, Media], ...] = (  # libsndfile reads these, but not from pipes
    (rb"fLaC", Media("FLAC", "flac")),
    (rb"OggS", Media("OGG", "ogg")),
    (rb"ID3[\x02-\x04]", Media("MP3", "mp3")),
    (rb"\.snd", Media("AU", "au")),
    (rb"FORM....AIF", Media("AIFF", "aiff")),
    (rb"caff\0\x01", Media("CAF", "caf")),
    (rb"riff\x2e\x91\xcf\x11", Media("W64", "w64")),
)


def recognize(head: bytes) -> Media | None:
    """The kind of file that starts so, where libsndfile does not read it."""
    return _first_match(_KINDS, head)


def other_codec(head: bytes) -> Media | None:
    """The kind of file that starts so, where libsndfile knows the container and perhaps not what is in it."""
    return _first_match(_CODECS, head)


def streamed_kind(head: bytes) -> Media | None:
    """The kind of stream that starts so; only where it cannot well be raw samples, which start with any bytes.

    Frames of MP3 and AAC have short marks: at least two must follow each other. Of fewer bytes than two frames have,
    their kind is given all the same.
    """
    for kind, frame_bytes in ((Media("MP3", "mp3"), mpeg_frame_bytes), (Media("AAC", "aac"), adts_frame_bytes)):
        if size := frame_bytes(head):
            return kind if len(head) < size + 7 or frame_bytes(head[size:]) else None
    return _first_match(_STREAMS, head) or _first_match(_LONG_MARKS, head)


def _first_match(kinds: tuple[tuple[bytes, Media], ...], head: bytes) -> Media | None:
    return next((kind for begins, kind in kinds if re.match(begins, head, re.DOTALL)), None)


def _pyav() -> Any:
    import av  # here, because it is an extra and most recordings need none
    import av.logging

    av.logging.set_level(None)
    return av


def has_decoder() -> bool:
    """Whether PyAV is installed."""
    try:
        _pyav()
    except ImportError:
        return False
    return True


def how_to_convert(name: str) -> str:
    """The end of a sentence that refuses a file."""
    return f"{name} needs PyAV: pip install 'wordspot[media]'; or convert it: ffmpeg -i FILE -ac 1 -ar 16000 FILE.wav"


def open_media(file: BinaryIO, kind: Media) -> Source:
    """A file, or a pipe, of a kind that was recognized.

    Raises
    ------
    RecordingError
        PyAV is not installed, the file holds no sound, or is damaged.
    """
    try:
        _pyav()
    except ImportError as error:
        raise RecordingError(how_to_convert(kind.name)) from error
    with closing(decoded(_rewound(file), kind)) as pieces:
        first = next(pieces, None)
    if first is None:
        raise RecordingError(f"{kind.name} that holds no sound")
    rate_hz, block = first
    check_rate(rate_hz)

    def blocks() -> Iterator[np.ndarray]:
        for _, piece in decoded(_rewound(file), kind):
            yield piece

    return Source(kind.name, rate_hz, block.shape[1], "", blocks)


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0, os.SEEK_END)  # only so it asks the system where it stands; libsndfile may have read its descriptor
    file.seek(0)
    return file


def decoded(file: BinaryIO, kind: Media) -> Generator[tuple[int, np.ndarray], None, None]:
    """The rate and float32 [n, channels] pieces of the first sound in a file or pipe, which need not be seekable."""
    av = _pyav()
    try:
        with av.open(file, format=kind.demuxer, mode="r") as container:
            if not container.streams.audio:
                raise RecordingError(f"{kind.name} that holds no sound")
            to_float = None
            for frame in container.decode(container.streams.audio[0]):
                to_float = to_float or av.AudioResampler("flt", frame.layout, frame.sample_rate)
                for piece in to_float.resample(frame):
                    yield piece.sample_rate, piece.to_ndarray().reshape(piece.samples, -1)  # planes: at most eight
    except (av.error.FFmpegError, ArithmeticError, LookupError, RuntimeError, ValueError) as error:  # of PyAV, too
        why = getattr(error, "strerror", None) or str(error)
        raise RecordingError(f"not readable as {kind.name}: {why.splitlines()[0]}") from error
