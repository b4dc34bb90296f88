"""Making clips on a cluster, where a worker that was given up may still be at work: each in a folder of its own."""

import dataclasses
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .clip_maker import ClipMaker
from .outcome import Outcome
from .plan import PlannedClip


@dataclass(frozen=True)
class ApartFromOthers:
    """Makes clips as `ClipMaker.process_all`, each worker in a folder of its own until the clip is whole.

    A worker that was given up may still be alive and write the same clip as the one that took its place.

    Attributes
    ----------
    maker
        What makes them; it has a scratch folder, unless nothing is to be written.
    """

    maker: ClipMaker

    def __call__(self, planned: Sequence[PlannedClip]) -> list[Outcome]:
        """Makes the clips of many recordings, see `ClipMaker.process_all`."""
        own = _own_maker(self.maker)
        outcomes = own.process_all(planned)
        for clip, outcome in zip(planned, outcomes, strict=True):
            if outcome.clip_digest:
                os.replace(own.unfinished(clip), self.maker.unfinished(clip))
        return outcomes


@lru_cache(maxsize=1)
def _own_maker(maker: ClipMaker) -> ClipMaker:
    if maker.scratch is None:
        return maker
    own = maker.scratch / f"{socket.gethostname()}-{os.getpid()}"
    own.mkdir(exist_ok=True)
    return dataclasses.replace(maker, scratch=own)
