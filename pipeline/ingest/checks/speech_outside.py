"""Speech outside: more is said in the recording than the clip holds.

What: a phrase longer than the window, or several words in one recording, of which the clip has only one second.
Why: the clip then holds a part of the phrase, or one word of many, and the rest is gone without a word.
Formula: R = how far each moment (10 ms) rises above the noise, see `rise_above_noise`, with the level that three tenths of
the moments stay below as the noise; `outside_s` = seconds outside of the clip in which R is above a quarter of what it
reaches for a tenth of a second, and above 12 nepers in all of its 16 bands together.
Limits: 0.1 s. Measured on 120 recordings each, made of real words in real background noise: with one word in three
seconds at most 5% are found, at 30 to 5 dB; with two words a second apart about nine in ten at 20 dB and above and two
thirds at 10 dB; with three or more words, all. Of two seconds cut out of running speech more than half are found: what never
pauses is taken for its own noise.
"""

import numpy as np

from ....data.audio import SAMPLE_RATE_HZ
from ...signal.spectrum import FRAME_SAMPLES, without_outer_zeros
from ...signal.window import HOP, rise_above_noise
from .check import Check
from .cut_recording import CutRecording
from .cut_stack import CutStack

_NOISE_QUANTILE = 0.3
_PEAK_MOMENTS = 10
_SHARE_OF_PEAK = 0.25
_LEAST_RISE = 12.0


def measure(stack: CutStack) -> list[float]:
    """Seconds of speech that each clip does not hold."""
    return [_outside_s(cut) for cut in stack.cuts]


def _outside_s(cut: CutRecording) -> float:
    samples, size = cut.sound.samples, len(cut.clip)
    if len(samples) <= size:
        return 0.0
    first, last = without_outer_zeros(samples)
    if last - first < FRAME_SAMPLES or (cut.start <= first and last <= cut.start + size):
        return 0.0
    rise = rise_above_noise(samples[first:last], _NOISE_QUANTILE)
    middles = first + np.arange(len(rise)) * HOP + FRAME_SAMPLES // 2
    peak = np.sort(rise)[-_PEAK_MOMENTS:][0]
    speech = rise > max(_SHARE_OF_PEAK * peak, _LEAST_RISE)
    return float(np.sum(speech & ((middles < cut.start) | (middles >= cut.start + size)))) * HOP / SAMPLE_RATE_HZ


CHECK = Check(
    name="speech_outside",
    title="speech outside the clip",
    column="outside_s",
    limit=0.1,
    advice="More is said than the clip holds: cut the recording into words, or give a window that holds the phrase.",
    measure=measure,
    digits=2,
)
