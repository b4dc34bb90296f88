"""Many short texts in little memory."""

from array import array
from collections.abc import Iterator
from itertools import pairwise


class Texts:
    """A list of texts that only grows: their bytes one after the other, and 8 more for each."""

    def __init__(self) -> None:
        self._bytes, self._edges = bytearray(), array("q", [0])

    def append(self, text: str) -> None:
        """Takes one more; any text, also one with the surrogates that stand for bytes that are not UTF-8."""
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._edges.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._edges) - 1

    def __getitem__(self, place: int) -> str:
        return self._between(self._edges[place], self._edges[place + 1])

    def __iter__(self) -> Iterator[str]:
        return (self._between(begin, end) for begin, end in pairwise(self._edges))

    def _between(self, begin: int, end: int) -> str:
        return self._bytes[begin:end].decode("utf-8", "surrogatepass")
