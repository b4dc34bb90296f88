"""One recording to one clip: what the worker processes do."""

import dataclasses
import math
import os
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ...data.audio import SAMPLE_RATE_HZ, Sound, read_sound, write_wav
from ...data.clips import find_speaker, speaker_pattern
from ...data.errors import RecordingError, WordspotError
from ...data.files import printable
from ..signal.loudness import mean_abs
from ..signal.window import fit_to_window
from .checks import CHECKS, Check, CutRecording
from .duplicates.fingerprints import Relation, fingerprint, relate
from .plan import PlannedClip
from .settings import CleanSettings

MEASUREMENTS = (
    "window_start_s",
    "duration_s",
    "sample_rate_hz",
    "channels",
    "peak_dbfs",
    "mean_abs_before",
    "mean_abs_after",
)
_QUIETEST_DBFS = -120.0  # written for digital silence, whose level has no logarithm


@dataclass(frozen=True)
class ClipMaker:
    """From where, how and to where.

    Attributes
    ----------
    source
        Folder of recordings.
    settings
        How a recording becomes a clip.
    destination
        The clean folder.
    scratch
        Folder of the same file system for what is not finished; None writes no clips.
    """

    source: Path
    settings: CleanSettings
    destination: Path = Path()
    scratch: Path | None = None

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Those that look at one recording, with the limits of the settings."""
        return tuple(
            dataclasses.replace(check, limit=self.settings.min_volume) if check.name == "near_silent" else check
            for check in CHECKS
            if check.measure
        )

    @cached_property
    def _speaker_pattern(self) -> re.Pattern[str]:
        return speaker_pattern(self.settings.speaker_pattern)

    @cached_property
    def _window_samples(self) -> int:
        return self.settings.window_samples

    def process(self, task: PlannedClip) -> dict[str, Any]:
        """One recording to one clip file and its row (with a `reason` when it is discarded)."""
        inner_path = printable(task.recording.inner_path)
        row: dict[str, Any] = {
            "file_name": task.file_name,
            "label": task.label,
            "speaker": find_speaker(inner_path, self._speaker_pattern),
            "source": printable(task.recording.path),
            "findings": "",
        }
        try:
            sound = read_sound(f"{self.source}/{task.recording.path}")
        except RecordingError as error:
            return row | {"findings": "unreadable", "reason": "unreadable", "detail": printable(str(error))}
        if task.recording.is_long_sound:
            self._write(task, sound.samples)
            return row
        cut = self.look_at(task.recording.path, sound)
        row |= _measure(cut) | self._check(cut)
        if "reason" not in row:
            row["fingerprint"] = fingerprint(cut)
            self._write(task, cut.clip)
        return row

    def look_at(self, path: str, sound: Sound) -> CutRecording:
        """The recording with the clip that is cut from it."""
        return CutRecording(path, sound, *fit_to_window(sound.samples, self._window_samples, self.settings.window))

    def _check(self, cut: CutRecording) -> dict[str, Any]:
        """Columns of the measured values, `findings`, and `reason` and `detail` where one of them discards."""
        row: dict[str, Any] = {check.column: check.value(cut) for check in self.checks}
        found = [check for check in self.checks if check.finds(row[check.column])]
        row["findings"] = ";".join(check.name for check in found)
        for check in found:
            if check.name in self.settings.discarding:
                return row | {"reason": check.name, "detail": check.detail(row[check.column])}
        return row

    def compare(self, pair: tuple[tuple[PlannedClip, float], tuple[PlannedClip, float]]) -> Relation:
        """How two clips are related, each given with the second at which it begins in its recording."""
        return relate(*(_content(self, task, start_s) for task, start_s in pair))

    def _write(self, task: PlannedClip, samples: np.ndarray) -> None:
        if self.scratch is None:
            return
        temporary = f"{self.scratch}/{os.getpid()}.wav"
        write_wav(temporary, samples)
        os.replace(temporary, f"{self.destination}/{task.file_name}")

    def remove_clip(self, task: PlannedClip) -> None:
        """Takes away the clip of a discarded recording, where one stands: of other settings, or found to be a twin since."""
        if self.scratch is not None:
            (self.destination / task.file_name).unlink(missing_ok=True)

    def made_by(self) -> dict[str, Any]:
        """Source, settings and versions: what decides every byte of the output."""
        versions = {name: version(name) for name in ("wordspot", "numpy", "soundfile", "soxr")}
        versions["libsndfile"] = soundfile.__libsndfile_version__
        settings = dataclasses.asdict(self.settings)
        return {"source": printable(str(self.source.resolve())), "settings": settings, "versions": versions}


def _measure(cut: CutRecording) -> dict[str, Any]:
    sound = cut.sound
    peak_dbfs = 20 * math.log10(sound.peak) if sound.peak > 0 else _QUIETEST_DBFS
    return {
        "window_start_s": round(cut.start / SAMPLE_RATE_HZ, 6),
        "duration_s": round(sound.duration_s, 6),
        "sample_rate_hz": sound.source_rate_hz,
        "channels": sound.source_channels,
        "peak_dbfs": round(max(peak_dbfs, _QUIETEST_DBFS), 3),
        "mean_abs_before": round(mean_abs(sound.samples) if len(sound.samples) != len(cut.clip) else cut.volume, 6),
        "mean_abs_after": round(cut.volume, 6),
    }


@lru_cache(maxsize=64)  # pairs come in order, so that of most one clip has just been read; a recording may last an hour
def _content(job: ClipMaker, task: PlannedClip, start_s: float) -> np.ndarray:
    """int16 [n]: the clip that begins at a second of its recording, without exact zeros at its ends."""
    try:
        sound = read_sound(job.source / task.recording.path)
    except RecordingError as error:  # it could be read a moment ago
        path = printable(task.recording.path)
        raise WordspotError(f"{path} was changed while cleaning: run the same command again ({error})") from error
    start = round(start_s * SAMPLE_RATE_HZ)
    begin = max(0, start)
    clip = sound.samples[begin : start + job.settings.window_samples]
    return CutRecording(task.recording.path, sound, clip, begin).content.copy()  # or all of the recording would be kept
