"""One recording to one clip: what the worker processes do."""

import dataclasses
import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import soundfile

from ...data.arrays import Samples
from ...data.audio import SAMPLE_RATE_HZ, Sound, write_wav
from ...data.clips import find_speaker, speaker_pattern
from ...data.decisions import NOTHING, State, content_hash
from ...data.errors import RecordingError, WordspotError
from ...data.files import printable
from ...data.recordings.folders import Recording
from ...data.recordings.in_place import read_all
from ..signal.loudness import mean_abs
from ..signal.window import fit_to_window, window_around
from .checks import CHECKS, Check, CutRecording, CutStack, Value, stacks
from .duplicates.fingerprints import Relation, fingerprints, relate
from .outcome import Outcome
from .plan import PlannedClip
from .settings import CleanSettings

_QUIETEST_DBFS = -120.0  # written for digital silence, whose level has no logarithm
_UNREADABLE = "unreadable"
_SAMPLES_AT_ONCE = 2_000_000  # of recordings that are measured together: two minutes, 4 MB

ClipPlace = tuple[PlannedClip, float]
"""A clip, and the second of its recording at which it begins."""
_Part = list[tuple[PlannedClip, CutRecording | Outcome]]


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
    def _discarding(self) -> frozenset[str]:
        return self.settings.discarding

    @cached_property
    def _window_samples(self) -> int:
        return self.settings.window_samples

    def process(self, planned: PlannedClip) -> Outcome:
        """Makes the clip of one recording, as the file `unfinished` names, or finds why there is none."""
        return self.process_all([planned])[0]

    def process_all(self, planned: Sequence[PlannedClip]) -> list[Outcome]:
        """Makes the clips of many recordings, measured together."""
        return [outcome for part in self._decoded(planned) for outcome in self._outcomes(part)]

    def _decoded(self, planned: Sequence[PlannedClip]) -> Iterator[_Part]:
        """What is to be measured, or has become something else already; no more at once than memory should hold."""
        part: _Part = []
        samples = 0
        sounds = self.read_all([clip.recording for clip in planned])
        for clip, sound in zip(planned, sounds, strict=True):
            decoded = self._decoded_as(clip, sound)
            part.append((clip, decoded))
            samples += len(decoded.sound.samples) if isinstance(decoded, CutRecording) else 0
            if samples > _SAMPLES_AT_ONCE:
                yield part
                part, samples = [], 0
        yield part

    def read_all(self, recordings: Sequence[Recording]) -> Iterator[Sound | RecordingError]:
        """Decodes recordings, see `in_place.read_all`."""
        return read_all(self.source, recordings)

    def read(self, recording: Recording) -> Sound:
        """Decodes one; raises its `RecordingError`."""
        sound = next(iter(self.read_all([recording])))
        if isinstance(sound, RecordingError):
            raise sound
        return sound

    def _decoded_as(self, planned: PlannedClip, sound: Sound | RecordingError) -> CutRecording | Outcome:
        recording = planned.recording
        if isinstance(sound, RecordingError):
            detail = printable(str(sound))
            return self._outcome(planned, findings=(_UNREADABLE,), discarded_for=_UNREADABLE, detail=detail)
        if recording.is_long_sound:
            hashed, written = content_hash(sound.native), self._write(planned, sound.samples)
            return self._outcome(
                planned,
                recording=hashed,
                decided_window=planned.decided_window,
                clip_digest=content_hash(sound.samples) if written else "",
            )
        return self.cut(recording.path, sound, planned.state)

    def _outcome(self, planned: PlannedClip, **more: Any) -> Outcome:
        recording = planned.recording
        speaker = find_speaker(recording.inner_key, self._speaker_pattern)
        return Outcome(planned.file_name, planned.label, speaker, recording.key, **more)

    def _outcomes(self, part: _Part) -> Iterator[Outcome]:
        """In order; writes the clips unless a check leaves the recording out."""
        measured = dict(self._measured(decoded for _, decoded in part if isinstance(decoded, CutRecording)))
        for planned, decoded in part:
            yield decoded if isinstance(decoded, Outcome) else self._outcome_of(planned, decoded, *measured[decoded])

    def _measured(self, cuts: Iterable[CutRecording]) -> Iterator[tuple[CutRecording, tuple[dict[str, Value], str]]]:
        """Each with {column: value} and its fingerprint, in any order."""
        columns = [check.column for check in self.checks]
        for stack in stacks(cuts):
            rows = zip(*(check.values(stack) for check in self.checks), strict=True)
            for cut, basis, row, one in zip(stack.cuts, _measure(stack), rows, fingerprints(stack), strict=True):
                yield cut, (basis | dict(zip(columns, row, strict=True)), one)

    def _outcome_of(
        self, planned: PlannedClip, cut: CutRecording, measured: dict[str, Value], fingerprint: str
    ) -> Outcome:
        found = [check for check in self.checks if check.finds(measured[check.column])]
        known = {
            "findings": tuple(check.name for check in found),
            "measured": measured,
            "recording": cut.recording_hash,
            "decided_window": planned.decided_window,
        }
        for check in found:
            if check.name in self._discarding and not planned.is_kept:
                detail = check.detail(measured[check.column])
                return self._outcome(planned, **known, discarded_for=check.name, detail=detail)
        clip_digest = cut.clip_hash if self._write(planned, cut.clip) else ""
        return self._outcome(planned, **known, fingerprint=fingerprint, clip_digest=clip_digest)

    def content_hashes(self, recordings: Sequence[Recording]) -> list[str]:
        """Of recordings' content, see `decisions.content_hash`; empty where nothing can be decoded."""
        sounds = self.read_all(recordings)
        return ["" if isinstance(sound, RecordingError) else content_hash(sound.native) for sound in sounds]

    def cut(self, path: str, sound: Sound, state: State = NOTHING) -> CutRecording:
        """The recording with the clip that is cut from it, where somebody has said so."""
        if state.window_s:
            middle = sum(state.window_s) / 2 * SAMPLE_RATE_HZ
            return CutRecording(path, sound, *window_around(sound.samples, self._window_samples, middle))
        return CutRecording(path, sound, *fit_to_window(sound.samples, self._window_samples, self.settings.window))

    def compare(self, pair: tuple[ClipPlace, ClipPlace]) -> Relation:
        """How two clips are related."""
        return relate(*(self._content(planned.recording, start_s) for planned, start_s in pair))

    def _content(self, recording: Recording, start_s: float) -> Samples:
        """int16 [n]: the clip that begins at a second of its recording, without exact zeros at its ends."""
        try:
            return _content(self, recording, round(start_s * SAMPLE_RATE_HZ))
        except RecordingError as error:  # it could be read a moment ago
            raise WordspotError(
                f"{recording.key} was changed while cleaning: run the same command again ({error})"
            ) from error

    def unfinished(self, planned: PlannedClip) -> str:
        """Where `process` writes a clip; whoever takes note of its outcome moves it to its place then."""
        name = hashlib.blake2b(planned.file_name.encode(), digest_size=16).hexdigest()
        return f"{self.scratch}/{name}.wav"

    def _write(self, planned: PlannedClip, samples: Samples) -> bool:
        """Whether clips are written."""
        if self.scratch is not None:
            write_wav(self.unfinished(planned), samples)
        return self.scratch is not None

    def made_by(self) -> dict[str, Any]:
        """Source, settings and versions, as JSON has them: what decides every byte of the output."""
        versions = {name: version(name) for name in ("wordspot", "numpy", "soundfile", "soxr")}
        versions["libsndfile"] = soundfile.__libsndfile_version__
        settings = dataclasses.asdict(self.settings)
        return {"source": printable(str(self.source.resolve())), "settings": settings, "versions": versions}


