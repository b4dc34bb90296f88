"""What `listen` keeps of a stream: a clean folder of detections and near misses."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import numpy as np

from ...data.arrays import Samples
from ...data.audio import write_wav
from ...data.clips import CLIP_TABLE
from ...data.decisions import content_hash
from ...data.errors import WordspotError
from ...data.files import held_alone, printable, replacing
from ...data.labels import is_word
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import LoneWord
from .kept_table import WRITTEN, KeptTable

COLUMNS = (
    *("file_name", "label", "speaker", "source", "kind", "recognized", "probability", "time_s", "duration_s"),
    *("recording", "decision"),
)
_REQUIRED = ("file_name", "label", "kind")  # the last of them is in no clip table of `clean`
_LOCK = ".listening"
_LONGEST_SESSION = 60  # characters of four bytes at most, so that the whole name fits a file system


class RecentSound:
    """The last samples of a stream: enough for the clip of a word that was found only after the pause behind it."""

    def __init__(self, clip_samples: int) -> None:
        self._clip_samples = clip_samples
        self._piece = max(1, clip_samples // 10)
        self._samples = np.zeros(4 * clip_samples, np.int16)
        self._end = 0

    def add(self, block: np.ndarray) -> Iterator[np.ndarray]:
        """Cuts a block int16 [n] into pieces of at most a tenth of a clip, each kept while it is given."""
        for start in range(0, len(block), self._piece):
            piece = block[start : start + self._piece]
            self._samples[: -len(piece)] = self._samples[len(piece) :]
            self._samples[-len(piece) :] = piece
            self._end += len(piece)
            yield piece

    def second_from(self, start: int) -> np.ndarray:
        """One clip, int16 [clip_samples], from a sample on that is counted from the start of the stream."""
        begin = len(self._samples) - (self._end - start)
        clip = self._samples[begin : begin + self._clip_samples]
        return np.pad(clip, (0, self._clip_samples - len(clip)))


class ClipRecorder:
    """Writes clips into a clean folder as they come: `<label>/<session>-<time>.wav` and a row of the clip table.

    A near miss is a lone word that was no detection, and whose probability reached `low` but not `high`.

    Nothing that is in the folder is written over: clips get a name that is free, and rows are added to the clip table as
    it is on disk, so that labels that somebody corrects meanwhile stay (see `KeptTable`). A context: the folder is its own
    until the end.

    Raises
    ------
    WordspotError
        Limits that are not 0 <= low < high <= 1; a folder that holds something else, a clip table of another kind, or
        another process that writes there; a label that would lead out of the folder.
    """

    def __init__(
        self,
        folder: Path,
        session: str,
        source: str,
        recognizer: Recognizer,
        uncertain: tuple[float, float] | None,
    ) -> None:
        if uncertain and not 0 <= uncertain[0] < uncertain[1] <= 1:
            raise WordspotError(
                f"the limits of near misses are {uncertain[0]:g} and {uncertain[1]:g}; expected 0 <= LOW < HIGH <= 1"
            )
        self._folder, self._session, self._source = folder, printable(session)[:_LONGEST_SESSION], printable(source)
        self._rate_hz = recognizer.sample_rate_hz
        self._clip_samples = recognizer.clip_samples
        self._low, self._high = uncertain or (np.inf, np.inf)
        self._lock = ExitStack()
        _check_folder(folder)
        self._table = KeptTable(folder, COLUMNS, _REQUIRED)

    def __enter__(self) -> "ClipRecorder":
        self._folder.mkdir(parents=True, exist_ok=True)
        refusal = f"another `wordspot listen` keeps clips in {self._folder}: choose a folder of its own"
        self._lock.enter_context(held_alone(self._folder / _LOCK, refusal))
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def keep(self, word: LoneWord, samples: Samples) -> None:
        """Writes a lone word's clip, int16 [clip_samples], where it is a detection or a near miss."""
        found = word.prediction
        if word.detection:
            self._write("detection", word, samples)
        elif is_word(found.label) and self._low <= found.probability < self._high:
            self._write("uncertain", word, samples)

    def _write(self, kind: str, word: LoneWord, samples: Samples) -> None:
        found = word.prediction
        end_s = (word.start + self._clip_samples) / self._rate_hz
        name = self._free_name(found.label, f"{self._session}-{round(1000 * end_s):09d}ms")
        with replacing(self._folder / name) as temporary:
            write_wav(temporary, samples, self._rate_hz)
        self._table.add(
            {
                "file_name": name,
                "label": found.label,
                "speaker": "",
                "source": self._source,
                "kind": kind,
                "recognized": found.label,
                "probability": f"{found.probability:.4f}",
                "time_s": f"{end_s:.3f}",
                "duration_s": f"{len(samples) / self._rate_hz:g}",
                "recording": content_hash(samples),
            }
        )

    def _free_name(self, label: str, stem: str) -> str:
        """`<label>/<stem>.wav`, with a number where that is taken; the label's folder is there then."""
        folder = self._folder / label
        if folder.resolve().parent != self._folder.resolve():
            raise WordspotError(
                f"{folder} leads out of {self._folder}, and nothing is written there: {label!r} is no label"
            )
        folder.mkdir(exist_ok=True)
        names = (f"{stem}{f'-{number}' if number > 1 else ''}.wav" for number in count(1))
        return f"{label}/{next(name for name in names if not os.path.lexists(folder / name))}"


def _check_folder(folder: Path) -> None:
    """Raises `WordspotError` unless the folder is new, empty, or one that an earlier session wrote."""
    known = (CLIP_TABLE, WRITTEN)
    if (
        folder.is_dir()
        and not any((folder / name).exists() for name in known)
        and any(e.name != _LOCK for e in folder.iterdir())
    ):
        raise WordspotError(f"{folder} holds something else: choose a new or an empty folder for what is recognized")
