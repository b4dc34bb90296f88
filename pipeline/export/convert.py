"""A Keras network to a `.tflite` graph, with the front end inside."""

import tempfile

import keras
import tensorflow as tf

from ...data.front_end import FrontEnd
from ..device.model_file import SIGNATURES
from ..features.keras_layer import LogMel


def convert(network: keras.Model, front_end: FrontEnd) -> bytes:
    """The network as a `.tflite` graph with three signatures that share its weights.

    `classify`: waveform float32 [1, clip_samples] -> probabilities [1, labels]. `features`: waveform [1, any] -> log_mel
    [1, frames, mels]. `classify_features`: log_mel [1, n_frames, mels] -> probabilities [1, labels].

    Parameters
    ----------
    network
        Log-mel frames to logits.
    front_end
        What it was trained with.
    """
    to_frames = LogMel(front_end)

    def classify_features(log_mel: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": tf.nn.softmax(network(log_mel, training=False))}

    archive = keras.export.ExportArchive()
    archive.track(network)
    endpoints = {
        "classify": (lambda waveform: classify_features(to_frames(waveform)), (front_end.clip_samples,), "waveform"),
        "features": (lambda waveform: {"log_mel": to_frames(waveform)}, (None,), "waveform"),
        "classify_features": (classify_features, (front_end.n_frames, front_end.n_mels), "log_mel"),
    }
    for name, (function, shape, argument) in endpoints.items():
        archive.add_endpoint(name, function, [tf.TensorSpec((1, *shape), tf.float32, argument)])  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)  # type: ignore[attr-defined]
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(SIGNATURES))
        return converter.convert()
