"""A head for other words on the body of a trained network (transfer learning)."""

import keras
import numpy as np
import numpy.typing as npt

from ...models.normalization import BatchNorm, SubSpectralNorm
from .examples.batches import TrainingBatches
from .probabilities import calmest_scale, linear_discriminant

_EXAMPLES = 4_096  # that the new head is fitted to


def with_new_head(trained: keras.Model, batches: TrainingBatches, n_labels: int) -> keras.Model:
    """The network with a head for other labels, fitted to what the body makes of the first epoch.

    The head begins as the linear discriminant of the classes (Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x),
    so that training on does not first spoil the body for the sake of random weights. The normalization layers stay as
    they are: of few clips there are worse statistics than of the many that it was trained on.

    Parameters
    ----------
    trained
        Whose layers all but the last become part of the new network; it is not copied.
    batches
        What will be trained on.
    n_labels
        Size of the new output.
    """
    body_output = trained.layers[-1].input
    points, classes = _embed(keras.Model(trained.inputs, body_output), batches)
    head = keras.layers.Dense(n_labels)
    network = keras.Model(trained.inputs, head(body_output), name="body")
    weights, bias = linear_discriminant(points, classes, n_labels)
    scale = calmest_scale(points @ weights + bias, classes)
    head.set_weights([scale * weights, scale * bias])
    for layer in network.layers:
        layer.trainable &= not isinstance(layer, (BatchNorm, SubSpectralNorm))
    return network


def _embed(body: keras.Model, batches: TrainingBatches) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """Float32 [n, channels] and int [n] classes of (the beginning of) an epoch."""
    points, classes, count = [], [], 0
    for frames, targets in batches.epoch(0):
        points.append(body.predict_on_batch(frames))
        classes.append(targets.argmax(axis=1))
        count += len(targets)
        if count >= _EXAMPLES:
            break
    return np.concatenate(points), np.concatenate(classes)
