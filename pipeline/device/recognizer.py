"""Running a model file: NumPy and LiteRT only."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from ...data.arrays import LogMel, Samples, Waveform
from ...data.buckets import here
from ...data.errors import RecordingError, WordspotError
from ...data.native_output import without_native_output
from ...models import pretrained
from ..signal.waveforms import as_waveform
from .model_description import ModelDescription
from .model_file import SIGNATURES, ModelFile, read_model
from .trial_run import check_by_trial

if TYPE_CHECKING:
    from .stream import Detection, StreamSettings

_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Prediction:
    """What a clip was recognized as.

    Attributes
    ----------
    label
        The likeliest label.
    probability
        Its probability, in [0, 1].
    probabilities
        {label: probability} of all labels, the likeliest first; they sum to 1.

    Examples
    --------
    >>> found = Prediction.of(("yes", "no", "_silence_"), np.array([0.25, 0.7, 0.05]))
    >>> found.label, found.probability, found.runner_up
    ('no', 0.7, 'yes')
    """

    label: str
    probability: float
    probabilities: dict[str, float]

    @classmethod
    def of(cls, labels: tuple[str, ...], probabilities: npt.NDArray[np.floating]) -> "Prediction":
        """From a model's output, float [labels]; of equal probabilities the later label comes first."""
        order = np.argsort(probabilities, kind="stable")[::-1]
        ranked = {labels[i]: float(probabilities[i]) for i in order}
        label, probability = next(iter(ranked.items()))
        return cls(label, probability, ranked)

    @property
    def runner_up(self) -> str:
        """The second likeliest label; of a model with a single label that one."""
        return list(self.probabilities)[:2][-1]

    @property
    def runner_up_probability(self) -> float:
        """The probability of the second likeliest label, in [0, 1]."""
        return self.probabilities[self.runner_up]


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
    description
        What the model file says of itself: labels, front end, thresholds, how it was made.

    Examples
    --------
    >>> import wordspot
    >>> model = wordspot.load("small")
    >>> model.labels[:3]
    ('down', 'go', 'left')
    >>> silence = np.zeros(44_100, np.int16)
    >>> model.predict(silence, sample_rate_hz=44_100).label
    '_silence_'
    """

    def __init__(self, model: ModelFile, *, threads: int = 1) -> None:
        self.description: ModelDescription = model.description
        self._interpreter = Interpreter(model_content=model.graph, num_threads=threads)
        self._runners = {name: self._interpreter.get_signature_runner(name) for name in SIGNATURES}

    @property
    def labels(self) -> tuple[str, ...]:
        """What the outputs stand for, in order."""
        return self.description.labels

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the waveform that the signatures take."""
        return self.description.sample_rate_hz

    @property
    def clip_samples(self) -> int:
        """Length of the waveform that `classify` takes."""
        return self.description.clip_samples

    @classmethod
    def load(cls, model: Path | str, *, threads: int = 1) -> "Recognizer":
        """Loads a model that ships, by its name (`small`, `accurate`), or a model file.

        A name that ships always means that model, whatever lies in the current folder; a model file of that very name
        needs its folder before it, or the ending `.tflite`. A file that does not ship and whose graph has never run on this
        machine runs in a process of its own first.

        Raises
        ------
        WordspotError
            A file that is missing, damaged or not one of ours, or that cannot be run; threads that are no number from 1.
        """
        if not isinstance(threads, int) or threads < 1:
            raise WordspotError(f"threads is {threads!r}; it must be a whole number from 1 on")
        path = pretrained.path_of(str(model)) if str(model) in pretrained.NAMES else here(model)
        file = read_model(path)
        if not pretrained.ships(file.content):
            check_by_trial(path, file.graph)
        return cls._load(file, path, threads)

    @classmethod
    def run_all_signatures(cls, path: Path | str) -> None:
        """Loads a model file in this process and runs each signature on silence and on noise; raises as `load` does."""
        recognizer = cls._load(read_model(path), path, threads=1)
        front_end = recognizer.description.front_end
        noise = np.random.default_rng(0).uniform(-1, 1, recognizer.clip_samples).astype(np.float32)
        with _naming_model(path):
            for waveform in (np.zeros_like(noise), noise):
                for other in (
                    waveform[: front_end.window_samples],
                    np.tile(waveform, 3),
                ):  # a stream's pieces are others
                    recognizer.features(other)
                log_mel = recognizer.features(waveform)
                if log_mel.shape != (front_end.n_frames, front_end.n_mels) or not np.isfinite(log_mel).all():
                    raise WordspotError(f"its front end gives frames of shape {log_mel.shape}, or NaN")
                for probabilities in (recognizer.classify(waveform), recognizer.classify_features(log_mel)):
                    recognizer._check_probabilities(probabilities)

    @classmethod
    def _load(cls, file: ModelFile, path: Path | str, threads: int) -> "Recognizer":
        with _naming_model(path), without_native_output():
            recognizer = cls(file, threads=threads)
            recognizer._check_probabilities(recognizer.classify(np.zeros(recognizer.clip_samples, np.float32)))
        return recognizer

    def _check_probabilities(self, probabilities: np.ndarray) -> None:
        if probabilities.shape != (len(self.labels),):
            outputs = probabilities.shape[0] if probabilities.ndim else 1
            raise WordspotError(f"it has {outputs} outputs but {len(self.labels)} labels")
        if (probabilities < 0).any() or abs(float(probabilities.sum()) - 1) > _SUM_TOLERANCE:
            raise WordspotError(f"it gives no probabilities, they sum to {probabilities.sum():g}")

    def predict(self, sound: Path | str | npt.ArrayLike, *, sample_rate_hz: float | None = None) -> Prediction:
        """Recognizes the one word of a sound.

        A sound longer than the model's clip is judged on the second that holds its word; a shorter one is centered between
        zeros.

        Parameters
        ----------
        sound
            A file, or an array [n] or [n, channels]: floats in [-1, 1), int16, int32, int8 or uint8.
        sample_rate_hz
            Of an array; None: the model's own.

        Raises
        ------
        WordspotError
            A file that cannot be read, or an array that cannot be sound (shape, type, scale, NaN).
        """
        from ..signal.array_sound import to_mono_samples  # here, like the next, because a stream needs no decoder
        from ..signal.window import fit_to_window

        if isinstance(sound, (str, Path)):
            samples = _read(here(sound), self.sample_rate_hz)
        else:
            samples = to_mono_samples(sound, self._rate_of(sample_rate_hz), self.sample_rate_hz)
        clip, _ = fit_to_window(samples, self.clip_samples)
        return Prediction.of(self.labels, self.classify(clip))

    def detect(
        self,
        sound: Path | str | Iterable[npt.ArrayLike],
        *,
        sample_rate_hz: float | None = None,
        settings: "StreamSettings | None" = None,
    ) -> Iterator["Detection"]:
        """The words in a file of any length, in a whole sound, or in blocks of samples as they come.

        Parameters
        ----------
        sound
            A file; an array [n] or [n, channels] as `predict` takes it; or such arrays, one after another, of one endless
            sound.
        sample_rate_hz
            Of the blocks; None: the model's own.
        settings
            How a stream is judged; see `wordspot.StreamSettings`.

        Raises
        ------
        WordspotError
            A file that cannot be read, or a block that cannot be sound.

        Examples
        --------
        >>> import wordspot
        >>> model = wordspot.load("small")
        >>> microphone = (np.zeros(1_600, np.int16) for _ in range(20))
        >>> for detection in model.detect(microphone, settings=wordspot.StreamSettings(threshold=0.9)):
        ...     print(detection.label, detection.time_s)
        """
        from .stream import Detector, StreamSettings  # here, because a stream is made of recognizers

        detector = Detector(self, settings or StreamSettings())
        for samples in self._blocks(sound, sample_rate_hz):
            yield from detector.feed(samples)
        yield from detector.finish()

    def _blocks(self, sound: Path | str | Iterable[npt.ArrayLike], sample_rate_hz: float | None) -> Iterator[Samples]:
        if isinstance(sound, (str, Path)):
            yield from _stream(here(sound), self.sample_rate_hz)
            return
        from ...data.audio import Mixer
        from ..signal.array_sound import check_rate, to_float_block

        rate_hz = self._rate_of(sample_rate_hz)
        check_rate(rate_hz)
        mix, channels = Mixer(rate_hz, self.sample_rate_hz), None
        for block in [sound] if isinstance(sound, np.ndarray) else sound:
            floats = to_float_block(block)
            if floats.shape[1] != (channels := channels or floats.shape[1]):
                raise WordspotError(f"a block has {floats.shape[1]} channels, but those before it {channels}")
            yield mix(floats)
        yield mix.rest()

    def _rate_of(self, sample_rate_hz: float | None) -> float:
        return self.sample_rate_hz if sample_rate_hz is None else sample_rate_hz

    def classify(self, waveform: Samples | Waveform) -> npt.NDArray[np.float32]:
        """Probabilities of one clip.

        Parameters
        ----------
        waveform
            [clip_samples] at `sample_rate_hz`: int16, or floats in [-1, 1).

        Returns
        -------
        float32 [labels], summing to 1.

        Raises
        ------
        WordspotError
            Another shape or type, NaN, or floats far above 1.
        """
        if np.shape(waveform) != (self.clip_samples,):
            raise WordspotError(
                f"the waveform has shape {np.shape(waveform)}; classify takes ({self.clip_samples},): predict takes any length"
            )
        return self._probabilities("classify", waveform=as_waveform(waveform))

    def features(self, waveform: Samples | Waveform) -> LogMel:
        """Log-mel frames, float32 [frames, mels], of a waveform [n] of any length from one window on; raises as `classify`."""
        shortest = self.description.front_end.window_samples
        if np.ndim(waveform) != 1 or len(waveform) < shortest:
            raise WordspotError(f"the waveform has shape {np.shape(waveform)}; expected [n] with n from {shortest} on")
        return self._run("features", "log_mel", waveform=as_waveform(waveform))

    def classify_features(self, log_mel: LogMel) -> npt.NDArray[np.float32]:
        """Probabilities, float32 [labels], of one clip's log-mel frames [frames, mels]; raises as `classify`."""
        expected = (self.description.front_end.n_frames, self.description.front_end.n_mels)
        if np.shape(log_mel) != expected:
            raise WordspotError(f"the frames have shape {np.shape(log_mel)}; expected {expected}")
        if not np.isfinite(log_mel).all():
            raise WordspotError("the frames have NaN or infinite values: find out where they come from")
        return self._probabilities("classify_features", log_mel=np.asarray(log_mel).astype(np.float32))

    def _probabilities(self, signature: str, **inputs: np.ndarray) -> npt.NDArray[np.float32]:
        probabilities = self._run(signature, "probabilities", **inputs)
        if not np.isfinite(probabilities).all():
            raise WordspotError("the model gives NaN for this sound: the file is damaged")
        return probabilities

    def _run(self, signature: str, output: str, **inputs: np.ndarray) -> np.ndarray:
        """Runs one example through a signature; the batch axis is added and taken away."""
        result = self._runners[signature](**{name: value[None] for name, value in inputs.items()})
        return result[output][0]


def _read(path: Path, sample_rate_hz: int) -> Samples:
    from ...data.audio import read_sound

    with _naming(path):
        return read_sound(path, sample_rate_hz).samples


def _stream(path: Path, sample_rate_hz: int) -> Iterator[Samples]:
    from ...data.audio import stream_sound

    with _naming(path):
        yield from stream_sound(path, sample_rate_hz)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Names the file in errors of reading it."""
    try:
        yield
    except FileNotFoundError as error:
        raise WordspotError(f"{path} does not exist: check the spelling") from error
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from error


@contextmanager
def _naming_model(path: Path | str) -> Iterator[None]:
    """Names the model file in errors of running it, whatever LiteRT raises."""
    try:
        yield
    except (ValueError, RuntimeError, KeyError, TypeError, OverflowError, MemoryError, WordspotError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WordspotError(f"{path} cannot be run ({reason}): export it again") from error
