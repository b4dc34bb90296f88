"""The proof that a model file answers as its network does."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from ...data.errors import WordspotError
from ...data.front_end import FrontEnd
from ..device.recognizer import Recognizer
from ..features.log_mel import log_mel
from ..training.examples.batches import Examples
from ..training.examples.noise import synthetic_noise_waveforms
from ..training.network import logits
from ..training.probabilities import softmax

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
        Share of them that each recognizes.
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


def compare(
    recognizer: Recognizer, network: keras.Model, examples: Examples, front_end: FrontEnd, size_bytes: int
) -> Agreement:
    """Runs the file and the network on the same examples, and the file's front end on synthetic sound."""
    expected = softmax(logits(network, examples.frames))
    answers = np.stack([recognizer.classify_features(frames) for frames in examples.frames])
    recognized = answers.argmax(axis=1)
    margins = expected.max(axis=1) - expected[np.arange(len(recognized)), recognized]
    return Agreement(
        clips=len(answers),
        no_contradiction=float((margins <= _NEAR_TIE).mean()),
        same_label=float((recognized == expected.argmax(axis=1)).mean()),
        largest_difference=float(np.abs(answers - expected).max()),
        keras_accuracy=float((expected.argmax(axis=1) == examples.classes).mean()),
        file_accuracy=float((recognized == examples.classes).mean()),
        front_end_difference=float(np.max(_front_end_differences(recognizer, front_end))),  # unlike max, keeps NaN
        size_bytes=size_bytes,
    )


def _front_end_differences(recognizer: Recognizer, front_end: FrontEnd) -> Sequence[float]:
    """Of the file's frames from NumPy's, and of its answers to a waveform from those to its frames, at several levels."""
    differences = []
    for waveform in synthetic_noise_waveforms(front_end, "validation"):
        for level in _PROBE_LEVELS:
            clip = np.float32(level) * waveform[: front_end.clip_samples]
            frames = recognizer.features(clip)
            differences.append(float(np.abs(frames - log_mel(clip, front_end)).max()))
            differences.append(float(np.abs(recognizer.classify(clip) - recognizer.classify_features(frames)).max()))
    return differences


def refuse_disagreement(agreement: Agreement, *, int8: bool) -> None:
    """Raises `WordspotError` unless the file answers as the network does; of an int8 file rounding is forgiven."""
    # put so that what is no number disagrees, too
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
            + ("export without int8, or train longer" if int8 else "please report this")
        )
