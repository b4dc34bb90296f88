"""The networks: one file a family, and the registry that names them.

Every network maps log-mel frames, float32 [batch, frames, mels], to logits, float32 [batch, labels]. Its first layer
scales the frames, so that raw log-mel values go in.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

NETWORKS = ("ds_cnn",)  # a module each, with a function `build`


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


def build_network(name: str, shape: Shape) -> "keras.Model":
    """A fresh network named `body`, with random weights; `name` is one of `NETWORKS`."""
    import keras  # here, because the names of the networks are asked for where Keras is not installed

    frames = keras.Input((shape.n_frames, shape.n_mels), name="log_mel")
    x = keras.layers.Rescaling(1 / shape.std, -shape.mean / shape.std)(frames)
    x = keras.layers.Reshape((shape.n_frames, shape.n_mels, 1))(x)
    return keras.Model(frames, import_module(f".{name}", __package__).build(x, shape.n_labels), name="body")
