"""The recording that a clip was cut from, where it is still what was cleaned: another second of it may be the better clip."""

import os
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np

from ...data.arrays import Samples
from ...data.audio import SAMPLE_RATE_HZ
from ...data.clips import Clip
from ...data.decisions import content_hash
from ...data.errors import RecordingError, WordspotError
from ...data.recordings.folders import Section
from ...data.recordings.in_place import find_section, read_section
from ..ingest.destination import MARKER, read_marker
from ..signal.window import window_around

_KEPT = 4  # recordings in memory: an hour of sound is 115 MB


class WholeRecordings:
    """The recordings behind the clips of a clean folder.

    A recording is found by the source folder that `clean.json` names and the path that the clip table has for the clip; what
    lies there counts only if its samples have the hash that the table has, so that no other file is ever given.

    Parameters
    ----------
    folder
        The clean folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: OrderedDict[tuple[Section, int, int], tuple[str, Samples]] = OrderedDict()
        self._lock = threading.Lock()

    def samples(self, clip: Clip) -> Samples:
        """int16 [n], 16 kHz: the whole recording of a clip.

        Raises
        ------
        WordspotError
            There is none, or it is not what was cleaned. The message names no label.
        """
        if not clip.source or not clip.recording:
            raise WordspotError(
                "the clip table does not say which recording this clip was cut from: clean the recordings"
            )
        root = self._root()
        path = Path(os.path.normpath(root / clip.source))
        if root not in path.parents:
            raise WordspotError(f"the clip table names a recording outside of {root}, which is not opened: clean again")
        section = None if path.is_file() else find_section(root, clip.source)
        if not path.is_file() and section is None:
            raise WordspotError(
                f"its recording is not in {root} any more: put it back, or clean again from where the recordings are now"
            )
        recording, samples = self._read(section or Section(str(path)))
        if recording != clip.recording:
            raise WordspotError(f"its recording in {root} has changed since it was cleaned: clean again")
        return samples

    def _root(self) -> Path:
        """The folder that was cleaned."""
        source = (read_marker(self._folder) or {}).get("source")
        if not isinstance(source, str) or not Path(source).is_absolute():
            raise WordspotError(f"{self._folder} has no {MARKER} that says where its recordings are: clean again")
        return Path(os.path.normpath(source))

    def _read(self, section: Section) -> tuple[str, Samples]:
        """Content hash and samples; of the recordings that were read last from memory."""
        try:
            status = os.stat(section.file)
            key = section, status.st_size, status.st_mtime_ns
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            sound = read_section(section)
        except (OSError, RecordingError) as error:
            raise WordspotError("its recording cannot be read any more: clean again") from error
        found = content_hash(sound.native), sound.samples
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


def decided_second(samples: Samples, window_s: tuple[float, float], size: int) -> Samples:
    """int16 [size]: what cleaning cuts from a recording for a decided window, see `decisions.Decision.window_s`."""
    return window_around(samples, size, sum(window_s) / 2 * SAMPLE_RATE_HZ)[0]


def part(samples: Samples, begin: int, end: int) -> Samples:
    """int16 [end - begin]: samples of a recording, zeros where it has none."""
    inside = samples[max(0, begin) : max(0, end)]
    before = min(max(0, -begin), end - begin)
    return np.pad(inside, (before, end - begin - before - len(inside)))
