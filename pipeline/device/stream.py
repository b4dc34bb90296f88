"""Words in endless sound: NumPy and LiteRT only.

The rule, so exactly that another language can follow it.

Windows. The stream's samples are counted from 0. Window k (k = 0, 1, ...) covers the samples [k * hop, k * hop +
clip_samples), where hop = round(hop_ms * rate / 1000), and is judged as soon as the samples of its last log-mel frame
are there, so in order of k, whatever the size of the blocks that the samples come in. Its posteriors are the outputs
of `classify_features` for its frames. Smoothed posteriors are the plain mean of the posteriors of the last n windows,
this one included, n = max(1, floor(average_ms / hop_ms + 0.5)), or of all windows so far where there are fewer. A
window is active where the largest smoothed posterior of a word (a label that does not begin with `_`) is at least
0.25.

The lone word. From its first sample on the stream is divided into blocks of 10 ms (4 * round(rate / 400) samples).
The power of a block is the mean, over its four quarters, of the mean square of the deviations of their samples, in
[-1, 1), from the quarter's mean; its level is 10 log10 of the mean power of this block and the seven before it, at
least -120; before the stream there is silence. Of an active window count the blocks that lie wholly within it. Its
peak is the largest of their levels, the first one on ties. Going back from the peak, the pause before the word is the
first stretch of pause_before_ms whose levels all lie more than pause_db below the peak's; it must end at most 900 ms
before the peak. Going forward within the window, the pause after the word is the first such stretch of
pause_after_ms. (All three times are rounded to blocks.) Where both pauses are there, the clip whose middle is the
middle between the end of the one pause and the start of the other (in blocks, rounded down; moved back so far that it
ends with the window, and never before the stream) is given to `classify`, and the candidate is the label with the
largest of these posteriors, if it is a word.

The detection. A candidate is a detection where its posterior is at least its threshold, the model file's
`thresholds[label]`, or `threshold` where the file has none; where since the window of the last detection at least
hold_off_ms * rate / 1000 samples have passed (from start to start); and where since then at least one window was not active.
Its time is the end of its window, (k * hop + clip_samples) / rate seconds. At the end of a file or pipe one clip of zeros
follows, as a microphone would have gone on.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...data.arrays import Samples, Waveform
from ...data.labels import is_word
from ...data.settings import Settings, setting
from .isolation import BLOCKS_PER_LEVEL, BLOCKS_PER_SECOND, PARTS_PER_BLOCK, find_lone_word, levels_db
from .posterior_stream import PosteriorStream
from .recognizer import Prediction, Recognizer
from .sample_history import SampleHistory

ACTIVE = 0.25  # smoothed posterior of a word from which on a window is looked at
_LONGEST_MS = 900.0  # from the pause before a word to its peak


@dataclass(frozen=True)
class StreamSettings(Settings):
    """How a stream is judged; the rule stands at the top of this file.

    Examples
    --------
    >>> StreamSettings(threshold=0.9).averaged_windows
    4
    """

    hop_ms: float = setting(100.0, "Milliseconds from window to window.", minimum=2, maximum=1_000)
    average_ms: float = setting(
        400.0, "Milliseconds of windows whose posteriors are averaged.", minimum=0, maximum=5_000
    )
    threshold: float = setting(
        0.5,
        "Least probability of a detection, for labels that the model file has no threshold for.",
        minimum=0,
        maximum=1,
    )
    hold_off_ms: float = setting(1_400.0, "Milliseconds after a detection without another.", minimum=0, maximum=60_000)
    pause_before_ms: float = setting(
        1_000.0, "Milliseconds of quiet before a word; 0 where commands come amid speech.", minimum=0, maximum=5_000
    )
    pause_after_ms: float = setting(
        400.0, "Milliseconds of quiet after a word; they delay its detection.", minimum=0, maximum=900
    )
    pause_db: float = setting(8.0, "How far below the word's level quiet is.", minimum=0, maximum=60)

    @property
    def averaged_windows(self) -> int:
        """How many windows are averaged."""
        return max(1, int(self.average_ms / self.hop_ms + 0.5))


SETTINGS: Mapping[str, StreamSettings] = {  # for other places than those that the defaults are a compromise for
    "quiet-room": StreamSettings(pause_before_ms=1_500.0, pause_after_ms=500.0, pause_db=12.0),
    "radio-on": StreamSettings(pause_before_ms=600.0, pause_after_ms=300.0, pause_db=6.0),
}


@dataclass(frozen=True)
class Detection:
    """A word at a time in a stream.

    Attributes
    ----------
    label
        The word.
    time_s
        When it was detected, in seconds from the start of the stream: the end of the window.
    start_s
        Where the clip begins that has the word in its middle.
    probability
        That of the word in this clip, in [0, 1].
    """

    label: str
    time_s: float
    start_s: float
    probability: float


@dataclass(frozen=True)
class Candidate:
    """A word that stands alone, before its threshold is asked for.

    Attributes
    ----------
    index
        Of its label.
    probability
        In the clip that has it in its middle, in [0, 1].
    start
        First sample of that clip, counted from the start of the stream.
    """

    index: int
    probability: float
    start: int


@dataclass(frozen=True)
class Window:
    """One window and what was found in it.

    Attributes
    ----------
    start
        Its first sample, counted from the start of the stream.
    posteriors, smoothed
        float32 [labels]: the model's probabilities, and their mean over the last windows.
    is_active
        Whether a word's smoothed posterior is high enough to look closer.
    candidate
        The word that stands alone in it, where there is one.
    detection
        The word, where the candidate is a detection.
    """

    start: int
    posteriors: npt.NDArray[np.float32]
    smoothed: npt.NDArray[np.float32]
    is_active: bool
    candidate: Candidate | None
    detection: Detection | None


class Detector:
    """Finds words in a stream; feed it blocks of samples of any size.

    Parameters
    ----------
    recognizer
        A loaded model file.
    settings
        How to judge; the thresholds of the model file come before `settings.threshold`.

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
        self._recognizer, self._settings = recognizer, settings
        self._blocks = Blocks.of(settings, recognizer)
        self._history = SampleHistory(self._blocks.history * self._blocks.samples)
        self._posteriors = PosteriorStream(recognizer, settings.hop_ms, self._history)
        self._trigger = Trigger(recognizer, settings)
        self._judged_at = -1  # the first sample of the last clip that was classified, and what it was
        self._judged: Candidate | None = None

    def feed(self, samples: Samples | Waveform) -> list[Detection]:
        """The detections that the next samples (int16, or float32 in [-1, 1); any number) bring."""
        return [window.detection for window in self.windows(samples) if window.detection]

    def finish(self) -> list[Detection]:
        """The detections of a word at the very end: a clip of silence follows, as from a microphone."""
        return self.feed(np.zeros(self._recognizer.clip_samples, np.float32))

    def windows(self, samples: Samples | Waveform) -> Iterator[Window]:
        """Every window that the next samples complete, with what was found in it."""
        for start, posteriors in self._posteriors.feed(samples):
            smoothed, is_active = self._trigger.smooth(posteriors)
            candidate = self._candidate(start) if is_active else None
            detection = self._trigger.judge(start, is_active, candidate)
            yield Window(start, posteriors, smoothed, is_active, candidate, detection)

    def _candidate(self, start: int) -> Candidate | None:
        """The word that stands alone in the window that begins at a sample, all of which are there."""
        blocks, samples = self._blocks, self._blocks.samples
        last = (start + blocks.span) // samples  # one past the last block within the window
        first = last - blocks.history
        levels = levels_db(self._history.between(first * samples, last * samples), samples)
        window = last - -(-start // samples)
        word = find_lone_word(levels, window, blocks.before, blocks.after, blocks.longest, self._settings.pause_db)
        if word is None:
            return None
        size = self._recognizer.clip_samples
        middle = (first + word[0] + first + word[1]) // 2 * samples
        begin = max(0, min(middle - size // 2, start))
        if begin != self._judged_at:  # a word stands alone in several windows, most often as the same clip
            self._judged_at = begin
            self._judged = self._judge(begin, self._history.between(begin, begin + size))
        return self._judged

    def _judge(self, begin: int, clip: Waveform) -> Candidate | None:
        labels = self._recognizer.labels
        found = Prediction.of(labels, self._recognizer.classify(clip))
        return Candidate(labels.index(found.label), found.probability, begin) if is_word(found.label) else None


@dataclass(frozen=True)
class Blocks:
    """The times of the rule, in blocks of 10 ms.

    Attributes
    ----------
    samples
        Of a block.
    before, after
        Length of the pauses.
    longest
        From the pause before the word to its peak, at most.
    history
        How many blocks must be kept to find them.
    span
        Samples from the start of a window to the end of its last log-mel frame.
    """

    samples: int
    before: int
    after: int
    longest: int
    history: int
    span: int

    @classmethod
    def of(cls, settings: StreamSettings, recognizer: Recognizer) -> "Blocks":
        """Rounded to blocks."""
        front_end = recognizer.description.front_end
        samples = PARTS_PER_BLOCK * round(recognizer.sample_rate_hz / (PARTS_PER_BLOCK * BLOCKS_PER_SECOND))
        before, after, longest = (
            round(ms * BLOCKS_PER_SECOND / 1000)
            for ms in (settings.pause_before_ms, settings.pause_after_ms, _LONGEST_MS)
        )
        window = -(-recognizer.clip_samples // samples)
        span = (front_end.n_frames - 1) * front_end.hop_samples + front_end.window_samples
        return cls(samples, before, after, longest, 2 * window + longest + before + BLOCKS_PER_LEVEL, span)


class Trigger:
    """Posteriors and candidates of one window after another in, detections out."""

    def __init__(self, recognizer: Recognizer, settings: StreamSettings) -> None:
        self._labels = recognizer.labels
        self._words = np.array([is_word(label) for label in recognizer.labels])
        self._rate_hz = recognizer.sample_rate_hz
        self._clip_samples = recognizer.clip_samples
        self._thresholds = thresholds_of(recognizer, settings.threshold)
        self._hold_off = settings.hold_off_ms * recognizer.sample_rate_hz / 1000
        self._last: deque[npt.NDArray[np.float32]] = deque(maxlen=settings.averaged_windows)
        self._detected_at: int | None = None
        self._is_armed = True

    def smooth(self, posteriors: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], bool]:
        """The smoothed posteriors of the next window, and whether it is active."""
        self._last.append(posteriors)
        smoothed = np.mean(self._last, axis=0)
        return smoothed, bool((smoothed[self._words] >= ACTIVE).any())

    def judge(self, start: int, is_active: bool, candidate: Candidate | None) -> Detection | None:
        """The detection in the window that begins at sample `start`, if there is one."""
        self._is_armed |= not is_active
        held_off = self._detected_at is not None and start - self._detected_at < self._hold_off
        if candidate is None or held_off or not self._is_armed:
            return None
        if not candidate.probability >= self._thresholds[candidate.index]:
            return None
        self._detected_at, self._is_armed = start, False
        end_s, start_s = (start + self._clip_samples) / self._rate_hz, candidate.start / self._rate_hz
        return Detection(self._labels[candidate.index], end_s, start_s, candidate.probability)


def thresholds_of(recognizer: Recognizer, default: float) -> npt.NDArray[np.float64]:
    """float64 [labels]: the model file's thresholds, `default` for words that it has none for, infinity for no words."""
    given = recognizer.description.thresholds
    return np.array([given.get(label, default) if is_word(label) else np.inf for label in recognizer.labels])
