"""What the checks look at: one decoded recording and the clip that was cut from it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....data.arrays import Samples
from ....data.audio import Sound
from ...signal.loudness import mean_abs
from ...signal.spectrum import power_spectrum, without_outer_zeros

_LOWEST_BIN = 4  # 125 Hz: hum of 50 and 60 Hz, two bins wide in this window, ends below; so do rumble and DC


@dataclass(frozen=True)
class CutRecording:
    """A recording and its clip.

    Attributes
    ----------
    name
        The recording's file name.
    sound
        The recording, decoded.
    clip
        int16 [window_samples].
    start
        Where the clip begins in the recording, in samples; negative when zeros were put before it.
    """

    name: str
    sound: Sound
    clip: Samples
    start: int

    @cached_property
    def span(self) -> tuple[int, int]:
        """First and one past the last sample of the recording that lie in the clip and are not padding of exact zeros."""
        begin, end = max(0, self.start), min(len(self.sound.samples), self.start + len(self.clip))
        first, last = without_outer_zeros(self.sound.samples[begin:end])
        return begin + first, begin + last

    @cached_property
    def content(self) -> Samples:
        """int16 [n]: the samples of `span`."""
        return self.sound.samples[slice(*self.span)]

    @cached_property
    def native_content(self) -> Samples:
        """int16 [n]: what became `content`, at the recording's own rate."""
        if self.sound.native is self.sound.samples:
            return self.content
        ratio = len(self.sound.native) / len(self.sound.samples)
        return self.sound.native[slice(*(round(edge * ratio) for edge in self.span))]

    @cached_property
    def volume(self) -> float:
        """Mean |x| of the clip, as a share of full scale."""
        return mean_abs(self.clip)

    @cached_property
    def power(self) -> np.ndarray:
        """float32 [frames, 257]: the power spectrum of `content`, see `power_spectrum`."""
        return power_spectrum(self.content)

    @cached_property
    def frame_power(self) -> np.ndarray:
        """float32 [frames]: power above 125 Hz of each frame, in the units of `power`."""
        return self.power[:, _LOWEST_BIN:].sum(axis=1)

    @cached_property
    def ranked_frame_power(self) -> np.ndarray:
        """`frame_power`, ascending."""
        return np.sort(self.frame_power)
