"""Waveform to log-mel frames as a Keras layer: what goes into a model file, equal to `log_mel` in NumPy."""

import keras
import numpy as np
import tensorflow as tf

from ...data.front_end import FrontEnd
from .log_mel import hann_window, mel_matrix


class LogMel(keras.layers.Layer):
    """`log_mel` as a layer made of built-in TFLite operations alone.

    Parameters
    ----------
    front_end
        How frames are cut and weighed; its values become constants of the graph.
    """

    def __init__(self, front_end: FrontEnd, **kwargs) -> None:
        super().__init__(**kwargs)
        self.front_end = front_end

    def call(self, waveform: tf.Tensor) -> tf.Tensor:
        """float32 [batch, n] in [-1, 1), n at least one window, to float32 [batch, frames, mels]."""
        settings = self.front_end
        frames = tf.signal.frame(waveform, settings.window_samples, settings.hop_samples)
        frames *= hann_window(settings.window_samples)
        padding = settings.fft_size - settings.window_samples
        spectrum = tf.signal.rfft(tf.pad(frames, ((0, 0), (0, 0), (0, padding))))
        power = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
        weights = mel_matrix(settings)
        counted = 1 + int(np.flatnonzero(weights.any(axis=1))[-1])  # bins above these count for no band
        mel = tf.matmul(power[..., :counted], weights[:counted])
        return tf.math.log(tf.maximum(mel, settings.log_floor))
