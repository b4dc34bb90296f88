"""Long streams of clips at known times over background noise, to judge a detector on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...data.arrays import to_samples
from ...data.recordings.annotations import Annotation
from ...data.settings import Settings, setting
from ..signal.word_span import word_span

_FADE_S = 0.05
_CUT_S = (4.0, 12.0)  # of noise, from one recording at one level
_NOISE_DBFS = (-55.0, -35.0)


@dataclass(frozen=True)
class MixSettings(Settings):
    """What the streams are made of."""

    hours: float = setting(4.0, "Hours of sound for each signal-to-noise ratio.", minimum=0.01, maximum=1_000)
    stream_minutes: float = setting(20.0, "Minutes of one stream.", minimum=0.5, maximum=60)
    words_per_hour: float = setting(300.0, "Words of the model, for each hour.", minimum=0, maximum=1_500)
    others_per_hour: float = setting(300.0, "Other words, for each hour.", minimum=0, maximum=1_500)
    speech_hours: float = setting(
        3.0, "Hours of running speech without any of the words, at most.", minimum=0, maximum=1_000
    )
    seed: int = setting(0, "Seed of everything that is drawn.", minimum=0)

    @property
    def streams_per_ratio(self) -> int:
        """How many streams are made for each signal-to-noise ratio."""
        return max(1, round(self.hours * 60 / self.stream_minutes))


@dataclass(frozen=True)
class Stream:
    """A long recording with known words.

    Attributes
    ----------
    name
        Of its files, without ending.
    snr_db
        Of its words.
    samples
        int16 [n].
    spoken
        Its words, in order.
    """

    name: str
    snr_db: float
    samples: np.ndarray
    spoken: list[Annotation]


class Deck:
    """Clips in random order, each of them once before one comes again."""

    def __init__(self, clips: Sequence[tuple[str, np.ndarray]], rng: np.random.Generator) -> None:
        self._clips = clips
        self._rng = rng
        self._left: list[int] = []

    def deal(self) -> tuple[str, np.ndarray]:
        """A label, and a clip of it: int16 [n]."""
        if not self._left:
            self._left = self._rng.permutation(len(self._clips)).tolist()
        return self._clips[self._left.pop()]


def mix_streams(
    words: Sequence[tuple[str, np.ndarray]],
    others: Sequence[tuple[str, np.ndarray]],
    noises: Sequence[np.ndarray],
    snrs_db: Sequence[float],
    settings: MixSettings,
    sample_rate_hz: int,
) -> Iterator[Stream]:
    """Makes the streams, one after the other; the same arguments give the same streams.

    The noise is laid out of cuts of 4 to 12 s, each from one recording, at one level from -55 to -35 dBFS. A clip is scaled
    so that the power of its word, over the stretch that is within 25 dB of its loudest frame, stands `snr_db` above that
    of the cut it begins in. Clips come at random distances, never nearer than one second from end to start.

    Parameters
    ----------
    words, others
        Label and int16 [n] each: clips of the model's words and of any other; `others` may be empty.
    noises
        int16 [n] each.
    snrs_db
        The streams are made for each of them.
    settings
        How long, how many words, and the seed.
    sample_rate_hz
        Of clips, noise and streams.
    """
    count = settings.streams_per_ratio
    size = round(settings.hours * 3_600 / count * sample_rate_hz)
    for snr_db in snrs_db:
        rng = np.random.default_rng([settings.seed, round(1_000 * (snr_db + 1_000))])
        kinds = ((words, settings.words_per_hour), (others, settings.others_per_hour))
        decks = [(Deck(clips, rng), rate) for clips, rate in kinds if clips and rate]
        for i in range(count):
            samples, level = _background(noises, size, sample_rate_hz, rng)
            spoken = _add_words(samples, level, decks, snr_db, sample_rate_hz, rng)
            yield Stream(f"snr-{snr_db:g}-db-{i + 1:02}", snr_db, to_samples(samples), spoken)


def _background(
    noises: Sequence[np.ndarray], size: int, sample_rate_hz: int, rng: np.random.Generator
) -> tuple[np.ndarray, Callable[[int], float]]:
    """float32 [size] in [-1, 1), and a function from a sample to the RMS of the cut of noise that it lies in."""
    samples, fade = np.zeros(size, np.float32), round(_FADE_S * sample_rate_hz)
    starts, levels, start = [], [], 0
    while start < size:
        noise = noises[int(rng.integers(len(noises)))]
        length = min(round(rng.uniform(*_CUT_S) * sample_rate_hz), len(noise))
        begin = int(rng.integers(len(noise) - length + 1))
        rms = 10 ** (rng.uniform(*_NOISE_DBFS) / 20)
        cut = noise[begin : begin + length].astype(np.float32)
        cut *= np.float32(rms / max(1.0, float(np.sqrt(np.mean(cut**2)))))
        piece = _faded(cut, fade)[: size - start]
        samples[start : start + len(piece)] += piece
        starts.append(start)
        levels.append(rms)
        start += max(1, length - fade)  # the next one fades in while this one fades out
    return samples, lambda sample: levels[int(np.searchsorted(starts, sample, "right")) - 1]


def _faded(samples: np.ndarray, fade: int) -> np.ndarray:
    """The samples with linear ramps at both ends."""
    fade = min(fade, len(samples) // 2)
    ramp = (np.arange(fade, dtype=np.float32) + 0.5) / max(1, fade)
    faded = samples.astype(np.float32)
    faded[:fade] *= ramp
    faded[len(faded) - fade :] *= ramp[::-1]
    return faded


def _add_words(
    samples: np.ndarray,
    level: Callable[[int], float],
    decks: Sequence[tuple[Deck, float]],
    snr_db: float,
    sample_rate_hz: int,
    rng: np.random.Generator,
) -> list[Annotation]:
    """Adds clips in place, and says which word is where."""
    spoken: list[Annotation] = []
    rate = sum(rate for _, rate in decks)
    start = round(rng.uniform(1, 2) * sample_rate_hz)
    while rate:
        deck = decks[int(rng.choice(len(decks), p=[share / rate for _, share in decks]))][0]
        label, clip = deck.deal()
        if start + len(clip) > len(samples):
            break
        first, last = word_span(clip, sample_rate_hz)
        rms = max(1.0, float(np.sqrt(np.mean(clip[first:last].astype(np.float64) ** 2))))
        gain = level(start) * 10 ** (snr_db / 20) / rms
        samples[start : start + len(clip)] += _faded(clip, round(_FADE_S * sample_rate_hz / 5)) * np.float32(gain)
        spoken.append(Annotation((start + first) / sample_rate_hz, (start + last) / sample_rate_hz, label))
        pause_s = 1 + rng.exponential(max(0.01, 3_600 / rate - 1 - len(clip) / sample_rate_hz))
        start += len(clip) + round(pause_s * sample_rate_hz)
    return spoken
