"""From a feature set to labeled examples: which clip stands for which class, and batches of them."""

import difflib
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ....data.errors import WordspotError, WordspotWarning
from ....data.feature_set import FeatureSet
from ....data.labels import SILENCE, UNKNOWN, differing_in_case, join_labels, normalize_name
from ...features.log_mel import mel_centers_hz
from ..settings import AugmentSettings, TrainSettings
from . import augmentation as augment
from .negatives import MADE, RUN_TOGETHER, SPEECH, NegativeExamples
from .noise import NoiseSource

_FEWEST_EXAMPLES = 2_048  # in an epoch; a small folder is gone through several times, changed anew each time
Batch = tuple[np.ndarray, np.ndarray]  # frames float32 [n, frames, mels], targets float32 [n, labels]
_SILENCE_CLIP = -1  # stands for silence where others have the row of a clip
_NEGATIVE_ROWS = {SPEECH: -2, RUN_TOGETHER: -3, MADE: -4}  # and these for negatives
_TALK_SNR_DB = (8, 28)  # of a word while somebody talks


@dataclass(frozen=True)
class Classes:
    """What the network tells apart: the words, `_unknown_` where there are other labels, and `_silence_`."""

    labels: tuple[str, ...]
    words: tuple[str, ...]

    @classmethod
    def choose(cls, feature_set: FeatureSet, words: Sequence[str]) -> "Classes":
        """The classes for these words (none: every label is a word).

        Raises
        ------
        WordspotError
            A word without clips (the nearest labels are named), or named twice.

        Warns
        -----
        WordspotWarning
            Other labels that differ from a word only in case.
        """
        labels = {clip.label for clip in feature_set.clips} - {SILENCE}
        present = sorted(labels - {UNKNOWN})
        words = [normalize_name(word) for word in words]
        for word in words:
            if word not in present:
                near = difflib.get_close_matches(word, present, 3, 0.5) or present[:10]
                raise WordspotError(f"no clips of the word {word!r}; did you mean {' or '.join(near)}?")
        if len(set(words)) < len(words):
            raise WordspotError(f"words names a word twice: {join_labels(words)}")
        words = tuple(words) or tuple(present)
        _warn_of_case(words, present)
        unknown = (UNKNOWN,) if labels - set(words) else ()
        return cls((*words, *unknown, SILENCE), words)

    def with_unknown(self) -> "Classes":
        """These, and `_unknown_`, which negatives train even where the data has no other words."""
        return self if UNKNOWN in self.labels else Classes((*self.words, UNKNOWN, SILENCE), self.words)

    def index(self, label: str) -> int:
        """The class of a label; one that is no word belongs to `_unknown_`.

        Raises
        ------
        WordspotError
            There is no `_unknown_`: the label came into the data after the classes had been chosen.
        """
        if label not in self.words and UNKNOWN not in self.labels:
            raise WordspotError(f"clips of {label!r} came in after the run was begun: train again into another folder")
        return self.labels.index(label if label in self.words else UNKNOWN)


def _warn_of_case(words: Sequence[str], present: Sequence[str]) -> None:
    for group in differing_in_case(present):
        others = sorted(set(group) - set(words))
        if 0 < len(others) < len(group):
            warnings.warn(
                f"clips of {' and '.join(others)} are trained on as other words, though {' and '.join(group)} differ only in "
                "case: give them one label if they are one word",
                WordspotWarning,
                stacklevel=3,
            )


@dataclass(frozen=True)
class Examples:
    """Ready examples: float32 [n, frames, mels], int [n] classes, and the clip's name of each (empty for silence)."""

    frames: np.ndarray
    classes: np.ndarray
    file_names: list[str]


