"""Normalization layers that train fast on a processor and become one multiplication and one addition when exported."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

MOMENTUM = 0.9  # of the running statistics: a small folder has few steps an epoch
_EPSILON = 1e-3


@keras.saving.register_keras_serializable("wordspot")
class BatchNorm(layers.BatchNormalization):
    """Batch normalization over the last axis of float32 [batch, frames, mels, channels].

    It computes what Keras's layer computes; in training by TensorFlow's one fused operation, where Keras takes a dozen
    passes over the data.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"momentum": MOMENTUM, **options})

    def call(self, inputs: Any, training: bool = False) -> Any:  # type: ignore[override]
        if not training or not self.trainable:  # a frozen layer keeps its statistics
            return super().call(inputs, training=False)
        normalized, mean, variance = _fused(inputs, self.gamma, self.beta)
        _follow(self.moving_mean, mean)
        _follow(self.moving_variance, variance)
        return normalized


@keras.saving.register_keras_serializable("wordspot")
class SubSpectralNorm(layers.Layer):
    """Batch normalization with statistics, scale and offset of their own for each sub-band of the mel axis.

    "SubSpectral Normalization for Neural Audio Data Processing" (Chang et al., arXiv 2103.13620). Input and output are
    float32 [batch, frames, mels, channels].

    Parameters
    ----------
    sub_bands
        Number of equal parts of the mel axis; must divide it.
    """

    def __init__(self, sub_bands: int, **options: Any) -> None:
        super().__init__(**options)
        self.sub_bands = sub_bands

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self._mels, self._channels = input_shape[2] or 0, input_shape[3] or 0
        size = (self.sub_bands * self._channels,)
        self.gamma = self.add_weight(name="gamma", shape=size, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=size, initializer="zeros")
        self.moving_mean = self.add_weight(name="moving_mean", shape=size, initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(name="moving_variance", shape=size, initializer="ones", trainable=False)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training and self.trainable:
            return self._normalize_batch(inputs)
        scale = self.gamma * ops.rsqrt(self.moving_variance + _EPSILON)
        return inputs * self._for_each_mel(scale) + self._for_each_mel(self.beta - self.moving_mean * scale)

    def _normalize_batch(self, inputs: Any) -> Any:
        """Every sub-band becomes channels of its own, so that the fused operation applies."""
        frames, width = inputs.shape[1], self._mels // self.sub_bands
        bands = ops.reshape(inputs, (-1, frames, self.sub_bands, width, self._channels))
        beside = ops.reshape(
            ops.transpose(bands, (0, 1, 3, 2, 4)), (-1, frames, width, self.sub_bands * self._channels)
        )
        normalized, mean, variance = _fused(beside, self.gamma, self.beta)
        _follow(self.moving_mean, mean)
        _follow(self.moving_variance, variance)
        apart = ops.reshape(normalized, (-1, frames, width, self.sub_bands, self._channels))
        return ops.reshape(ops.transpose(apart, (0, 1, 3, 2, 4)), (-1, frames, self._mels, self._channels))

    def _for_each_mel(self, values: Any) -> Any:
        """[sub_bands * channels] to [mels, channels]."""
        by_band = ops.reshape(values, (self.sub_bands, self._channels))
        return ops.repeat(by_band, self._mels // self.sub_bands, axis=0)

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "sub_bands": self.sub_bands}


def _fused(inputs: Any, gamma: Any, beta: Any) -> tuple[Any, Any, Any]:
    """The normalized batch, and its mean and variance."""
    answer = tf.raw_ops.FusedBatchNormV3(
        x=inputs, scale=gamma, offset=beta, mean=[], variance=[], epsilon=_EPSILON, is_training=True
    )
    return answer.y, answer.batch_mean, answer.batch_variance


def _follow(running: keras.Variable, latest: Any) -> None:
    running.assign(MOMENTUM * running + (1 - MOMENTUM) * latest)
