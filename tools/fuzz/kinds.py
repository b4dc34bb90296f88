"""The kinds of content that are tried."""

from collections.abc import Iterator
from types import ModuleType
from typing import Protocol, cast

import numpy as np

from . import journal, model, pipe, sound, table
from . import name as name_module


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


KINDS: dict[str, Kind] = {
    name: _kind(module)
    for name, module in (
        ("sound", sound),
        ("pipe", pipe),
        ("model", model),
        ("table", table),
        ("journal", journal),
        ("name", name_module),
    )
}
SLOWER = {"model": 10, "journal": 10}  # cases that take long: so many times fewer are tried
