"""What may come through a pipe: the sound files of `sound`, raw samples, and their starts before anything else."""

import io
from collections.abc import Iterator
from typing import BinaryIO, cast

import numpy as np

from ..listening.sources import pipe_blocks
from .mutation import mutated
from .sound import originals

_RATE_HZ = 16_000


def cases(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """(name, content) without end."""
    names = list(originals())
    while True:
        content = originals()[names[rng.integers(len(names))]]
        yield "raw", rng.normal(0, 3_000, int(rng.integers(20_000))).astype("<i2").tobytes()
        yield "a start and noise", content[: rng.integers(100)] + rng.bytes(int(rng.integers(60_000)))
        yield "changed", mutated(content, rng)


def run(content: bytes) -> None:
    """Reads it to the end; what comes must be samples."""
    pipe = cast(BinaryIO, io.BufferedReader(io.BytesIO(content)))  # type: ignore[type-var]
    samples = 0
    for block in pipe_blocks(pipe, _RATE_HZ, lambda note: None):
        assert block.dtype == np.int16
        assert block.ndim == 1
        samples += len(block)
    assert samples <= 4_096 * 16 * max(1, len(content))