class SplitClips:
    """The clips of one split, by class."""

    def __init__(self, feature_set: FeatureSet, classes: Classes, split: str, settings: AugmentSettings) -> None:
        self.feature_set, self.classes, self.split = feature_set, classes, split
        # silence is made from noise, never from clips that somebody labeled so
        rows = [row for row, clip in enumerate(feature_set.clips) if clip.split == split and clip.label != SILENCE]
        self._class_of = {row: classes.index(feature_set.clips[row].label) for row in rows}
        is_unknown = {row: feature_set.clips[row].label not in classes.words for row in rows}
        self._word_rows = np.array([row for row in rows if not is_unknown[row]], int)
        self._unknown_rows = np.array([row for row in rows if is_unknown[row]], int)
        self._silence_class = classes.labels.index(SILENCE)
        self.noise = NoiseSource(feature_set, split, settings)

    def counts(self) -> dict[str, int]:
        """Clips of each word in this split."""
        labels = [self.feature_set.clips[row].label for row in self._word_rows]
        return {word: labels.count(word) for word in self.classes.words}

    def __len__(self) -> int:
        return len(self._word_rows)

    @property
    def per_word(self) -> int:
        """Clips of a word on average."""
        return max(1, round(len(self._word_rows) / len(self.classes.words)))

    @property
    def rows(self) -> np.ndarray:
        """Int: the rows of all clips."""
        return np.concatenate([self._word_rows, self._unknown_rows])

    def draw_rows(self, rng: np.random.Generator, unknown_share: float = 1.0) -> np.ndarray:
        """Rows of the feature set: every word clip, and as much silence as a word has on average.

        Of unknown words there are `unknown_share` times as many, as far as there are that many.
        """
        unknown = rng.permutation(self._unknown_rows)[: round(unknown_share * self.per_word)]
        return np.concatenate([self._word_rows, unknown, np.full(self.per_word, _SILENCE_CLIP)])

    def gather(self, rows: np.ndarray, rng: np.random.Generator) -> Examples:
        """The frames of these rows, unchanged, and fresh silence."""
        of_clips, silent = rows >= 0, rows == _SILENCE_CLIP
        shape = (len(rows), *self.feature_set.log_mel.shape[1:])
        frames = np.empty(shape, np.float32)
        frames[of_clips] = self.feature_set.log_mel[rows[of_clips]]
        frames[silent] = self.noise.draw_silence(int(silent.sum()), rng)
        classes = np.array([self._silence_class if row < 0 else self._class_of[row] for row in rows])
        names = ["" if row < 0 else self.feature_set.clips[row].file_name for row in rows]
        return Examples(frames, classes, names)

    def fixed_examples(self) -> Examples:
        """The same examples every time, whatever the seed of a run: to validate and to test."""
        rng = np.random.default_rng(list(self.split.encode()))
        return self.gather(self.draw_rows(rng), rng)


