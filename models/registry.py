"""The networks by name, and building one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class NetworkKind:
    """A member of a family of networks.

    Attributes
    ----------
    family
        The module of the family, whose function `build` makes it.
    options
        The arguments of `build` that make this member.
    """

    family: str
    options: Mapping[str, Any] = field(default_factory=dict)


NETWORKS: dict[str, NetworkKind] = {
    "ds_cnn": NetworkKind("ds_cnn"),
    "ds_cnn_small": NetworkKind("ds_cnn", {"width": 0.5}),
    "bc_resnet_1": NetworkKind("bc_resnet", {"width": 1}),
    "bc_resnet_1_5": NetworkKind("bc_resnet", {"width": 1.5}),
    "bc_resnet_2": NetworkKind("bc_resnet", {"width": 2}),
    "bc_resnet_3": NetworkKind("bc_resnet", {"width": 3}),
    "bc_resnet_6": NetworkKind("bc_resnet", {"width": 6}),
    "bc_resnet_8": NetworkKind("bc_resnet", {"width": 8}),
    "bc_resnet_1_t2": NetworkKind("bc_resnet", {"width": 1, "time_stride": 2}),
    "bc_resnet_1_late_t2": NetworkKind("bc_resnet", {"width": 1, "time_stride": 2, "widening": (1, 2, 3, 3)}),
    "bc_resnet_2_t2": NetworkKind("bc_resnet", {"width": 2, "time_stride": 2}),
    "bc_resnet_3_t2": NetworkKind("bc_resnet", {"width": 3, "time_stride": 2}),
}


@dataclass(frozen=True)
class NetworkShape:
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


def build_network(name: str, shape: NetworkShape) -> "keras.Model":
    """A fresh network named `body`, with random weights; `name` is one of `NETWORKS`.

    It maps log-mel frames, float32 [batch, n_frames, n_mels], to logits, float32 [batch, n_labels].
    """
    import keras  # here, because the names of the networks are needed where Keras is not installed

    frames = keras.Input((shape.n_frames, shape.n_mels), name="log_mel")
    x = keras.layers.Rescaling(1 / shape.std, -shape.mean / shape.std)(frames)
    x = keras.layers.Reshape((shape.n_frames, shape.n_mels, 1))(x)
    kind = NETWORKS[name]
    build = import_module(f".{kind.family}", __package__).build
    return keras.Model(frames, build(x, shape.n_labels, **kind.options), name="body")
