"""Words in endless sound: NumPy and LiteRT only.

The rule, so exactly that another language can follow it. The stream's samples are counted from 0. Window k (k = 0, 1, ...)
covers the samples [k * hop, k * hop + clip_samples), where hop = round(hop_ms * rate / 1000), and is judged as soon as the
samples of its last log-mel frame are there, so in order of k, whatever the size of the blocks that the samples come in. Its
posteriors are the outputs of `classify_features` for the frames of these samples. Smoothed posteriors are the plain mean of
the posteriors of the last n windows, this one included, n = max(1, floor(average_ms / hop_ms + 0.5)), or of all windows so
far where there are fewer. The candidate is the label with the largest smoothed posterior, the first one on ties. It is a
detection where all of this holds: its name does not begin with `_`; its smoothed posterior is at least its threshold, the
model file's `thresholds[label]`, or `threshold` where the file names none; and since the window of the last detection at
least hold_off_ms * rate / 1000 samples have passed (from end to end, or, which is the same, from start to start). A
detection changes nothing but the hold-off: the average goes on. Its time is the end of its window, (k * hop + clip_samples)
/ rate seconds.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...data.errors import WordspotError
from ...data.front_end import FrontEnd
from ...data.labels import is_word
from ...data.settings import Settings, setting
from .recognizer import Recognizer, as_float


@dataclass(frozen=True)
class StreamSettings(Settings):
    """How a stream is judged; the rule stands at the top of this file."""

    hop_ms: float = setting(100.0, "Milliseconds from window to window.", minimum=2, maximum=1_000)
    average_ms: float = setting(400.0, "Milliseconds of windows whose answers are averaged.", minimum=0, maximum=5_000)
    threshold: float = setting(
        0.5, "Least averaged probability, for labels that the model file gives none.", minimum=0, maximum=1
    )
    hold_off_ms: float = setting(1_400.0, "Milliseconds after a detection without another.", minimum=0, maximum=60_000)

    @property
    def averaged_windows(self) -> int:
        """How many windows are averaged."""
        return max(1, int(self.average_ms / self.hop_ms + 0.5))


@dataclass(frozen=True)
class Detection:
    """A word at a time in a stream.

    Attributes
    ----------
    label
        The word.
    time_s, start_s
        End and start of the window it was heard in, in seconds from the start of the stream.
    probability
        Its smoothed posterior, in [0, 1].
    """

    label: str
    time_s: float
    start_s: float
    probability: float


@dataclass(frozen=True)
class Window:
    """What was made of one window.

    Attributes
    ----------
    start
        Its first sample, counted from the start of the stream.
    posteriors, smoothed
        float32 [labels]: the model's probabilities, and their mean over the last windows.
    detection
        The word, where there is one.
    """

    start: int
    posteriors: np.ndarray
    smoothed: np.ndarray
    detection: Detection | None


class Detector:
    """Finds words in a stream; feed it blocks of samples of any size.

    Parameters
    ----------
    recognizer
        A loaded model file.
    settings
        How to judge; the thresholds of the model file win over `settings.threshold`.

    Raises
    ------
    WordspotError
        The hop is no multiple of the front end's.

    Examples
    --------
    >>> detector = Detector(Recognizer.load("small"))
    >>> for block in np.zeros((30, 1_600), np.int16):  # or float32 in [-1, 1)
    ...     for detection in detector.feed(block):
    ...         print(detection)
    """

    def __init__(self, recognizer: Recognizer, settings: StreamSettings = StreamSettings()) -> None:
        self._recognizer = recognizer
        self._posteriors = PosteriorStream(recognizer, settings.hop_ms)
        self._trigger = Trigger(recognizer, settings)

    def feed(self, samples: np.ndarray) -> list[Detection]:
        """The detections that the next samples (int16, or float32 in [-1, 1); any number) bring."""
        return [window.detection for window in self.windows(samples) if window.detection]

    def windows(self, samples: np.ndarray) -> Iterator[Window]:
        """Every window that the next samples complete, with what was made of it."""
        for start, posteriors in self._posteriors.feed(samples):
            smoothed, detection = self._trigger.judge(start, posteriors)
            yield Window(start, posteriors, smoothed, detection)


class PosteriorStream:
    """Samples in, the posteriors of one window a hop out; every sample passes the front end once.

    The front end always gets the same number of samples, those of one hop's frames, because LiteRT would otherwise lay out
    its memory anew. So that such a piece ends with the last frame of a window, and not a few frames later, the first piece
    is filled up at its start with zeros, and the frames that they touch are never used.
    """

    def __init__(self, recognizer: Recognizer, hop_ms: float) -> None:
        front_end = recognizer.description.front_end
        self._recognizer = recognizer
        self._frames_a_hop = _frames_a_hop(hop_ms, front_end)
        self._hop = self._frames_a_hop * front_end.hop_samples
        overlap = front_end.window_samples - front_end.hop_samples
        surplus = -front_end.n_frames % self._frames_a_hop
        self._ring = np.zeros((max(front_end.n_frames, self._frames_a_hop), front_end.n_mels), np.float32)
        self._n_frames = front_end.n_frames
        self._frames_seen = -surplus
        self._windows = 0
        self._skipped = max(0, -overlap)  # where frames are shorter than their distance
        self._pending = np.zeros(self._hop + max(0, overlap), np.float32)
        self._filled = surplus * front_end.hop_samples + self._skipped

    def feed(self, samples: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """For each window that the next samples complete: its first sample, and float32 [labels]."""
        samples = as_float(samples)
        while len(samples):
            count = min(len(samples), len(self._pending) - self._filled)
            self._pending[self._filled : self._filled + count] = samples[:count]
            self._filled += count
            samples = samples[count:]
            if self._filled == len(self._pending):
                self._add_frames()
                if self._frames_seen >= self._n_frames:
                    yield self._windows * self._hop, self._recognizer.classify_features(self._ring[-self._n_frames :])
                    self._windows += 1

    def _add_frames(self) -> None:
        """Turns the piece into frames, and keeps what the next one needs of it."""
        frames = self._recognizer.features(self._pending[self._skipped :])
        self._ring[: -len(frames)] = self._ring[len(frames) :]
        self._ring[-len(frames) :] = frames
        self._frames_seen += len(frames)
        self._filled = len(self._pending) - self._hop
        self._pending[: self._filled] = self._pending[self._hop :]


class Trigger:
    """Posteriors of one window after another in, detections out."""

    def __init__(self, recognizer: Recognizer, settings: StreamSettings) -> None:
        self._labels = recognizer.labels
        self._rate_hz = recognizer.sample_rate_hz
        self._clip_samples = recognizer.clip_samples
        self._thresholds = thresholds_of(recognizer, settings.threshold)
        self._hold_off = settings.hold_off_ms * recognizer.sample_rate_hz / 1000
        self._last: deque[np.ndarray] = deque(maxlen=settings.averaged_windows)
        self._detected_at: int | None = None

    def judge(self, start: int, posteriors: np.ndarray) -> tuple[np.ndarray, Detection | None]:
        """The smoothed posteriors of the window that begins at sample `start`, and the detection if there is one."""
        self._last.append(posteriors)
        smoothed = np.mean(self._last, axis=0)
        candidate = int(smoothed.argmax())
        held_off = self._detected_at is not None and start - self._detected_at < self._hold_off
        if held_off or not smoothed[candidate] >= self._thresholds[candidate]:
            return smoothed, None
        self._detected_at = start
        end = start + self._clip_samples
        label, probability = self._labels[candidate], float(smoothed[candidate])
        return smoothed, Detection(label, end / self._rate_hz, start / self._rate_hz, probability)


def thresholds_of(recognizer: Recognizer, default: float) -> np.ndarray:
    """float64 [labels]: the model file's thresholds, `default` for words that it has none for, infinity for no words."""
    given = recognizer.description.thresholds
    return np.array([given.get(label, default) if is_word(label) else np.inf for label in recognizer.labels])


def _frames_a_hop(hop_ms: float, front_end: FrontEnd) -> int:
    frames = hop_ms / front_end.hop_ms
    if abs(frames - round(frames)) > 1e-6:
        raise WordspotError(
            f"hop_ms is {hop_ms:g}; it must be a multiple of {front_end.hop_ms:g}, the hop of the model's front end"
        )
    return round(frames)
