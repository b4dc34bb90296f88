"""The last seconds of a stream."""

from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Value = TypeVar("Value", bound=np.floating[Any])


class History(Generic[Value]):
    """Keeps the last values of a stream, which are counted from its start.

    Parameters
    ----------
    size
        How many can be asked for.
    before
        What lies before the start; its type is that of the values.
    """

    def __init__(self, size: int, before: Value) -> None:
        self._size = size
        self._values = np.full(4 * size, before)  # moved to its start when it is full, so seldom
        self._filled = size
        self.end = 0
        """Values of the stream so far."""

    def add(self, values: npt.NDArray[Value]) -> None:
        """Takes the next values, [n]."""
        self.end += len(values)
        values = values[-self._size :]
        if self._filled + len(values) > len(self._values):
            self._values[: self._size] = self._values[self._filled - self._size : self._filled]
            self._filled = self._size
        self._values[self._filled : self._filled + len(values)] = values
        self._filled += len(values)

    def between(self, start: int, end: int) -> npt.NDArray[Value]:
        """[end - start]: values counted from the start of the stream, none older than `size`."""
        behind = self._filled - self.end
        return self._values[behind + start : behind + end]
