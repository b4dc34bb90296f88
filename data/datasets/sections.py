"""Sounds as they are imported: files that can be decoded, under another name where they lie on one disk."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from ..audio import read_sound, stream_sound
from ..errors import RecordingError
from ..files import replacing

_WORD_BYTES = 2 << 20  # no more than an hour in any format: decoded at one go, in half the time


def check_decodable(path: Path) -> None:
    """Decodes a file to its end. Raises `RecordingError` where that fails, or there is no sound in it."""
    if path.stat().st_size <= _WORD_BYTES:
        read_sound(path)
    elif not sum(map(len, stream_sound(path))):
        raise RecordingError("the file holds no samples")


def link_or_copy(source: Path, target: Path) -> None:
    """Another name of the same file where both lie on one disk and the system allows it, else a copy; all of it or nothing."""
    with replacing(target) as temporary:
        with suppress(OSError):
            os.link(source.resolve(), temporary)
            return
        shutil.copyfile(source, temporary)