def _measure(stack: CutStack) -> Iterator[dict[str, Value]]:
    """{column: value} of `MEASUREMENTS`, of each."""
    for cut, volume in zip(stack.cuts, stack.volume.tolist(), strict=True):
        sound = cut.sound
        peak_dbfs = 20 * math.log10(sound.peak) if sound.peak > 0 else _QUIETEST_DBFS
        yield {
            "window_start_s": round(cut.start / SAMPLE_RATE_HZ, 6),
            "duration_s": round(sound.duration_s, 6),
            "sample_rate_hz": sound.source_rate_hz,
            "channels": sound.source_channels,
            "peak_dbfs": round(max(peak_dbfs, _QUIETEST_DBFS), 3),
            "mean_abs_before": round(mean_abs(sound.samples) if len(sound.samples) != len(cut.clip) else volume, 6),
            "mean_abs_after": round(volume, 6),
        }


@lru_cache(maxsize=256)  # pairs come in order, so that of most one clip has just been read
def _content(maker: ClipMaker, recording: Recording, start: int) -> Samples:
    """As `ClipMaker._content`; another run has another maker, and a recording that was changed is another one."""
    sound = maker.read(recording)
    begin = max(0, start)
    clip = sound.samples[begin : start + maker.settings.window_samples]
    return CutRecording(
        recording.path, sound, clip, begin
    ).content.copy()  # or all of the recording, an hour perhaps, would be kept
