"""Words in endless sound: NumPy and LiteRT only.

The rule, so exactly that another language can follow it. The network runs only on what stands alone, so seldom.

Levels. From its first sample on the stream is divided into blocks of 10 ms (4 * round(rate / 400) samples). The power of
a block is the mean, over its four quarters, of the mean square of the deviations of their samples, in [-1, 1), from the
quarter's mean; its level is 10 log10 of the mean power of this block and the seven before it, at least -120; before the
stream there is silence.

Windows. The stream's samples are counted from 0. Window k (k = 0, 1, ...) covers the samples [k * hop, k * hop +
clip_samples), where hop = round(hop_ms * rate / 1000), and is looked at as soon as they are there, so in order of k,
whatever the size of the blocks that the samples come in.

The lone word. Of a window count the blocks that lie wholly within it. Its peak is the largest of their levels, the first
one on ties. Going back from the peak, the pause before the word is the first stretch of pause_before_ms whose levels all
lie more than pause_db below the peak's; it must end at most 900 ms before the peak. Going forward within the window, the
pause after the word is the first such stretch of pause_after_ms. (All three times are rounded to blocks.) Where both
pauses are there, the word is what lies between them. Its clip is the one whose middle is the middle of the word (in
blocks, rounded down), but never begins before the stream. A word whose clip is not all there yet is left to a later
window, and one whose clip begins where that of the last one did is the same word once more, and nothing new. Otherwise
the clip is given to `classify`, and the word's label is the one with the largest of these posteriors.

The detection. A lone word is a detection where its label is a word (does not begin with `_`), where its posterior is at
least its threshold, the model file's `thresholds[label]`, or `threshold` where the file has none, and where since the
window of the last detection at least hold_off_ms * rate / 1000 samples have passed (from start to start). Its time is the
end of its window, (k * hop + clip_samples) / rate seconds. At the end of a file or pipe one clip of zeros follows, as a
microphone would have gone on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...data.arrays import Samples, Waveform
from ...data.labels import is_word
from ...data.settings import Settings, setting
from ..signal.waveforms import as_waveform
from .history import History
from .isolation import BLOCKS_PER_SECOND, PARTS_PER_BLOCK, QUIETEST_DB, Levels, find_lone_word
from .recognizer import Prediction, Recognizer

_LONGEST_MS = 900.0  # from the pause before a word to its peak


@dataclass(frozen=True)
class StreamSettings(Settings):
    """How a stream is judged; the rule stands at the top of this file.

    Examples
    --------
    >>> StreamSettings(threshold=0.9).pause_after_ms
    400.0
    """

    hop_ms: float = setting(100.0, "Milliseconds from window to window.", minimum=2, maximum=1_000)
    threshold: float = setting(
        0.5,
        "Least probability of a detection, for labels that the model file has no threshold for.",
        minimum=0,
        maximum=1,
    )
    hold_off_ms: float = setting(1_400.0, "Milliseconds after a detection without another.", minimum=0, maximum=60_000)
    pause_before_ms: float = setting(
        1_000.0,
        "Milliseconds of quiet before a word; fewer where commands come amid speech.",
        minimum=50,
        maximum=5_000,
    )
    pause_after_ms: float = setting(
        400.0, "Milliseconds of quiet after a word; they delay its detection.", minimum=50, maximum=900
    )
    pause_db: float = setting(8.0, "How far below the word's level quiet is.", minimum=0, maximum=60)


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
class LoneWord:
    """What stood alone in a stream, and what was recognized in it.

    Attributes
    ----------
    window
        First sample of the window in which it was found, counted from the start of the stream.
    start
        First sample of the clip that has it in its middle.
    prediction
        What this clip was recognized as; perhaps no word.
    detection
        The word, where this is a detection.
    """

    window: int
    start: int
    prediction: Prediction
    detection: Detection | None


class Detector:
    """Finds words in a stream; feed it blocks of samples of any size.

    Parameters
    ----------
    recognizer
        A loaded model file.
    settings
        How to judge; the thresholds of the model file come before `settings.threshold`.

    Examples
    --------
    >>> detector = Detector(Recognizer.load("small"))
    >>> for block in np.zeros((30, 1_600), np.int16):  # or float32 in [-1, 1)
    ...     for detection in detector.feed(block):
    ...         print(detection)
    """

    def __init__(self, recognizer: Recognizer, settings: StreamSettings = StreamSettings()) -> None:
        self._recognizer, self._settings = recognizer, settings
        self._blocks = blocks = Blocks.of(settings, recognizer)
        self._levels = Levels(blocks.samples)
        self._level_history = History(blocks.history, np.float64(QUIETEST_DB))
        self._history = History(blocks.history * blocks.samples, np.float32(0))
        self._hop = round(settings.hop_ms * recognizer.sample_rate_hz / 1000)
        self._start = 0  # of the next window
        self._last: int | None = None  # where the clip of the last lone word begins
        self._thresholds = Thresholds(recognizer, settings)

    def feed(self, samples: Samples | Waveform) -> list[Detection]:
        """The detections that the next samples (int16, or float32 in [-1, 1); any number) bring."""
        return [word.detection for word in self.lone_words(samples) if word.detection]

    def finish(self) -> list[Detection]:
        """The detections of a word at the very end: a clip of silence follows, as from a microphone."""
        return self.feed(np.zeros(self._recognizer.clip_samples, np.float32))

    def lone_words(self, samples: Samples | Waveform) -> Iterator[LoneWord]:
        """Everything that stands alone in the windows that the next samples complete, words or not."""
        waveform = as_waveform(samples)
        while len(waveform):
            missing = self._start + self._recognizer.clip_samples - self._history.end
            self._take(waveform[:missing])
            waveform = waveform[missing:]
            if self._history.end == self._start + self._recognizer.clip_samples:
                word = self._find()
                self._start += self._hop
                if word:
                    yield word

    def _take(self, waveform: Waveform) -> None:
        self._history.add(waveform)
        self._level_history.add(self._levels.feed(waveform))

    def _find(self) -> LoneWord | None:
        """The lone word of the window whose last sample has just come, if it has one that is new."""
        blocks, size = self._blocks, self._recognizer.clip_samples
        last = self._level_history.end
        first = last - blocks.history
        window = last - -(-self._start // blocks.samples)
        found = find_lone_word(
            self._level_history.between(first, last),
            *(window, blocks.before, blocks.after, blocks.longest, self._settings.pause_db),
        )
        if found is None:
            return None
        start = max(0, (2 * first + found[0] + found[1]) // 2 * blocks.samples - size // 2)
        if start + size > self._history.end or start == self._last:
            return None
        self._last = start
        clip = self._history.between(start, start + size)
        prediction = Prediction.of(self._recognizer.labels, self._recognizer.classify(clip))
        return LoneWord(self._start, start, prediction, self._thresholds.judge(self._start, start, prediction))


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
        How many blocks must be kept to find them, and to cut the clip.
    """

    samples: int
    before: int
    after: int
    longest: int
    history: int

    @classmethod
    def of(cls, settings: StreamSettings, recognizer: Recognizer) -> "Blocks":
        """Rounded to blocks."""
        samples = PARTS_PER_BLOCK * round(recognizer.sample_rate_hz / (PARTS_PER_BLOCK * BLOCKS_PER_SECOND))
        before, after, longest = (
            round(ms * BLOCKS_PER_SECOND / 1000)
            for ms in (settings.pause_before_ms, settings.pause_after_ms, _LONGEST_MS)
        )
        clip = -(-recognizer.clip_samples // samples)
        return cls(samples, before, after, longest, 2 * clip + longest + before)


class Thresholds:
    """Which lone words are detections."""

    def __init__(self, recognizer: Recognizer, settings: StreamSettings) -> None:
        self._values = dict(zip(recognizer.labels, thresholds_of(recognizer, settings.threshold), strict=True))
        self._rate_hz, self._clip_samples = recognizer.sample_rate_hz, recognizer.clip_samples
        self._hold_off = settings.hold_off_ms * recognizer.sample_rate_hz / 1000
        self._detected_at: int | None = None

    def judge(self, window: int, start: int, prediction: Prediction) -> Detection | None:
        """The detection of the lone word of a window, if it is one; both are first samples, see `LoneWord`."""
        held_off = self._detected_at is not None and window - self._detected_at < self._hold_off
        if held_off or not prediction.probability >= self._values[prediction.label]:
            return None
        self._detected_at = window
        time_s, start_s = (window + self._clip_samples) / self._rate_hz, start / self._rate_hz
        return Detection(prediction.label, time_s, start_s, prediction.probability)


def thresholds_of(recognizer: Recognizer, default: float) -> npt.NDArray[np.float64]:
    """float64 [labels]: the model file's thresholds, `default` for words that it has none for, infinity for no words."""
    given = recognizer.description.thresholds
    return np.array([given.get(label, default) if is_word(label) else np.inf for label in recognizer.labels])
