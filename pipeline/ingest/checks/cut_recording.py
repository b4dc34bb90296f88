"""One decoded recording and the clip that was cut from it."""

from dataclasses import dataclass
from functools import cached_property

from ....data.arrays import Samples
from ....data.audio import Sound
from ....data.decisions import content_hash
from ...signal.spectrum import without_outer_zeros


@dataclass(frozen=True, eq=False)
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
    def recording_hash(self) -> str:
        """Of the whole recording, see `decisions.content_hash`."""
        return content_hash(self.sound.native)

    @cached_property
    def content_hash(self) -> str:
        """The same of `content`; of most recordings that is all there is, and hashing takes as long as anything else."""
        is_all = self.sound.native is self.sound.samples and len(self.content) == len(self.sound.samples)
        return self.recording_hash if is_all else content_hash(self.content)

    @cached_property
    def clip_hash(self) -> str:
        """The same of `clip`."""
        return self.content_hash if len(self.content) == len(self.clip) else content_hash(self.clip)
