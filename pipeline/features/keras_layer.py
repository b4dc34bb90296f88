"""Waveform to log-mel frames as a Keras layer, the one that goes into the model file."""

import keras
import numpy as np
import tensorflow as tf

from ...data.front_end import FrontEnd
from .log_mel import hann_window, mel_matrix


class LogMel(keras.layers.Layer):
    """`log_mel` as a layer made of built-in TFLite operations: float32 [batch, n] to float32 [batch, frames, mels]."""

    def __init__(self, front_end: FrontEnd, **kwargs) -> None:
        super().__init__(**kwargs)
        self.front_end = front_end

    def call(self, waveform: tf.Tensor) -> tf.Tensor:
        settings = self.front_end
        frames = tf.signal.frame(waveform, settings.window_samples, settings.hop_samples)
        frames *= hann_window(settings.window_samples)
        padding = settings.fft_size - settings.window_samples
        spectrum = tf.signal.rfft(tf.pad(frames, ((0, 0), (0, 0), (0, padding))))
        power = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
        weights = mel_matrix(settings)
        heard = 1 + int(np.flatnonzero(weights.any(axis=1))[-1])  # the frequencies above count for no band
        mel = tf.matmul(power[..., :heard], weights[:heard])
        return tf.math.log(tf.maximum(mel, settings.log_floor))
