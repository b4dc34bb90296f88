"""The networks: one file a family, and the registry that names them.

Every network maps log-mel frames, float32 [batch, frames, mels], to logits, float32 [batch, labels]. Its first layer
scales the frames, so that raw log-mel values go in.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from . import ds_cnn


@dataclass(frozen=True)
class Shape:
    """What a network must know of its data.

    Attributes
    ----------
    n_frames, n_mels
        Size of its input.
    n_labels
        Size of its output.
    mean, std
        Of the log-mel values it will be trained on, in natural-log units; the first layer subtracts and divides.
    """

    n_frames: int
    n_mels: int
    n_labels: int
    mean: float
    std: float


NETWORKS: dict[str, Callable[[keras.KerasTensor, int], keras.KerasTensor]] = {
    "ds_cnn": ds_cnn.build,
}


def build_network(name: str, shape: Shape) -> keras.Model:
    """A fresh network named `body`, with random weights; `name` is a key of `NETWORKS`."""
    frames = keras.Input((shape.n_frames, shape.n_mels), name="log_mel")
    x = keras.layers.Rescaling(1 / shape.std, -shape.mean / shape.std)(frames)
    x = keras.layers.Reshape((shape.n_frames, shape.n_mels, 1))(x)
    return keras.Model(frames, NETWORKS[name](x, shape.n_labels), name="body")
