"""Training on from a trained network: its body is kept, its head is made anew for other words."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from ...data.errors import WordspotError
from ...data.files import replacing
from ...data.front_end import FrontEnd
from ...models import NetworkShape, build_network, pretrained
from ...models.normalization import BatchNorm, SubSpectralNorm
from ..device.model_file import read_model
from .batches import TrainingBatches
from .network import cross_entropy, load_network
from .run import Run

_SHIPPED = " or ".join(pretrained.NAMES)
_EXAMPLES = 4_096  # that the new head is fitted to
_SHRINKAGE = 0.1  # of their covariance toward a multiple of the identity
_SCALES = np.geomspace(0.01, 1, 41)  # of the new head's logits


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network to begin with.

    Attributes
    ----------
    name
        The run folder, or the name of a model that ships.
    model
        What kind of network it is: one of `models.NETWORKS`.
    network
        It, with its old head.
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
    def load(cls, name: str) -> "TrainedNetwork":
        """Loads a model that ships by its name (one of `pretrained.NAMES`), or the best network of a run folder.

        Raises
        ------
        WordspotError
            No such run, or a file that is damaged.
        """
        if name in pretrained.NAMES:
            return cls._load_shipped(name)
        if not Path(name).exists():
            raise WordspotError(f"there is no run {name}; wanted a run folder, or {_SHIPPED}, which ship")
        if Path(name).is_file():
            raise WordspotError(f"{name} is a file; wanted the run folder it came from, or {_SHIPPED}, which ship")
        run = Run(Path(name))
        config = run.read_config()
        front_end = FrontEnd.from_dict(config["front_end"], str(run.config))
        model = config["settings"]["model"]
        return cls(str(run.folder.resolve()), model, load_network(run.model), front_end, tuple(config["classes"]))

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
        """Writes the network's weights and the scaling of its input, as it ships."""
        rescaling = next(layer for layer in self.network.layers if isinstance(layer, keras.layers.Rescaling))
        weights = {f"weight_{i}": weight for i, weight in enumerate(self.network.get_weights())}
        with replacing(path) as temporary, open(temporary, "wb") as file:
            std = 1 / rescaling.scale  # type: ignore[operator]
            np.savez_compressed(file, mean=-rescaling.offset * std, std=std, **weights)  # type: ignore[operator, arg-type]

    def with_head(self, batches: TrainingBatches, n_labels: int) -> keras.Model:
        """The network with a head for other labels, fitted to what the body makes of the first epoch.

        The head begins as the linear discriminant of the classes (Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x),
        so that training on does not first spoil the body for the sake of random weights. The normalization layers stay as
        they are: of few clips there are worse statistics than of the many that it was trained on.
        """
        body = keras.Model(self.network.inputs, self.network.layers[-1].input)
        points, classes = _embed(body, batches)
        head = keras.layers.Dense(n_labels)
        network = keras.Model(self.network.inputs, head(self.network.layers[-1].input), name="body")
        weights, bias = linear_discriminant(points, classes, n_labels)
        scale = calmest_scale(points @ weights + bias, classes)
        head.set_weights([scale * weights, scale * bias])
        for layer in network.layers:
            layer.trainable &= not isinstance(layer, (BatchNorm, SubSpectralNorm))
        return network


def _embed(body: keras.Model, batches: TrainingBatches) -> tuple[np.ndarray, np.ndarray]:
    """Float32 [n, channels] and int [n] classes of (the beginning of) an epoch."""
    points, classes, count = [], [], 0
    for frames, targets in batches.epoch(0):
        points.append(body.predict_on_batch(frames))
        classes.append(targets.argmax(axis=1))
        count += len(targets)
        if count >= _EXAMPLES:
            break
    return np.concatenate(points), np.concatenate(classes)


def calmest_scale(logits: np.ndarray, classes: np.ndarray) -> float:
    """The factor for logits float [n, labels], at most 1, with the least cross-entropy; `classes` int [n].

    The densities of a discriminant are far too sure of themselves, as if every channel told something of its own: steps
    taken from there would tear the body apart before the head had calmed down.
    """
    return float(min(_SCALES, key=lambda scale: cross_entropy(scale * logits, classes)))


def linear_discriminant(points: np.ndarray, classes: np.ndarray, n_labels: int) -> list[np.ndarray]:
    """Weights float32 [channels, n_labels] and bias float32 [n_labels] whose logits are the log of Gaussian densities.

    All classes share one covariance and are equally likely. `points` float [n, channels], `classes` int [n]; a class without
    points lies at the mean of all.
    """
    points = points.astype(np.float64)
    means = np.stack(
        [
            points[classes == label].mean(axis=0) if (classes == label).any() else points.mean(axis=0)
            for label in range(n_labels)
        ]
    )
    centered = points - means[classes]
    covariance = centered.T @ centered / len(points)
    spread = np.trace(covariance) / len(covariance) + 1e-9
    covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * spread * np.eye(len(covariance))
    weights = np.linalg.solve(covariance, means.T)
    bias = -0.5 * (means.T * weights).sum(axis=0)
    return [weights.astype(np.float32), bias.astype(np.float32)]
