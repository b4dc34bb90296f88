"""Running a model file: NumPy and LiteRT only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ...data.errors import WordspotError
from ...data.native_output import without_native_output
from .model_file import SIGNATURES, ModelFile, read_model


@dataclass(frozen=True)
class Prediction:
    """The two likeliest labels of a clip, with their probabilities in [0, 1]."""

    label: str
    probability: float
    runner_up: str
    runner_up_probability: float


class Recognizer:
    """A loaded model file.

    Parameters
    ----------
    model
        A model file read by `model_file.read_model`.
    threads
        Threads that LiteRT may use.

    Attributes
    ----------
    labels
        What the outputs stand for, in order.
    sample_rate_hz, clip_samples
        The waveform that `classify` takes.

    Examples
    --------
    >>> recognizer = Recognizer.load(Path("model.tflite"))  # doctest: +SKIP
    >>> recognizer.predict(clip).label  # doctest: +SKIP
    'left'
    """

    def __init__(self, model: ModelFile, *, threads: int = 1) -> None:
        self.labels = model.labels
        self.description: dict[str, Any] = model.description
        self.sample_rate_hz = int(model.description["sample_rate_hz"])
        self.clip_samples = int(model.description["clip_samples"])
        self._interpreter = Interpreter(model_content=model.content, num_threads=threads)
        self._runners = {name: self._interpreter.get_signature_runner(name) for name in SIGNATURES}

    @classmethod
    def load(cls, path: Path, *, threads: int = 1) -> "Recognizer":
        """Reads and loads a model file. Raises `WordspotError` for a file that is not one of ours or is damaged."""
        model = read_model(path)
        try:
            with without_native_output():
                recognizer = cls(model, threads=threads)
                labels_out = recognizer.classify(np.zeros(recognizer.clip_samples, np.float32)).shape[0]
        except (ValueError, RuntimeError) as error:
            raise WordspotError(f"{path} cannot be run ({str(error).splitlines()[0]}): export it again") from error
        if labels_out != len(recognizer.labels):
            raise WordspotError(f"{path} has {labels_out} outputs but {len(recognizer.labels)} labels: export it again")
        return recognizer

    def classify(self, waveform: np.ndarray) -> np.ndarray:
        """Probabilities of one clip.

        Parameters
        ----------
        waveform
            [clip_samples] at `sample_rate_hz`: int16, or float32 in [-1, 1).

        Returns
        -------
        float32 [labels], summing to 1.
        """
        return self._run("classify", "probabilities", waveform=as_float(waveform))

    def features(self, waveform: np.ndarray) -> np.ndarray:
        """Log-mel frames, float32 [frames, mels], of a waveform [n] of any length from one window on."""
        return self._run("features", "log_mel", waveform=as_float(waveform))

    def classify_features(self, log_mel: np.ndarray) -> np.ndarray:
        """Probabilities, float32 [labels], of one clip's log-mel frames [frames, mels]."""
        return self._run("classify_features", "probabilities", log_mel=log_mel.astype(np.float32))

    def predict(self, waveform: np.ndarray) -> Prediction:
        """The likeliest label of one clip (see `classify`) and the runner-up."""
        probabilities = self.classify(waveform)
        second, first = np.argsort(probabilities, kind="stable")[-2:]
        return Prediction(
            self.labels[first], float(probabilities[first]), self.labels[second], float(probabilities[second])
        )

    def _run(self, signature: str, output: str, **inputs: np.ndarray) -> np.ndarray:
        """Runs one example through a signature; the batch axis is added and taken away."""
        result = self._runners[signature](**{name: value[None] for name, value in inputs.items()})
        return result[output][0]


def as_float(waveform: np.ndarray) -> np.ndarray:
    """int16 to float32 in [-1, 1); float32 as it is."""
    if waveform.dtype == np.int16:
        return waveform.astype(np.float32) / 32_768
    return waveform.astype(np.float32, copy=False)
