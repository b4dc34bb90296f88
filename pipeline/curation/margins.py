"""How well a small network learns each label while it is trained from scratch: wrong ones are learned late, if at all."""

import math
import time
from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ...data.arrays import LogMel
from ...models import NetworkShape, build_network
from ..progress import Progress, no_progress
from ..training.examples import augmentation as augment
from ..training.network import logits
from ..training.optimizer import compile_network
from ..training.settings import TrainSettings

_NETWORK = "ds_cnn_small"
_FEWEST_EPOCHS, _FEWEST_EXAMPLES = 12, 25_000  # the larger of the two decides
_CLIPS_PER_BATCH = 100
_SHIFT_SHARE, _GAIN_DB = 0.1, 4.0  # of a clip, either way


def margins(
    frames: LogMel,
    classes: npt.NDArray[np.intp],
    seed: int = 0,
    *,
    progress: Progress = no_progress,
    on_pace: Callable[[float], None] = lambda seconds: None,
) -> npt.NDArray[np.float64]:
    """The area under the margin (Pleiss et al. 2020, arXiv 2001.10528): label against the best other word, over the epochs.

    Parameters
    ----------
    frames
        Float [clips, frames, mels], natural log of mel power.
    classes
        Int [clips], the word of each, from 0 on.
    seed
        Of the weights, the order and the augmentation.
    progress
        Shows how far it has come, in steps.
    on_pace
        Called after the first epoch with the seconds that the others will probably take.

    Returns
    -------
    Float64 [clips]: logit of the label minus the largest of the others, the mean of all epochs; below 0 the network took the
    clip for another word most of the time.
    """
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    rng, n_clips, n_words = np.random.default_rng(seed), len(frames), int(classes.max()) + 1
    epochs = max(_FEWEST_EPOCHS, math.ceil(_FEWEST_EXAMPLES / n_clips))
    steps = math.ceil(n_clips / _CLIPS_PER_BATCH)
    network = _network(frames, n_words, TrainSettings(model=_NETWORK, epochs=epochs, seed=seed), steps)
    sums, order, began = np.zeros(n_clips), np.arange(n_clips), time.perf_counter()
    for step in progress(range(epochs * steps), epochs * steps):
        place = step % steps
        order = rng.permutation(n_clips) if place == 0 else order
        rows = np.resize(order[place * _CLIPS_PER_BATCH :], min(_CLIPS_PER_BATCH, n_clips))  # all of one size
        network.train_on_batch(_changed(frames[rows], rng), np.eye(n_words, dtype=np.float32)[classes[rows]])
        if place == steps - 1:
            sums += _margins(logits(network, np.asarray(frames, np.float32)), classes)
        if step == steps - 1:
            on_pace((epochs - 1) * (time.perf_counter() - began))
    return sums / epochs


def _network(frames: LogMel, n_words: int, settings: TrainSettings, steps: int) -> keras.Model:
    sample = np.asarray(frames[:: math.ceil(len(frames) / 4_096)], np.float32)
    _, n_frames, n_mels = frames.shape
    shape = NetworkShape(n_frames, n_mels, n_words, float(sample.mean()), float(sample.std()))
    network = build_network(settings.model, shape)
    compile_network(network, settings, steps)
    return network


def _changed(frames: np.ndarray, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A little earlier or later, louder or quieter, so that no clip is learned by heart."""
    frames = augment.shift(frames.astype(np.float32), round(_SHIFT_SHARE * frames.shape[1]), rng)
    return augment.gain(frames, _GAIN_DB, rng)


def _margins(answers: np.ndarray, classes: np.ndarray) -> np.ndarray:
    own = answers[np.arange(len(classes)), classes]
    others = answers.copy()
    others[np.arange(len(classes)), classes] = -np.inf
    return own.astype(np.float64) - others.max(axis=1)
