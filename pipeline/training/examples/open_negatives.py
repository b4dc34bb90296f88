"""Which negatives a run trains on: its data's, a folder's, or where there are few other words or clips those that ship."""

import dataclasses
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ....data.arrays import LogMel, Samples, to_waveform
from ....data.audio import read_sound
from ....data.clips import Clip
from ....data.errors import RecordingError, WordspotError, WordspotWarning
from ....data.feature_set import FeatureSet, LongSound, parts_of
from ....data.front_end import FrontEnd
from ....data.labels import NEGATIVES, SILENCE
from ....data.negatives.pack import shipped_speech, shipped_words
from ....data.recordings.folders import check_folder
from ....data.recordings.layout import SOUND_ENDINGS
from ...features.extract import frames_of_long_sound
from ...features.log_mel import log_mel
from ...progress import Progress, no_progress

_ENOUGH_WORDS, _ENOUGH_CLIPS = 10, 300  # of others, for training: with fewer, those that ship are added
_ENOUGH_OF_A_WORD = (
    200  # clips, to go without running speech, which costs some accuracy on clips (EXPERIMENTS, 2026-11-28)
)
_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class Negatives:
    """Long recordings without any of the words, and clips of other words.

    Attributes
    ----------
    sounds
        Running speech and the like.
    clips
        Of other words.
    log_mel
        float16 [clips, frames, mels] of these.
    front_end
        What made the frames.
    origin
        Where all of it comes from; empty where there is none.
    """

    sounds: tuple[LongSound, ...]
    clips: tuple[Clip, ...]
    log_mel: LogMel
    front_end: FrontEnd
    origin: str

    def parts(self, split: str) -> list[LogMel]:
        """float16 [frames, mels] of each recording, or part of one, of a split."""
        return parts_of(self.sounds, split, self.front_end.n_frames)

    def hours(self, split: str) -> float:
        """Of the long recordings of a split."""
        return sum(map(len, self.parts(split))) * self.front_end.hop_ms / _MS_PER_HOUR

    def joined_to(self, feature_set: FeatureSet) -> FeatureSet:
        """The feature set with the clips behind its own, in memory."""
        if not self.clips:
            return feature_set
        frames = np.concatenate([feature_set.log_mel, self.log_mel])
        return dataclasses.replace(feature_set, log_mel=frames, clips=[*feature_set.clips, *self.clips])

    def __bool__(self) -> bool:
        return bool(self.sounds or self.clips)

    def __str__(self) -> str:
        """How much there is and where it comes from, in a few words."""
        if not self:
            return "none"
        minutes = sum(len(sound.frames) for sound in self.sounds) * self.front_end.hop_ms / 60_000
        texts = (
            [f"{minutes:.0f} min of running speech and other sound in {len(self.sounds)} files"] if self.sounds else []
        )
        if self.clips:
            speakers, words = {clip.speaker for clip in self.clips}, {clip.label for clip in self.clips}
            texts.append(f"{len(self.clips)} clips of {len(words)} other words by {len(speakers)} speakers")
        return f"{' and '.join(texts)}, {self.origin}"


def open_negatives(
    feature_set: FeatureSet,
    words: Sequence[str],
    folder: Path | None = None,
    *,
    shipped: bool = True,
    progress: Progress = no_progress,
) -> Negatives:
    """The negatives to train on and to judge with.

    Parameters
    ----------
    feature_set
        Of the clips; it may hold negatives.
    words
        To recognize.
    folder
        Of more long recordings without any of the words, in it or in folders in it.
    shipped
        Whether those that ship are taken: their clips where there are few other words, their speech where there is no
        other and the words, or the other ones, have few clips.
    progress
        Shows how far reading the folder has come.

    Raises
    ------
    WordspotError
        A folder that cannot be used, or without sound.
    """
    sounds = list(feature_set.negatives)
    origins = [f"of {NEGATIVES}"] if sounds else []
    if folder is not None:
        sounds += _sounds_of(folder, feature_set.front_end, progress)
        origins.append(f"of {folder}")
    few_others = _has_few_others(feature_set, words)
    takes_speech = not sounds and (few_others or _has_few_clips(feature_set, words))
    nothing = np.empty((0, *feature_set.log_mel.shape[1:]), np.float16)
    if not shipped or not (few_others or takes_speech):
        return Negatives(tuple(sounds), (), nothing, feature_set.front_end, " and ".join(origins))
    pack = _shipped(feature_set.front_end, tuple(sorted(words)))
    if takes_speech:
        return pack if few_others else dataclasses.replace(pack, clips=(), log_mel=nothing)
    return dataclasses.replace(pack, sounds=tuple(sounds), origin=" and ".join([*origins, pack.origin]))


def _has_few_others(feature_set: FeatureSet, words: Sequence[str]) -> bool:
    """Whether the data has too few other words to learn from what is none of the words."""
    others = [
        clip.label for clip in feature_set.clips if clip.split == "training" and clip.label not in (*words, SILENCE)
    ]
    return len(set(others)) < _ENOUGH_WORDS or len(others) < _ENOUGH_CLIPS


def _has_few_clips(feature_set: FeatureSet, words: Sequence[str]) -> bool:
    """Whether the words have few clips to train on: such a recognizer falls for running speech the most."""
    clips = sum(clip.split == "training" and clip.label in words for clip in feature_set.clips)
    return clips < _ENOUGH_OF_A_WORD * len(words)


def _sounds_of(folder: Path, front_end: FrontEnd, progress: Progress) -> list[LongSound]:
    check_folder(folder)
    paths = sorted(
        Path(root, name)
        for root, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".") and name.lower().endswith(SOUND_ENDINGS)
    )
    sounds = [sound for path in progress(paths, len(paths)) if (sound := _sound_of(path, folder, front_end))]
    if not sounds:
        raise WordspotError(
            f"{folder} holds no recording that is long enough to train on: put long files without any of the words into it"
        )
    return sounds


def _sound_of(path: Path, folder: Path, front_end: FrontEnd) -> LongSound | None:
    try:
        samples = read_sound(path).samples
    except RecordingError as error:
        warnings.warn(f"left out, not readable: {path}: {error}", WordspotWarning, stacklevel=5)
        return None
    if len(samples) < front_end.clip_samples:
        return None
    return LongSound(path.relative_to(folder).as_posix(), frames_of_long_sound(samples, front_end))


@lru_cache(maxsize=2)  # training several times in one process, as `tune` does, needs them once
def _shipped(front_end: FrontEnd, words: tuple[str, ...]) -> Negatives:
    sounds = tuple(LongSound(name, frames_of_long_sound(samples, front_end)) for name, samples in shipped_speech(words))
    clips, samples = zip(*shipped_words(words), strict=True)
    frames = log_mel(to_waveform(np.stack([_fitted(one, front_end.clip_samples) for one in samples])), front_end)
    return Negatives(sounds, clips, frames.astype(np.float16), front_end, "of what ships with wordspot")


def _fitted(samples: Samples, size: int) -> Samples:
    """The middle of the clip, or the clip between zeros, as cleaning fits a short recording."""
    missing = max(0, size - len(samples))
    padded = np.pad(samples, (missing // 2, missing - missing // 2))
    start = (len(padded) - size) // 2
    return padded[start : start + size]
