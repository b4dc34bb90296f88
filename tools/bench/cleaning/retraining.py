"""A small network from scratch, over and over: quick to train, so that ways of labeling the same clips can be compared."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from ....data.clips import Clip
from ....data.feature_set import FeatureSet
from ....models import NetworkShape, build_network
from ....pipeline.training.examples.batches import Batch, Classes, SplitClips, TrainingBatches, prefetched
from ....pipeline.training.network import logits
from ....pipeline.training.optimizer import compile_network
from ....pipeline.training.settings import AugmentSettings, TrainSettings

_NETWORK = "ds_cnn_small"
_AUGMENTATION = AugmentSettings()


class Retraining:
    """Trains the same network from the same random weights with each labeling, by the recipe of `wordspot train`.

    It takes the same number of steps each time, however many clips there are, and writes nothing. TensorFlow traces the
    step once, which would take as long as two epochs.

    Parameters
    ----------
    everything
        Clips of all kinds; its validation clips of the words judge, with the labels that they came with.
    words
        The words to recognize, besides silence.
    epochs
        Passes over as many clips as there were the first time.
    seed
        Of the weights, the order and the augmentation.
    """

    def __init__(self, everything: FeatureSet, words: Sequence[str], epochs: int, seed: int) -> None:
        self._everything, self._words = everything, words
        self._settings = dataclasses.replace(
            TrainSettings(model=_NETWORK, epochs=epochs, seed=seed), negative_share=0.0, shipped_negatives=False
        )
        self._network: keras.Model | None = None
        self._steps, self._before = 0, []

    def accuracy(self, labels: Mapping[int, str]) -> float:
        """Of the validation clips, after training on {row: label}: the share recognized."""
        features = dataclasses.replace(self._everything, clips=self._relabeled(labels))
        classes = Classes.choose(features, self._words)
        batches = TrainingBatches(
            SplitClips(features, classes, "training", _AUGMENTATION),
            self._settings,
            _AUGMENTATION,
            float(features.log_mel[list(labels)].mean(dtype=np.float64)),
        )
        network = self._fresh(features, classes, batches, labels)
        for frames, targets in itertools.islice(_endless(batches), self._steps):
            network.train_on_batch(frames, targets)
        judged = SplitClips(features, classes, "validation", _AUGMENTATION).fixed_examples()
        of_words = judged.classes < len(self._words)
        said = logits(network, judged.frames[of_words])[:, : len(self._words)].argmax(axis=1)
        return float((said == judged.classes[of_words]).mean())

    def _relabeled(self, labels: Mapping[int, str]) -> list[Clip]:
        """The clips, of which only these rows are trained on, and only validation clips of the words are judged.

        All others get a split that nothing reads, and the first word as their label, so that there are no other words.
        """
        clips = []
        for row, clip in enumerate(self._everything.clips):
            judged = clip.split == "validation" and clip.label in self._words
            split = "training" if row in labels else "validation" if judged else "unused"
            label = labels.get(row, clip.label if judged else self._words[0])
            clips.append(dataclasses.replace(clip, label=label, split=split))
        return clips

    def _fresh(
        self, features: FeatureSet, classes: Classes, batches: TrainingBatches, labels: Mapping[int, str]
    ) -> keras.Model:
        """The network with the weights that it began with."""
        tf.config.experimental.enable_op_determinism()
        keras.utils.set_random_seed(self._settings.seed)
        if self._network is None:
            sample = features.log_mel[list(labels)].astype(np.float32)
            front_end = features.front_end
            shape = NetworkShape(
                front_end.n_frames, front_end.n_mels, len(classes.labels), float(sample.mean()), float(sample.std())
            )
            self._network = build_network(_NETWORK, shape)
            self._steps = self._settings.epochs * batches.steps
            compile_network(self._network, self._settings, batches.steps)
            self._before = [variable.numpy() for variable in self._variables()]
        for variable, value in zip(self._variables(), self._before, strict=True):
            variable.assign(value)
        return self._network

    def _variables(self) -> list:
        assert self._network
        return [*self._network.variables, *self._network.optimizer.variables]


def _endless(batches: TrainingBatches) -> "itertools.chain[Batch]":
    return itertools.chain.from_iterable(prefetched(batches.epoch(epoch)) for epoch in itertools.count(1))
