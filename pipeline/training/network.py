"""A Keras network from and to disk, and its answers."""

import logging
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from ...data.errors import WordspotError
from ...models import normalization  # noqa: F401 - its layers register themselves, so that Keras finds them

_CLIPS_PER_BATCH = 256


def _is_no_retracing(record: logging.LogRecord) -> bool:
    """TensorFlow warns of many networks in one process as of one that is traced again and again."""
    return "triggered tf.function retracing" not in record.getMessage()


logging.getLogger("tensorflow").addFilter(_is_no_retracing)


def load_network(path: Path) -> keras.Model:
    """Loads a network that a run saved. Raises `WordspotError` for a missing or damaged file."""
    if not path.is_file():
        raise WordspotError(f"{path} does not exist: the run has not finished its first epoch: resume it")
    try:
        network = keras.models.load_model(path)
    except (ValueError, OSError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise WordspotError(f"{path} is damaged and cannot be loaded: train again into another folder") from error
    assert isinstance(network, keras.Model)
    return network


def logits(network: keras.Model, frames: np.ndarray) -> np.ndarray:
    """Answers to log-mel frames, float32 [clips, frames, mels]: float32 [clips, labels], before the softmax."""
    return np.concatenate([network.predict_on_batch(batch) for batch in in_batches(frames)])


def in_batches(frames: np.ndarray) -> Iterator[np.ndarray]:
    """The clips of frames [clips, frames, mels], some hundreds at a time.

    Not by Keras's `predict`, whose tf.data pipeline logs an error of TensorFlow's own making each time.
    """
    for start in range(0, len(frames), _CLIPS_PER_BATCH):
        yield frames[start : start + _CLIPS_PER_BATCH]
