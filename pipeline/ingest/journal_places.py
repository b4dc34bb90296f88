"""Where in a file the line of each key begins, for a million of them."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

import numpy as np

_MOST_RECENT = 1 << 16
NOWHERE = -1


class Places:
    """{key: offset}, in 16 bytes for each: a hash of 64 bits stands for the key.

    Two of a million keys have the same hash once in 40 million times, so whoever finds a line looks whether it is the key's.
    """

    def __init__(self, hashes: Iterable[int] = (), offsets: Iterable[int] = ()) -> None:
        self._recent: dict[str, int] = {}
        self._hashes, self._offsets = array("q"), array("q")  # the hashes ascend
        self._join(np.fromiter(hashes, np.int64), np.fromiter(offsets, np.int64))

    def __setitem__(self, key: str, offset: int) -> None:
        self._recent[key] = offset
        if len(self._recent) >= _MOST_RECENT:
            self._settle()

    def __len__(self) -> int:
        self._settle()
        return len(self._hashes)

    def find(self, key: str) -> int:
        """The offset that was noted last for a key, or `NOWHERE`."""
        if key in self._recent:
            return self._recent[key]
        hashed = hash(key)
        place = bisect_left(self._hashes, hashed)
        is_there = place < len(self._hashes) and self._hashes[place] == hashed
        return self._offsets[place] if is_there else NOWHERE

    def offsets(self) -> "array[int]":
        """All of them, ascending."""
        self._settle()
        return array("q", np.sort(np.array(self._offsets)).tobytes())

    def _settle(self) -> None:
        recent, self._recent = self._recent, {}
        self._join(np.fromiter(map(hash, recent), np.int64), np.fromiter(recent.values(), np.int64))

    def _join(self, hashes: np.ndarray, offsets: np.ndarray) -> None:
        """Of equal hashes the last one counts."""
        hashes, offsets = np.append(np.array(self._hashes), hashes), np.append(np.array(self._offsets), offsets)
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        is_last = np.append(hashes[1:] != hashes[:-1], True)[: len(hashes)]
        self._hashes = array("q", hashes[is_last].tobytes())
        self._offsets = array("q", offsets[order][is_last].tobytes())
