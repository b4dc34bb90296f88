"""From points to logits by a linear discriminant, and from logits to probabilities: NumPy only."""

import numpy as np

_SHRINKAGE = 0.1  # of the covariance toward a multiple of the identity
_SCALES = np.geomspace(0.01, 1, 41)  # of a discriminant's logits


def softmax(logits: np.ndarray) -> np.ndarray:
    """Float [clips, labels] logits to probabilities that sum to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def cross_entropy(logits: np.ndarray, classes: np.ndarray) -> float:
    """Mean of -ln(probability of the right class), in nats: `logits` float [clips, labels], `classes` int [clips]."""
    probabilities = softmax(logits.astype(np.float64))[np.arange(len(classes)), classes]
    return float(-np.log(np.maximum(probabilities, 1e-12)).mean())


def calmest_scale(logits: np.ndarray, classes: np.ndarray) -> float:
    """The factor for logits float [n, labels], at most 1, with the least cross-entropy; `classes` int [n].

    The densities of a discriminant are far too sure of themselves, as if every channel said something of its own: steps
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
