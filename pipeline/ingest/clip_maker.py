"""One recording to one clip: what the worker processes do."""

import dataclasses
import hashlib
import math
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import soundfile

from ...data.arrays import Samples
from ...data.audio import SAMPLE_RATE_HZ, Sound, read_sound, write_wav
from ...data.clips import find_speaker, speaker_pattern
from ...data.decisions import NOTHING, State, content_hash
from ...data.errors import RecordingError, WordspotError
from ...data.files import printable
from ...data.recordings.folders import Recording
from ..signal.loudness import mean_abs
from ..signal.window import fit_to_window, window_around
from .checks import CHECKS, Check, CutRecording, Value
from .destination import digest
from .duplicates.fingerprints import Relation, fingerprint, relate
from .outcome import Outcome
from .plan import PlannedClip
from .settings import CleanSettings

_QUIETEST_DBFS = -120.0  # written for digital silence, whose level has no logarithm
_UNREADABLE = "unreadable"

ClipPlace = tuple[PlannedClip, float]
"""A clip, and the second of its recording at which it begins."""


@dataclass(frozen=True)
class ClipMaker:
    """Makes clips of recordings.

    Attributes
    ----------
    source
        Folder of recordings.
    settings
        How a recording becomes a clip.
    scratch
        Folder for clips that are not in their place yet; None writes no clips.
    """

    source: Path
    settings: CleanSettings
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

    def process(self, planned: PlannedClip) -> Outcome:
        """Makes the clip of one recording, as the file `unfinished` names, or finds why there is none."""
        recording = planned.recording
        outcome = Outcome(
            planned.file_name, planned.label, find_speaker(recording.inner_key, self._speaker_pattern), recording.key
        )
        try:
            sound = read_sound(f"{self.source}/{recording.path}")
        except RecordingError as error:
            return dataclasses.replace(
                outcome, findings=(_UNREADABLE,), discarded_for=_UNREADABLE, detail=printable(str(error))
            )
        outcome = dataclasses.replace(
            outcome, recording=content_hash(sound.native), decided_window=planned.decided_window
        )
        if recording.is_long_sound:
            return dataclasses.replace(outcome, clip_digest=self._write(planned, sound.samples))
        return self._outcome_of(planned, outcome, self.cut(recording.path, sound, planned.state))

    def _outcome_of(self, planned: PlannedClip, outcome: Outcome, cut: CutRecording) -> Outcome:
        """Adds what was measured; writes the clip unless a check leaves the recording out."""
        values = {check.column: check.value(cut) for check in self.checks}
        found = [check for check in self.checks if check.finds(values[check.column])]
        outcome = dataclasses.replace(
            outcome, findings=tuple(check.name for check in found), measured=_measure(cut) | values
        )
        for check in found:
            if check.name in self.settings.discarding and not planned.is_kept:
                return dataclasses.replace(outcome, discarded_for=check.name, detail=check.detail(values[check.column]))
        return dataclasses.replace(outcome, fingerprint=fingerprint(cut), clip_digest=self._write(planned, cut.clip))

    def content_hash(self, recording: Recording) -> str:
        """Of a recording's content, see `decisions.content_hash`; empty where nothing can be decoded."""
        try:
            return content_hash(read_sound(f"{self.source}/{recording.path}").native)
        except RecordingError:
            return ""

    def cut(self, path: str, sound: Sound, state: State = NOTHING) -> CutRecording:
        """The recording with the clip that is cut from it, where somebody has said so."""
        if state.window_s:
            middle = sum(state.window_s) / 2 * SAMPLE_RATE_HZ
            return CutRecording(path, sound, *window_around(sound.samples, self._window_samples, middle))
        return CutRecording(path, sound, *fit_to_window(sound.samples, self._window_samples, self.settings.window))

    def compare(self, pair: tuple[ClipPlace, ClipPlace]) -> Relation:
        """How two clips are related."""
        return relate(*(_content(self, planned, start_s) for planned, start_s in pair))

    def unfinished(self, planned: PlannedClip) -> Path:
        """Where `process` writes a clip; whoever takes note of its outcome moves it to its place then."""
        assert self.scratch is not None
        name = hashlib.blake2b(planned.file_name.encode(), digest_size=16).hexdigest()
        return self.scratch / f"{name}.wav"

    def _write(self, planned: PlannedClip, samples: Samples) -> str:
        """Gives the digest of what was written."""
        if self.scratch is None:
            return ""
        path = self.unfinished(planned)
        write_wav(path, samples)
        return digest(path)

    def made_by(self) -> dict[str, Any]:
        """Source, settings and versions, as JSON has them: what decides every byte of the output."""
        versions = {name: version(name) for name in ("wordspot", "numpy", "soundfile", "soxr")}
        versions["libsndfile"] = soundfile.__libsndfile_version__
        settings = dataclasses.asdict(self.settings)
        return {"source": printable(str(self.source.resolve())), "settings": settings, "versions": versions}


def _measure(cut: CutRecording) -> dict[str, Value]:
    """{column: value} of `MEASUREMENTS`."""
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
def _content(maker: ClipMaker, planned: PlannedClip, start_s: float) -> Samples:
    """int16 [n]: the clip that begins at a second of its recording, without exact zeros at its ends."""
    recording = planned.recording
    try:
        sound = read_sound(maker.source / recording.path)
    except RecordingError as error:  # it could be read a moment ago
        raise WordspotError(
            f"{recording.key} was changed while cleaning: run the same command again ({error})"
        ) from error
    start = round(start_s * SAMPLE_RATE_HZ)
    begin = max(0, start)
    clip = sound.samples[begin : start + maker.settings.window_samples]
    return CutRecording(recording.path, sound, clip, begin).content.copy()  # or all of the recording would be kept
