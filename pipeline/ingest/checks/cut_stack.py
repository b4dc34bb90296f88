"""What the checks look at: many cut recordings at once, as arrays: a NumPy call costs as much as a second of sound."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ....data.arrays import FULL_SCALE, Samples
from ...signal.loudness import sum_abs
from ...signal.spectrum import power_spectrum
from .cut_recording import CutRecording

_LOWEST_BIN = 4  # 125 Hz: hum of 50 and 60 Hz, two bins wide in this window, ends below; so do rumble and DC
_MOST_CUTS = 16  # then the arrays of a stack stay in the processor's cache


@dataclass(frozen=True)
class CutStack:
    """Cut recordings whose contents are equally long, so that they stack. Not empty.

    Attributes
    ----------
    cuts
        The recordings with their clips.
    """

    cuts: tuple[CutRecording, ...]

    @cached_property
    def content(self) -> Samples:
        """int16 [cuts, n]: `CutRecording.content` of each."""
        return np.stack([cut.content for cut in self.cuts])

    @cached_property
    def native_content(self) -> Samples:
        """int16 [cuts, m]: `CutRecording.native_content` of each."""
        if all(cut.sound.native is cut.sound.samples for cut in self.cuts):
            return self.content
        return np.stack([cut.native_content for cut in self.cuts])

    @property
    def native_rate_hz(self) -> float:
        """The sample rate of `native_content`."""
        return self.cuts[0].sound.native_rate_hz

    @cached_property
    def volume(self) -> NDArray[np.float64]:
        """float64 [cuts]: mean |x| of each clip, as a share of full scale; what it has beside its content is zeros."""
        return sum_abs(self.content) / (len(self.cuts[0].clip) * FULL_SCALE)

    @cached_property
    def power(self) -> NDArray[np.float32]:
        """float32 [cuts, frames, 257]: the power spectrum of `content`, see `power_spectrum`."""
        return power_spectrum(self.content)

    @cached_property
    def frame_power(self) -> NDArray[np.float32]:
        """float32 [cuts, frames]: power above 125 Hz of each frame, in the units of `power`."""
        return self.power[..., _LOWEST_BIN:].sum(axis=-1)

    @cached_property
    def ranked_frame_power(self) -> NDArray[np.float32]:
        """`frame_power` of each clip, ascending."""
        return np.sort(self.frame_power, axis=-1)


def stacks(cuts: Iterable[CutRecording]) -> Iterator[CutStack]:
    """Puts those into one stack whose contents are equally long, at 16 kHz and at their own rate, sixteen at most."""
    alike: dict[tuple[int, int, int, float], list[CutRecording]] = {}
    for cut in cuts:
        lengths = len(cut.clip), len(cut.content), len(cut.native_content)
        alike.setdefault((*lengths, cut.sound.native_rate_hz), []).append(cut)
    for group in alike.values():
        for begin in range(0, len(group), _MOST_CUTS):
            yield CutStack(tuple(group[begin : begin + _MOST_CUTS]))
