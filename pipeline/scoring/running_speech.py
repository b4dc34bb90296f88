"""Running speech that was not trained on: what an open microphone hears all day."""

import os
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...data.arrays import Samples
from ...data.audio import read_sound
from ...data.errors import RecordingError, WordspotError, WordspotWarning
from ...data.labels import NEGATIVES
from ...data.negatives.pack import speech_files
from ...data.recordings.folders import check_folder, scan_recordings
from ...data.recordings.layout import SOUND_ENDINGS
from ...data.splits import SPLITS, split_negatives

_HELD_OUT = SPLITS[1:]


@dataclass(frozen=True)
class RunningSpeech:
    """Long recordings without any of the words.

    Attributes
    ----------
    paths, names
        The files, and what their speakers go by (see `splits.split_negatives`).
    origin
        Where they come from, in a few words; empty where there are none.
    """

    paths: Sequence[Path] = ()
    names: Sequence[str] = ()
    origin: str = ""

    @classmethod
    def find(cls, data: Path | None, folder: Path | None = None, words: Collection[str] = ()) -> "RunningSpeech":
        """That of the data (`_negatives_`) and of a folder, else what ships without any of the words; possibly none.

        Raises
        ------
        WordspotError
            A folder that cannot be used, or without sound.
        """
        own = _negatives_of(data) if data else []
        given = _sounds_in(folder) if folder else []
        if folder and not given:
            raise WordspotError(f"{folder} holds no sound: put long recordings without any of the words into it")
        origins = [*([NEGATIVES] if own else []), *([str(folder)] if folder else [])]
        if origins:
            paths = [data / path for path in own if data] + [folder / path for path in given if folder]
            return cls(paths, [*own, *given], " and ".join(origins))
        shipped = speech_files(words)
        return cls(shipped, [path.name for path in shipped], "what ships with wordspot" if shipped else "")

    def held_out(self, split: str, sample_rate_hz: int, least: int, hours: float) -> Iterator[Samples]:
        """The parts that were not trained on: int16 [n] each, at least a clip long, together at most so many hours.

        Of many files each gives its beginning. Reads one file at a time.

        Parameters
        ----------
        split
            `all` takes all of it, any other only what was not trained on.
        sample_rate_hz
            To resample to.
        least
            Samples of a clip.
        hours
            At most.
        """
        files = self._files(split, least)
        left = round(hours * 3_600 * sample_rate_hz)
        for place, index in enumerate(files):
            share = left // (len(files) - place)
            samples = _read(self.paths[index], sample_rate_hz)
            start = 0 if split == "all" else self._starts(len(samples), least)[index]
            part = samples[start:][:share]
            if len(part) >= least:
                left -= len(part)
                yield part

    def count_held_out(self, split: str, least: int) -> int:
        """How many files have such a part, unless they are too short."""
        return len(self._files(split, least))

    def _files(self, split: str, least: int) -> list[int]:
        a_long_one = 100 * least
        starts = [0] * len(self.paths) if split == "all" else self._starts(a_long_one, least)
        return [index for index, start in enumerate(starts) if start < a_long_one]

    def _starts(self, size: int, least: int) -> list[int]:
        """Where in each file, were it of this size, the part begins that is not trained on; `size` where all of it is."""
        sizes = [size] * len(self.names)
        parts = [split_negatives(self.names, sizes, split, least) for split in _HELD_OUT]
        return [
            min(part.start if part.stop > part.start else size for part in some) for some in zip(*parts, strict=True)
        ]


def _negatives_of(data: Path) -> list[str]:
    recordings = scan_recordings(data)
    return [one.path for one in recordings if one.label == NEGATIVES and one.path.lower().endswith(SOUND_ENDINGS)]


def _sounds_in(folder: Path) -> list[str]:
    """Paths of sound files in a folder and in folders in it, relative to it, sorted."""
    check_folder(folder)
    return sorted(
        Path(root, name).relative_to(folder).as_posix()
        for root, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".") and name.lower().endswith(SOUND_ENDINGS)
    )


def _read(path: Path, sample_rate_hz: int) -> Samples:
    try:
        return read_sound(path, sample_rate_hz).samples
    except (RecordingError, FileNotFoundError) as error:
        warnings.warn(f"left out, not readable: {path}: {error}", WordspotWarning, stacklevel=6)
        return np.zeros(0, np.int16)