class TrainingBatches:
    """Batches of augmented examples: what comes depends on the seed, the epoch and nothing else.

    Parameters
    ----------
    clips
        To draw from.
    settings, augmentation
        How many, and how far each is changed.
    mask_value
        What masked places are set to, in natural-log units.
    soft_labels
        What a teacher answers to each clip of the feature set, float32 [clips, labels]; it makes up
        `settings.teacher_share` of the targets.
    negatives
        `settings.negative_share` of them are mixed in.
    """

    def __init__(
        self,
        clips: SplitClips,
        settings: TrainSettings,
        augmentation: AugmentSettings,
        mask_value: float,
        soft_labels: np.ndarray | None = None,
        negatives: NegativeExamples | None = None,
    ) -> None:
        self._clips, self._settings, self._augmentation = clips, settings, augmentation
        self._mask_value, self._soft_labels, self._negatives = mask_value, soft_labels, negatives
        self.steps = -(-len(self._epoch_rows(0)) // settings.batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yields (frames float32 [n, frames, mels], targets float32 [n, labels], each of which sums to 1)."""
        rows, size = self._epoch_rows(epoch), self._settings.batch_size
        for step in range(self.steps):
            rng = np.random.default_rng([self._settings.seed, epoch, step])
            chosen = rows[step * size : (step + 1) * size]
            examples = self._gather(chosen, rng)
            yield self._augment(examples.frames, examples.classes, rng), self._targets(chosen, examples.classes)

    def mine(self, epoch: int, answer: Callable[[np.ndarray], np.ndarray]) -> None:
        """Before an epoch: what the network falls for in running speech comes more often in it.

        It is looked for anew each time, so that a run that was interrupted goes on as if it had not been.
        """
        if self._negatives:
            self._negatives.mine(answer, np.random.default_rng([self._settings.seed, epoch, self.steps]))

    def _gather(self, rows: np.ndarray, rng: np.random.Generator) -> Examples:
        examples = self._clips.gather(rows, rng)
        for kind, row in _NEGATIVE_ROWS.items():
            places = np.flatnonzero(rows == row)
            if self._negatives and len(places):
                frames, labels = self._negatives.draw(kind, len(places), rng)
                examples.frames[places] = frames
                examples.classes[places] = [self._clips.classes.labels.index(label) for label in labels]
        return examples

    def _targets(self, rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
        targets = np.eye(len(self._clips.classes.labels), dtype=np.float32)[classes]
        if self._soft_labels is not None:
            spoken, share = rows >= 0, np.float32(self._settings.teacher_share)
            targets[spoken] += share * (self._soft_labels[rows[spoken]] - targets[spoken])
        return targets

    def _epoch_rows(self, epoch: int) -> np.ndarray:
        rng = np.random.default_rng([self._settings.seed, epoch])
        rows = self._draw_rows(rng)
        while len(rows) < _FEWEST_EXAMPLES:
            rows = np.concatenate([rows, self._draw_rows(rng)])
        # full batches, the last one with rows of the first: for one of another size TensorFlow traces the step again
        size = min(self._settings.batch_size, len(rows))
        return np.resize(rng.permutation(rows), -(-len(rows) // size) * size)

    def _draw_rows(self, rng: np.random.Generator) -> np.ndarray:
        rows = self._clips.draw_rows(rng, self._settings.unknown_share)
        counts = self._negatives.counts(self._settings.negative_share * self._clips.per_word) if self._negatives else {}
        return np.concatenate([rows, *(np.full(count, _NEGATIVE_ROWS[kind]) for kind, count in counts.items())])

    def _augment(self, frames: np.ndarray, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        settings, front_end = self._augmentation, self._clips.feature_set.front_end
        frames = augment.shift(frames, round(settings.shift_ms / front_end.hop_ms), rng)
        spoken = classes != self._clips.classes.labels.index(SILENCE)  # silence comes at every level as it is
        frames[spoken] = augment.gain(self._as_others(frames[spoken], rng), settings.gain_db, rng)
        noisy = spoken & (rng.random(len(frames)) < settings.noise_share)
        snr_db = rng.uniform(settings.min_snr_db, settings.max_snr_db, int(noisy.sum()))
        noise = self._clips.noise.draw(len(snr_db), rng)
        if self._negatives and self._negatives.speech:
            of_words = classes[noisy] < len(self._clips.classes.words)
            talk = of_words & (rng.random(len(snr_db)) < settings.speech_behind_share)
            noise[talk] = self._negatives.speech.draw(int(talk.sum()), rng)
            snr_db[talk] = rng.uniform(*_TALK_SNR_DB, int(talk.sum()))
        frames[noisy] = augment.mix(frames[noisy], noise, snr_db)
        frames = np.maximum(frames, np.float32(np.log(front_end.log_floor)))
        frames = augment.mask(frames, 1, round(settings.time_mask_ms / front_end.hop_ms), self._mask_value, rng)
        return augment.mask(frames, 2, settings.mel_mask, self._mask_value, rng)

    def _as_others(self, frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """As another person would say it in another room; what is switched off draws no random numbers."""
        settings, front_end = self._augmentation, self._clips.feature_set.front_end
        if settings.vocal_tract_change:
            frames = augment.warp(frames, settings.vocal_tract_change, mel_centers_hz(front_end), rng)
        if settings.speed_change:
            frames = augment.stretch(frames, settings.speed_change, rng)
        if settings.voice_tilt_db:
            frames = augment.tilt(frames, settings.voice_tilt_db, rng)
        if settings.room_share:
            inside = rng.random(len(frames)) < settings.room_share
            frames[inside] = augment.reverberate(frames[inside], front_end.hop_ms, rng)
        return frames


def prefetched(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, each made in another thread while the one before it is used."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = maker.submit(next, batches, None)
            yield batch
