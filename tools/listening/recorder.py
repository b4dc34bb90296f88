"""What `listen` keeps of the sound it hears: a clean folder of detections and near misses."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...data.audio import write_wav
from ...data.clips import CLIP_TABLE
from ...data.errors import WordspotError
from ...data.files import printable, replacing
from ...data.labels import is_word
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.device.stream import Window

COLUMNS = ("file_name", "label", "speaker", "source", "kind", "heard", "probability", "time_s", "duration_s")


class History:
    """The last samples of a stream: a clip's worth and one piece more."""

    def __init__(self, clip_samples: int) -> None:
        self._clip_samples = clip_samples
        self._piece = max(1, clip_samples // 10)
        self._samples = np.zeros(2 * clip_samples, np.int16)
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

    A near miss is a stretch of windows in a row whose likeliest word, averaged, reached `low`, none of which was a
    detection and none of which reached `high`; the window where it was largest is kept, when the stretch is over. The
    second after a detection does not count, because the word is still in its windows.

    Raises
    ------
    WordspotError
        Limits that are not 0 <= low < high <= 1; a folder that holds something else, or a clip table of another kind.
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
            raise WordspotError(f"--save-uncertain is {uncertain[0]:g} {uncertain[1]:g}; wanted 0 <= LOW < HIGH <= 1")
        self._folder, self._session, self._source = folder, printable(session), printable(source)
        self._labels, self._rate_hz = recognizer.labels, recognizer.sample_rate_hz
        self._clip_samples = recognizer.clip_samples
        self._uncertain = uncertain
        self._rows = _read_rows(folder / CLIP_TABLE)
        self._near: tuple[str, float, int, np.ndarray] | None = (
            None  # of the stretch so far: word, value, start, samples
        )
        self._spoiled = False
        self._quiet_until = 0

    def keep(self, window: Window, samples: np.ndarray) -> None:
        """Takes notice of a window and its samples, int16 [clip_samples]."""
        found = window.detection
        if found:
            self._near, self._spoiled = None, True
            self._quiet_until = window.start + self._clip_samples
            self._write("detection", found.label, found.probability, window.start, samples)
        elif self._uncertain:
            self._watch(window, samples, *self._uncertain)

    def finish(self) -> None:
        """Keeps the near miss that the end of the stream cut off."""
        near, self._near = self._near, None
        if near and not self._spoiled:
            self._write("uncertain", *near)

    def _watch(self, window: Window, samples: np.ndarray, low: float, high: float) -> None:
        best = int(window.smoothed.argmax())
        value = float(window.smoothed[best])
        if value < low or not is_word(self._labels[best]) or window.start < self._quiet_until:
            self.finish()
            self._spoiled = False
            return
        self._spoiled |= value >= high
        if self._near is None or value > self._near[1]:
            self._near = (self._labels[best], value, window.start, samples.copy())

    def _write(self, kind: str, heard: str, probability: float, start: int, samples: np.ndarray) -> None:
        end_s = (start + self._clip_samples) / self._rate_hz
        name = f"{heard}/{self._session}-{round(1000 * end_s):09d}ms.wav"
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            write_wav(temporary, samples, self._rate_hz)
        values = (name, heard, "", self._source, kind, heard, f"{probability:.4f}", f"{end_s:.3f}")
        duration_s = f"{len(samples) / self._rate_hz:g}"
        self._rows[name] = dict(zip(COLUMNS, (*values, duration_s), strict=True))
        self._write_table()

    def _write_table(self) -> None:
        path = self._folder / CLIP_TABLE
        with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer: csv.DictWriter[str] = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows.values())


def _read_rows(path: Path) -> dict[str, dict[str, str]]:
    """The rows of a table that an earlier session wrote, with what a person corrected in them."""
    if not path.exists():
        if path.parent.is_dir() and any(path.parent.iterdir()):
            raise WordspotError(
                f"{path.parent} holds something else: choose a new or an empty folder for what is heard"
            )
        return {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        rows = {row["file_name"]: row for row in reader if row.get("file_name")}
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise WordspotError(f"{path} is a clip table of another kind: choose a folder of its own for what is heard")
    return rows
