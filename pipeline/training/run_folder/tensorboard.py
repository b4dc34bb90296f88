"""What TensorBoard shows of a run: scalars, confusion matrix, weights, and the validation clips as points in space."""

import dataclasses
import errno
import io
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from ....data.files import replacing
from ...scoring.charts import confusion_png
from ...scoring.confusion import Confusion
from ..examples.batches import Examples
from ..network import in_batches
from ..probabilities import softmax
from .history import EpochFigures

_MOST_POINTS = 4_000  # the projector's pictures share one of at most 8192 x 8192 pixels, and browsers slow down
_PROJECTOR = """embeddings {
  tensor_name: "clips"
  tensor_path: "clips.tsv"
  metadata_path: "clips_metadata.tsv"
  sprite { image_path: "clips.png" single_image_dim: %d single_image_dim: %d }
}
"""


class TensorBoardLog:
    """The TensorBoard logs of a run.

    Parameters
    ----------
    folder
        Where they go.
    """

    def __init__(self, folder: Path) -> None:
        self._writer = tf.summary.create_file_writer(str(folder))

    def log_epoch(self, figures: EpochFigures, confusion: Confusion | None, model: keras.Model) -> None:
        """A row of `history.csv`, the confusion matrix, if any, and a histogram of every weight."""
        epoch = figures.epoch
        with _os_errors(), self._writer.as_default():
            for name, value in dataclasses.asdict(figures).items():
                if name != "epoch" and value is not None and not math.isnan(value):
                    tf.summary.scalar(name, value, epoch)
            if confusion:
                tf.summary.image("validation_confusion", tf.io.decode_png(confusion_png(confusion))[None], epoch)
            for variable in model.trainable_variables:
                tf.summary.histogram(f"weights/{variable.path}", variable, epoch)
            self._writer.flush()


@contextmanager
def _os_errors() -> Iterator[None]:
    """Raises what TensorFlow cannot write as Python raises it elsewhere."""
    try:
        yield
    except tf.errors.OpError as error:
        full = os.strerror(errno.ENOSPC) in error.message
        raise OSError(errno.ENOSPC if full else errno.EIO, error.message) from error


def write_projector(folder: Path, model: keras.Model, examples: Examples, labels: Sequence[str]) -> None:
    """The clips as the layer before the classifier sees them, with label, prediction, name and spectrogram.

    Clips of one label that lie among another's are what to listen to first: that is how mislabeled ones are found.
    """
    chosen = np.unique(np.linspace(0, len(examples.classes) - 1, _MOST_POINTS).astype(int))
    frames = examples.frames[chosen]
    points, logits = _embed(model, frames)
    probabilities = softmax(logits)
    names = examples.file_names
    rows = ["label\tprediction\tprobability\tclip"]
    for i, answer in zip(map(int, chosen), probabilities, strict=True):
        name = names[i] or "(background noise)"
        rows.append(f"{labels[examples.classes[i]]}\t{labels[answer.argmax()]}\t{answer.max():.3f}\t{name}")
    sprite, (width, height) = _sprite(frames)
    contents = {
        "clips.tsv": "".join("\t".join(f"{value:.5g}" for value in point) + "\n" for point in points).encode(),
        "clips_metadata.tsv": ("\n".join(rows) + "\n").encode(),
        "clips.png": sprite,
        "projector_config.pbtxt": (_PROJECTOR % (width, height)).encode(),
    }
    for name, content in contents.items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(content)


def _embed(model: keras.Model, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Float32 [clips, channels] before the last layer, and the logits float32 [clips, labels]."""
    both = keras.Model(model.inputs, [model.layers[-1].input, model.outputs[0]])
    points, logits = zip(*map(both.predict_on_batch, in_batches(frames)), strict=True)
    return np.concatenate(points), np.concatenate(logits)


def _sprite(frames: np.ndarray) -> tuple[bytes, tuple[int, int]]:
    """All spectrograms in one PNG, row by row in a square, low mels below; and width and height of one of them."""
    pictures = frames[:, ::2, ::-1].transpose(0, 2, 1)  # every second frame: [clips, mels, frames]
    low, high = np.percentile(pictures, (2, 99.5))
    grey = (255 * np.clip((pictures - low) / max(high - low, 1e-6), 0, 1)).astype(np.uint8)
    count, height, width = grey.shape
    side = int(np.ceil(np.sqrt(count)))
    grid = np.zeros((side * side, height, width), np.uint8)
    grid[:count] = grey
    whole = grid.reshape(side, side, height, width).transpose(0, 2, 1, 3).reshape(side * height, side * width)
    buffer = io.BytesIO()
    Image.fromarray(whole).save(buffer, "png")
    return buffer.getvalue(), (width, height)
