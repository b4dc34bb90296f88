"""A clip within its recording, for the page of `wordspot review`: where its edges are, and what sounds around them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...data.arrays import Samples
from ...data.audio import SAMPLE_RATE_HZ, read_sound
from ...data.errors import WordspotError
from ...pipeline.curation.queue import MEASURED
from ...pipeline.curation.review import Review
from ...pipeline.curation.whole_recording import WholeRecordings, decided_second, part

_LONGEST_PART_S = 30
_START = MEASURED.index("window_start_s")


@dataclass(frozen=True)
class Edges:
    """What the page asks of the recordings behind a review's clips."""

    review: Review

    @cached_property
    def _recordings(self) -> WholeRecordings:
        return WholeRecordings(self.review.folder)

    def sound(self, place: int) -> Samples:
        """int16 [n]: a clip as it is to be; the decided second if it is not cut yet, and its recording is there."""
        clip, window_s = self.review.clips[place], self.review.state(place).window_s
        samples = self._cut(place)
        if window_s is None or self._start(place) == round(window_s[0] * SAMPLE_RATE_HZ):
            return samples
        try:
            return decided_second(self._recordings.samples(clip.clip), window_s, len(samples))
        except WordspotError:  # the page says why when the edges are asked for
            return samples

    def recording(self, query: dict[str, str]) -> dict[str, Any]:
        """Where a clip begins in its recording, in samples: as it was cut, and as it was decided; or why that is not known."""
        place = self._place(query)
        try:
            samples = self._recordings.samples(self.review.clips[place].clip)
        except WordspotError as error:
            return {"why": str(error)}
        if (cut := self._start(place)) is None:
            return {"why": "the clip table does not say where in its recording this clip begins: clean again"}
        window_s, length = self.review.state(place).window_s, len(self._cut(place))
        start = round(sum(window_s) / 2 * SAMPLE_RATE_HZ - length / 2) if window_s else cut
        return {"why": "", "samples": len(samples), "length": length, "cut": cut, "start": start}

    def around(self, query: dict[str, str]) -> bytes:
        """A part of a clip's recording: int16, little-endian, mono, 16 kHz, zeros before its start and behind its end."""
        begin, end = int(query["begin"]), int(query["end"])
        if not 0 < end - begin <= _LONGEST_PART_S * SAMPLE_RATE_HZ:
            raise WordspotError(f"at most {_LONGEST_PART_S} s of a recording are given at once")
        samples = self._recordings.samples(self.review.clips[self._place(query)].clip)
        return part(samples, begin, end).astype("<i2").tobytes()

    def _cut(self, place: int) -> Samples:
        return read_sound(self.review.folder / self.review.clips[place].clip.file_name).samples

    def _start(self, place: int) -> int | None:
        """The sample of its recording at which a clip begins; None where the table does not say it."""
        start_s = self.review.clips[place].measured[_START]
        return None if start_s is None else round(start_s * SAMPLE_RATE_HZ)

    def _place(self, query: dict[str, str]) -> int:
        """The place of the clip that is meant, which a probe stands for."""
        place = int(query["places"])
        if not 0 <= place < len(self.review.clips) + len(self.review.probes):
            raise WordspotError(f"there are {len(self.review.clips)} clips: load the page again")
        probe = self.review.probe(place)
        return probe.place if probe else place
