"""A trained network with all that is needed to train on from it, or to learn from it."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from ...data.buckets import here
from ...data.errors import WordspotError
from ...data.files import replacing
from ...data.front_end import FrontEnd
from ...models import NetworkShape, build_network, pretrained
from ..device.model_file import read_model
from .network import load_network
from .run_folder.run import Run

_SHIPPED = " or ".join(pretrained.NAMES)


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network: to begin with (transfer learning), or to learn from (distillation).

    Attributes
    ----------
    name
        The run folder, or the name of a model that ships.
    model
        What kind of network it is: one of `models.NETWORKS`.
    network
        Keras's model, logits as its output.
    front_end
        What it was trained with, and so must be trained on with.
    labels
        What it tells apart, in the order of its outputs.
    """

    name: str
    model: str
    network: keras.Model
    front_end: FrontEnd
    labels: tuple[str, ...]

    @classmethod
    def load(cls, name: str | Path) -> "TrainedNetwork":
        """Loads a model that ships by its name (one of `pretrained.NAMES`), or the best network of a run folder.

        Raises
        ------
        WordspotError
            No such run, or a file that is damaged.
        """
        if name in pretrained.NAMES:
            return cls._load_shipped(str(name))
        if not here(name).exists():
            raise WordspotError(f"there is no run {name}; expected a run folder, or {_SHIPPED}, which ship")
        if Path(name).is_file():
            raise WordspotError(f"{name} is a file; expected the run folder it came from, or {_SHIPPED}, which ship")
        run = Run(Path(name))
        config = run.read_config()
        network = load_network(run.model)
        return cls(str(run.folder.resolve()), config.settings.model, network, config.front_end, config.classes)

    @classmethod
    def _load_shipped(cls, name: str) -> "TrainedNetwork":
        description = read_model(pretrained.path_of(name)).description
        front_end = description.front_end
        with np.load(pretrained.path_of(name, ".npz")) as arrays:
            scaling = float(arrays["mean"]), float(arrays["std"])
            weights = [arrays[f"weight_{i}"] for i in range(len(arrays) - len(scaling))]
        shape = NetworkShape(front_end.n_frames, front_end.n_mels, len(description.labels), *scaling)
        kind = description.training["settings"]["model"]
        network = build_network(kind, shape)
        network.set_weights(weights)
        return cls(name, kind, network, front_end, description.labels)

    def save_weights(self, path: Path) -> None:
        """Writes the network's weights and the scaling of its input, as they ship."""
        rescaling = next(layer for layer in self.network.layers if isinstance(layer, keras.layers.Rescaling))
        weights = {f"weight_{i}": weight for i, weight in enumerate(self.network.get_weights())}
        with replacing(path) as temporary, open(temporary, "wb") as file:
            std = 1 / rescaling.scale  # type: ignore[operator]
            np.savez_compressed(file, mean=-rescaling.offset * std, std=std, **weights)  # type: ignore[operator, arg-type]
