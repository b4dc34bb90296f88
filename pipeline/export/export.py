"""A run to one model file, and the proof that the file answers as the network does."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ...data.clips import CLIP_TABLE, sketch
from ...data.errors import WordspotError
from ...data.feature_set import FeatureSet, is_feature_set, read_feature_set
from ...data.files import read_json, replacing
from ...data.front_end import FrontEnd
from ..device.model_description import ModelDescription
from ..device.model_file import SIGNATURES, pack_model
from ..device.recognizer import Recognizer
from ..device.trial_run import remember
from ..features.extract import extract
from ..features.keras_layer import LogMel
from ..features.log_mel import log_mel
from ..training.batches import Classes, Examples, SplitClips
from ..training.network import load_network, logits, softmax
from ..training.noise import synthetic_noise_waveforms
from ..training.run import Run
from ..training.settings import AugmentSettings
from .graph import without_detours, without_names

_CHECKED_CLIPS = 1_000
_CALIBRATION_CLIPS = 500
_LARGEST_DIFFERENCE = 1e-3  # of a probability or a log-mel value, float
_LEAST_AGREEMENT = 0.95  # share of clips with the same label or a near tie, int8
_NEAR_TIE = 0.2  # between the probabilities of the two labels: rounding may tip it
_PROBE_LEVELS = (1.0, 0.1, 0.01, 1e-4, 0.0)


@dataclass(frozen=True)
class Agreement:
    """How the model file's answers compare with the network's.

    Attributes
    ----------
    clips
        Validation clips compared.
    same_label
        Share of them given the same label.
    no_contradiction
        Share of them given the same label, or one that the network holds nearly as likely.
    largest_difference
        Of any probability of any of them.
    keras_accuracy, file_accuracy
        Share of them that each hears right.
    front_end_difference
        Largest difference of log-mel values between the file's front end and NumPy's, on synthetic sound.
    size_bytes
        Of the file.
    """

    clips: int
    same_label: float
    no_contradiction: float
    largest_difference: float
    keras_accuracy: float
    file_accuracy: float
    front_end_difference: float
    size_bytes: int


def export(run_folder: Path, out: Path, *, int8: bool = False) -> Agreement:
    """Writes the run's best network as one model file, with its front end inside.

    The file appears only after it has been run and its answers agree with the network's.

    Parameters
    ----------
    run_folder
        A run with at least one finished epoch.
    out
        The `.tflite` file to write.
    int8
        Quantize the network (not the front end), calibrated on training clips.

    Raises
    ------
    WordspotError
        No such run, or a file whose answers disagree.
    """
    run = Run(run_folder)
    config = run.read_config()
    model = load_network(run.model)
    trained_with = FrontEnd.from_dict(config["front_end"], str(run.config))
    feature_set = _open_features(run, Path(config["data"]), trained_with)
    classes = Classes(tuple(config["classes"]), tuple(config["words"]))
    if feature_set.checksum != config["clips"]:
        raise WordspotError(
            f"the clips of {config['data']} have changed since {run_folder} was trained: train again, or bring them back"
        )
    if feature_set.front_end != trained_with:
        raise WordspotError(
            f"{config['data']} has another front end than {run_folder} was trained with: "
            f"{feature_set.front_end.unlike(trained_with)}"
        )
    graph = convert(model, feature_set.front_end)
    if int8:
        from .quantize import quantize_body  # here, because only this needs the quantizer

        graph = quantize_body(graph, _examples(feature_set, classes, "training", _CALIBRATION_CLIPS).frames)
    graph = without_names(without_detours(graph))
    content = pack_model(graph, _describe(run, feature_set, classes.labels, int8))
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        temporary.write_bytes(content)
        remember(graph)  # it was made here
        recognizer = Recognizer.load(temporary)
        examples = _examples(feature_set, classes, "validation", _CHECKED_CLIPS)
        agreement = _compare(recognizer, model, examples, feature_set.front_end, len(content))
        _refuse_disagreement(agreement, int8)
    return agreement


def _open_features(run: Run, data: Path, front_end: FrontEnd) -> FeatureSet:
    """What the run was trained on: needed to calibrate, and to compare the file with the network.

    Features of a clean folder that were removed from the run are made again.
    """
    if is_feature_set(run.features):
        return read_feature_set(run.features)
    if not data.exists():
        raise WordspotError(
            f"{run.folder} was trained on {data}, which is gone: move it back, its clips check the file"
        )
    if not (data / CLIP_TABLE).is_file():
        return read_feature_set(data)
    extract(data, run.features, front_end)
    return read_feature_set(run.features)


def convert(model: keras.Model, front_end: FrontEnd) -> bytes:
    """The network as a `.tflite` graph with three signatures that share its weights.

    `classify`: waveform float32 [1, clip_samples] -> probabilities [1, labels]. `features`: waveform [1, any] -> log_mel
    [1, frames, mels]. `classify_features`: log_mel [1, n_frames, mels] -> probabilities [1, labels].
    """
    to_frames = LogMel(front_end)

    def classify_features(log_mel: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": tf.nn.softmax(model(log_mel, training=False))}

    archive = keras.export.ExportArchive()
    archive.track(model)
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


def _describe(run: Run, feature_set: FeatureSet, labels: tuple[str, ...], int8: bool) -> ModelDescription:
    config = run.read_config()
    metrics = read_json(run.metrics) if run.metrics.is_file() else {}
    kept = ("split", "clips", "accuracy", "interval", "per_label")
    return ModelDescription(
        labels=labels,
        front_end=feature_set.front_end,
        quantization="int8 network, float32 front end" if int8 else "none, float32",
        made_by=f"wordspot {version('wordspot')}",
        training={name: config[name] for name in ("settings", "augmentation", "versions")},
        metrics={name: metrics[name] for name in kept if name in metrics},
        training_clips=tuple(sketch(clip for clip in feature_set.clips if clip.split == "training")),
    )


def _examples(feature_set: FeatureSet, classes: Classes, split: str, most: int) -> Examples:
    """An even spread of at most `most` examples of a split."""
    examples = SplitClips(feature_set, classes, split, AugmentSettings()).fixed_examples()
    chosen = np.unique(np.linspace(0, len(examples.classes) - 1, most).round().astype(int))
    return Examples(examples.frames[chosen], examples.classes[chosen], [examples.file_names[i] for i in chosen])


def _compare(
    recognizer: Recognizer, model: keras.Model, examples: Examples, front_end: FrontEnd, size_bytes: int
) -> Agreement:
    expected = softmax(logits(model, examples.frames))
    answers = np.stack([recognizer.classify_features(frames) for frames in examples.frames])
    heard = answers.argmax(axis=1)
    margins = expected.max(axis=1) - expected[np.arange(len(heard)), heard]
    return Agreement(
        clips=len(answers),
        no_contradiction=float((margins <= _NEAR_TIE).mean()),
        same_label=float((heard == expected.argmax(axis=1)).mean()),
        largest_difference=float(np.abs(answers - expected).max()),
        keras_accuracy=float((expected.argmax(axis=1) == examples.classes).mean()),
        file_accuracy=float((heard == examples.classes).mean()),
        front_end_difference=float(np.max(_front_end_differences(recognizer, front_end))),  # unlike max, keeps NaN
        size_bytes=size_bytes,
    )


def _front_end_differences(recognizer: Recognizer, front_end: FrontEnd) -> Sequence[float]:
    """Of the file's frames from NumPy's, and of its answers to a waveform from those to its frames, at several levels."""
    differences = []
    for waveform in synthetic_noise_waveforms(front_end, "validation"):
        for level in _PROBE_LEVELS:
            clip = level * waveform[: front_end.clip_samples]
            frames = recognizer.features(clip)
            differences.append(float(np.abs(frames - log_mel(clip, front_end)).max()))
            differences.append(float(np.abs(recognizer.classify(clip) - recognizer.classify_features(frames)).max()))
    return differences


def _refuse_disagreement(agreement: Agreement, int8: bool) -> None:
    # asked so that what is no number disagrees, too
    disagrees = not agreement.front_end_difference <= _LARGEST_DIFFERENCE
    if int8:
        disagrees |= not agreement.no_contradiction >= _LEAST_AGREEMENT
    else:
        disagrees |= not agreement.largest_difference <= _LARGEST_DIFFERENCE
    if disagrees:
        raise WordspotError(
            "the model file was not written, because it would answer differently from the network: on "
            f"{agreement.clips} validation clips {agreement.same_label:.0%} get the same label, the largest difference of a "
            f"probability is {agreement.largest_difference:.2g} and of a log-mel value {agreement.front_end_difference:.2g}; "
            + ("export without --int8, or train longer" if int8 else "please report this")
        )
