"""The kinds of content that are tried."""

from collections.abc import Iterator
from types import ModuleType
from typing import Protocol, cast

import numpy as np

from . import model, pipe, sound


class Kind(Protocol):
    """What a module of this folder has."""

    def cases(self, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
        """(name, content) without end; all of it follows from `rng`."""
        ...

    def run(self, content: bytes) -> object:
        """Reads content. Raises `WordspotError` where it is refused."""
        ...


def _kind(module: ModuleType) -> Kind:
    return cast(Kind, module)


KINDS: dict[str, Kind] = {"sound": _kind(sound), "pipe": _kind(pipe), "model": _kind(model)}
SLOWER = {"model": 10}  # because half of the cases take a process of their own: so many times fewer are tried
