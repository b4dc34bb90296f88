"""Many channels to one, any rate to another, and floats to 16 bits; wiring and scales that are wrong are set right.

Two channels of opposite phase (a balanced cable, or one microphone with its poles changed) cancel each other, a channel
without a microphone halves the rest, and some programs write floats or 32-bit integers on the scale of 16-bit samples.
Measured over a whole recording, or over the last seconds of a stream, such sound differs from every other by far.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from ..arrays import Samples, to_samples
from ..errors import RecordingError
from .sound import Note

_LOUDEST = 1e30  # of float samples: mixing, resampling and rounding of larger ones would overflow
_CANCELLED = 0.02  # power of the mix beside that of the strongest channel, times channels; unrelated channels: 1
_SILENT = 1e-6  # power of a channel beside that of the strongest
_KEPT = 0.25  # power of the channel taken so far beside the strongest, above which a stream stays with it
_FAINTEST = 1e-9  # power below which nothing is said of a channel: -90 dBFS
_BEYOND = 16.0  # +24 dBFS: no recording in floats is so loud
_BEYOND_SHARE = 0.1  # of the samples that are not zero must lie beyond full scale; of a damaged file a few do
_MEMORY_S = 2.0  # of a stream: what came before counts less and less
_SCALES = ((1.25 * 2**15, 2**15, "16-bit"), (1.25 * 2**23, 2**23, "24-bit"), (1.25 * 2**31, 2**31, "32-bit"))


@dataclass(frozen=True)
class Treatment:
    """How blocks become mono: which channels are averaged (None: all), by what they are multiplied then, and why."""

    channels: tuple[int, ...] | None = None
    gain: float = 1.0
    notes: tuple[Note, ...] = ()

    def mono(self, block: np.ndarray) -> np.ndarray:
        """float32 [n, channels] to float32 [n]."""
        if block.shape[1] == 1:
            mixed = block[:, 0]
        elif self.channels is None:
            mixed = block.mean(axis=1, dtype=np.float32)
        elif len(self.channels) == 1:
            mixed = block[:, self.channels[0]]
        else:
            mixed = block[:, list(self.channels)].mean(axis=1, dtype=np.float32)
        return mixed if self.gain == 1 else mixed * np.float32(self.gain)


PLAIN = Treatment()


def check_finite(block: np.ndarray) -> float:
    """The largest |x| of a block. Raises `RecordingError` for samples that are no numbers or beyond any scale."""
    largest = float(np.abs(block).max()) if block.size else 0.0
    if not largest <= _LOUDEST:  # false for NaN too
        raise RecordingError("NaN, infinite or absurdly large samples")
    return largest


@dataclass
class Levels:
    """What blocks of float32 [n, channels] amount to, summed up block by block.

    Parameters
    ----------
    encoding
        As of `Source`.
    """

    encoding: str
    frames: float = 0.0
    peak: float = 0.0
    _sums: np.ndarray = field(default_factory=lambda: np.zeros(0))
    _squares: np.ndarray = field(default_factory=lambda: np.zeros(0))
    _beyond: int = 0
    _not_zero: int = 0
    _uses_low_byte: bool = False

    def add(self, block: np.ndarray, memory: float = 1.0) -> None:
        """Adds a block; what was added before is weighed by `memory`."""
        self.peak = max(self.peak, check_finite(block))
        self.frames = self.frames * memory + len(block)
        if block.shape[1] > 1:
            self._add_powers(block, memory)
        if self.encoding in ("FLOAT", "DOUBLE"):
            self._beyond += int(np.count_nonzero(np.abs(block) > 1))
            self._not_zero += int(np.count_nonzero(block))
        elif self.encoding == "PCM_32" and not self._uses_low_byte:
            values = block * np.float32(2**23)
            self._uses_low_byte = bool((values != np.rint(values)).any())

    def _add_powers(self, block: np.ndarray, memory: float) -> None:
        with_mix = np.column_stack([block, block.mean(axis=1, dtype=np.float32)]).astype(np.float64)
        if len(self._sums) != with_mix.shape[1]:
            self._sums = self._squares = np.zeros(with_mix.shape[1])
        self._sums = self._sums * memory + with_mix.sum(axis=0)
        self._squares = self._squares * memory + np.square(with_mix).sum(axis=0)

    def treatment(self, before: Treatment = PLAIN) -> Treatment:
        """What sets right what was seen so far; of channels that are about equal it keeps to the one taken before."""
        gain, scale_notes = self._scale()
        channels, channel_notes = self._channels(gain, before.channels or ())
        return Treatment(channels, gain, (*scale_notes, *channel_notes))

    def _scale(self) -> tuple[float, list[Note]]:
        if self.encoding in ("FLOAT", "DOUBLE"):
            if self.peak > _BEYOND and self._beyond > _BEYOND_SHARE * self._not_zero:
                for largest, full_scale, name in _SCALES:
                    if self.peak <= largest:
                        return 1 / full_scale, [
                            _odd_scale(f"floating-point samples on the {name} scale: divided by {full_scale}")
                        ]
        elif self.encoding == "PCM_32" and self._uses_low_byte:
            bits = 16 if self.peak <= 2**-16 else 24 if self.peak <= 2**-8 else 32
            if bits < 32:
                gain = 2.0 ** (32 - bits)
                return gain, [_odd_scale(f"{bits}-bit samples in the lower part of 32 bits: multiplied by {gain:g}")]
        return 1.0, []

    def _channels(self, gain: float, before: tuple[int, ...]) -> tuple[tuple[int, ...] | None, list[Note]]:
        if len(self._sums) == 0 or self.frames == 0:
            return None, []
        powers = np.maximum(self._squares / self.frames - np.square(self._sums / self.frames), 0)
        *each, mix = (float(power) for power in powers)
        strongest = next(place for place, power in enumerate(each) if power >= 0.999 * max(each))
        if len(before) == 1 and each[before[0]] > _KEPT * each[strongest]:
            strongest = before[0]
        if each[strongest] * gain * gain < _FAINTEST:
            return None, []
        if mix < _CANCELLED / len(each) * each[strongest]:
            return (strongest,), [_opposite_phase(mix, each[strongest], strongest)]
        silent = [place for place, power in enumerate(each) if power < _SILENT * each[strongest]]
        if not silent:
            return None, []
        kept = tuple(place for place in range(len(each)) if place not in silent)
        return kept, [_silent_channel([place + 1 for place in silent], len(each))]


def _odd_scale(detail: str) -> Note:
    return Note("odd_scale", detail)


def _opposite_phase(mix: float, strongest: float, place: int) -> Note:
    weaker = f"{10 * math.log10(strongest / mix):.0f} dB weaker than" if mix > 0 else "silent beside"
    return Note(
        "opposite_phase",
        f"the channels cancel each other (their mix is {weaker} one of them): took channel {place + 1}",
    )


def _silent_channel(silent: list[int], channels: int) -> Note:
    numbers = ", ".join(map(str, silent))
    return Note(
        "silent_channel", f"nothing on {len(silent)} of {channels} channels (number {numbers}): took the others"
    )


class Mixer:
    """Blocks float32 [n, channels] at one rate in, blocks int16 [n] at another out: averaged, resampled and rounded.

    Parameters
    ----------
    rate_hz, sample_rate_hz
        Of what comes and of what goes.
    treatment
        How channels become one, where it is known already; else what came in the last seconds decides.
    note
        Called with every `Note` about a stream, once for each name.
    """

    def __init__(
        self,
        rate_hz: float,
        sample_rate_hz: float,
        treatment: Treatment | None = None,
        note: Callable[[Note], None] | None = None,
    ) -> None:
        self._resample = resampler(rate_hz, sample_rate_hz)
        self._treatment = treatment or PLAIN
        self._levels = Levels("FLOAT") if treatment is None else None
        self._memory_frames = _MEMORY_S * rate_hz
        self._note = note
        self._noted: set[str] = set()

    def __call__(self, block: np.ndarray) -> Samples:
        """The samples that this block completes."""
        if self._levels is None:
            check_finite(block)
        elif len(block):
            self._levels.add(block, math.exp(-len(block) / self._memory_frames))
            self._judge(self._levels.treatment(self._treatment))
        return to_samples(self._resample(self._treatment.mono(block), False))

    def _judge(self, treatment: Treatment) -> None:
        self._treatment = treatment
        for note in treatment.notes:
            if self._note and note.name not in self._noted:
                self._note(note)
            self._noted.add(note.name)

    def rest(self) -> Samples:
        """The last samples, which the resampler has kept back."""
        return to_samples(self._resample(np.zeros(0, np.float32), True))


def judge(blocks: Iterable[np.ndarray], encoding: str) -> Treatment:
    """The treatment that these blocks need."""
    levels = Levels(encoding)
    for block in blocks:
        levels.add(block)
    return levels.treatment()


def resampler(rate_hz: float, sample_rate_hz: float) -> Callable[[np.ndarray, bool], np.ndarray]:
    """A function of float32 [n] and whether it is the last block, which keeps back what later samples decide."""
    if rate_hz == sample_rate_hz:
        return lambda mono, last: mono
    import soxr  # here, because most recordings need no resampling and devices should start fast

    return soxr.ResampleStream(rate_hz, sample_rate_hz, 1, dtype="float32").resample_chunk
