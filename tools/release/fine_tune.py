"""Trains a network of clips on beside negatives, so that it keeps quiet on an open microphone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ...data.arrays import LogMel
from ...data.feature_set import FeatureSet
from ...data.labels import SILENCE, UNKNOWN
from ...pipeline.training.examples import augmentation
from ...pipeline.training.examples.batches import Classes
from ...pipeline.training.examples.negatives import RunningSpeech, run_together, tones
from ...pipeline.training.examples.noise import NoiseSource
from ...pipeline.training.network import logits
from ...pipeline.training.probabilities import softmax
from ...pipeline.training.settings import AugmentSettings
from .negatives import training_speech
from .steps import FineTuning

_FALLEN_FOR = 0.2  # probability of a word from which on a window of running speech is hard
_MINED_STEP = 10  # frames from window to window where hard ones are looked for
_WORDS, _OTHERS, _SPEECH, _RUN_TOGETHER, _TONES, _SILENCES = 110, 24, 40, 10, 6, 10  # examples of a batch
_SOFT_SHARE = 0.6
_MIXED_SHARE, _SPEECH_BEHIND_SHARE = 0.5, 0.35


class NegativeBatches:
    """Batches of clips and negatives: what comes depends on the step alone, and on what has been mined.

    Parameters
    ----------
    feature_set
        Clips of training speakers are taken of it.
    classes
        The classes of the network.
    soft_labels
        float32 [clips, labels] of a teacher, for each clip of the feature set.
    speech
        Folder of running speech, one file per speaker.
    """

    def __init__(self, feature_set: FeatureSet, classes: Classes, soft_labels: np.ndarray, speech: Path) -> None:
        self._frames, self._soft_labels, self._labels = feature_set.log_mel, soft_labels, classes.labels
        rows = [row for row, clip in enumerate(feature_set.clips) if clip.split == "training" and clip.label != SILENCE]
        self._class_of = {row: classes.index(feature_set.clips[row].label) for row in rows}
        self._rows_of = [
            np.array([row for row in rows if self._class_of[row] == index], int) for index in range(len(classes.labels))
        ]
        self._all_rows = np.array(rows, int)
        front_end = feature_set.front_end
        self.speech = RunningSpeech(training_speech(speech, front_end), front_end.n_frames)
        self._noise = NoiseSource(feature_set, "training", AugmentSettings())
        self._floor = np.float32(np.log(front_end.log_floor))

    def batch(self, step: int) -> tuple[LogMel, np.ndarray]:
        """Frames float32 [200, frames, mels] and targets float32 [200, labels]."""
        rng = np.random.default_rng([11, step])
        clips, targets = self._clips(rng)
        silence = self._noise.draw_silence(_SILENCES, rng)
        together = run_together(self._frames[rng.choice(self._all_rows, 4 * _RUN_TOGETHER)], _RUN_TOGETHER, rng)
        speech = augmentation.gain(self.speech.draw(_SPEECH, rng), 15, rng)
        frames = np.concatenate([clips, speech, together, tones(clips.shape[1:], _TONES, rng), silence])
        return np.maximum(frames, self._floor).astype(np.float32), np.concatenate(
            [targets, self._certain(UNKNOWN, _SPEECH + _RUN_TOGETHER), self._certain(SILENCE, _TONES + _SILENCES)]
        )

    def mine(self, network: keras.Model) -> None:
        """Notes which windows of running speech the network takes for a word."""
        starts = self.speech.starts[::_MINED_STEP]
        parts = np.array_split(starts, max(1, len(starts) // 4_096))
        words = [index for index, label in enumerate(self._labels) if label not in (UNKNOWN, SILENCE)]
        found = [softmax(logits(network, self.speech.windows(part)))[:, words].max(axis=1) for part in parts]
        self.speech.hard = starts[np.concatenate(found) > _FALLEN_FOR]

    def _clips(self, rng: np.random.Generator) -> tuple[LogMel, np.ndarray]:
        """Every word as often, other words, half of them over noise or softer speech; and their targets."""
        unknown = self._labels.index(UNKNOWN)
        chosen = [int(index) for index in rng.integers(unknown, size=_WORDS)] + [unknown] * _OTHERS
        rows = np.array([rng.choice(self._rows_of[index]) for index in chosen])
        frames = augmentation.shift(self._frames[rows].astype(np.float32), 10, rng)
        frames = augmentation.gain(frames, 12, rng)
        mixed = np.flatnonzero(rng.random(len(frames)) < _MIXED_SHARE)
        behind, snr_db = self._noise.draw(len(mixed), rng), rng.uniform(2, 30, len(mixed))
        is_speech = rng.random(len(mixed)) < _SPEECH_BEHIND_SHARE
        behind[is_speech] = self.speech.draw(int(is_speech.sum()), rng)
        snr_db[is_speech] = rng.uniform(8, 28, int(is_speech.sum()))
        frames[mixed] = augmentation.mix(frames[mixed], behind, snr_db)
        certain = np.eye(len(self._labels), dtype=np.float32)[chosen]
        return frames, certain + np.float32(_SOFT_SHARE) * (self._soft_labels[rows] - certain)

    def _certain(self, label: str, count: int) -> np.ndarray:
        return np.tile(np.eye(len(self._labels), dtype=np.float32)[self._labels.index(label)], (count, 1))


def fine_tune(network: keras.Model, batches: NegativeBatches, how: FineTuning) -> Iterator[float]:
    """Trains the network in place; hard windows are mined at the start and half way. Gives the loss of each step."""
    before = network.get_weights()
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, how.steps, alpha=0.01, warmup_target=how.learning_rate, warmup_steps=max(1, how.steps // 25)
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3)  # type: ignore[arg-type]
    network.compile(optimizer, keras.losses.CategoricalCrossentropy(from_logits=True))
    for step in range(how.steps):
        if step in (0, how.steps // 2):
            batches.mine(network)
        logs: Any = network.train_on_batch(*batches.batch(step), return_dict=True)  # type: ignore[arg-type]
        yield float(logs["loss"])
    weights = [
        how.kept_share * after + (1 - how.kept_share) * old
        for after, old in zip(network.get_weights(), before, strict=True)
    ]
    weights[-1][-2] -= how.unknown_logit  # the bias of the last layer; `_unknown_` is the last label but one
    network.set_weights(weights)
