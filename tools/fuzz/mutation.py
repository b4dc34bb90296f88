"""Content made from whole content: bytes changed, numbers replaced by absurd ones, parts cut off, doubled or exchanged."""

from collections.abc import Callable

import numpy as np

_ABSURD = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 2**63 - 1, 2**64 - 1)
_HEADER_BYTES = 200  # where most of what describes the rest lies


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """The content after one to four changes."""
    for _ in range(rng.integers(1, 5)):
        content = _CHANGES[rng.integers(len(_CHANGES))](content, rng)
    return content


def _place(content: bytes, rng: np.random.Generator) -> int:
    """Half of all changes are near the start."""
    end = len(content) if rng.random() < 0.5 else min(len(content), _HEADER_BYTES)
    return int(rng.integers(end + 1))


def _changed_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    place, size = _place(content, rng), int(rng.integers(1, 9))
    return content[:place] + rng.bytes(min(size, len(content) - place)) + content[place + size :]


def _flipped_bit(content: bytes, rng: np.random.Generator) -> bytes:
    place = _place(content, rng)
    return (
        content[:place]
        + bytes(byte ^ 1 << rng.integers(8) for byte in content[place : place + 1])
        + content[place + 1 :]
    )


def _absurd_number(content: bytes, rng: np.random.Generator) -> bytes:
    place, size = _place(content, rng), int(rng.choice([1, 2, 4, 8]))
    number = _ABSURD[rng.integers(len(_ABSURD))] % 256**size
    order = "little" if rng.random() < 0.5 else "big"
    return content[:place] + number.to_bytes(size, order) + content[place + size :]


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: _place(content, rng)]


def _removed(content: bytes, rng: np.random.Generator) -> bytes:
    place = _place(content, rng)
    return content[:place] + content[place + int(rng.integers(1, 64)) :]


def _doubled(content: bytes, rng: np.random.Generator) -> bytes:
    begin, end = sorted((_place(content, rng), _place(content, rng)))
    return content[:end] + content[begin:end] + content[end:]


def _zeros(content: bytes, rng: np.random.Generator) -> bytes:
    place, size = _place(content, rng), int(rng.integers(1, 600))
    return content[:place] + bytes(size) + content[place + size * int(rng.integers(2)) :]


_CHANGES: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    _changed_bytes,
    _flipped_bit,
    _absurd_number,
    _absurd_number,
    _cut,
    _removed,
    _doubled,
    _zeros,
)
