"""What a check is: a measured value, and the limit from which on it is a finding."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from .cut_recording import CutRecording
from .cut_stack import CutStack

Value = float | str


@dataclass(frozen=True)
class Check:
    """One defect that recordings have.

    Attributes
    ----------
    name
        The word for it in the tables and on the command line.
    title
        The word for it in sentences.
    column
        The column of the tables that holds the measured value, unit in its name.
    limit
        From here on it is a finding: a number, or for a check that measures a text, the empty text, which means nothing
        was found.
    below
        Whether values below the limit are findings, not those above.
    advice
        One sentence for a person: what it is, and what to do.
    measure
        Gives the value of each recording of a stack, in order. None for the checks that need more than one decoded recording.
    digits
        Decimals that are kept.
    discards
        Whether the recording is left out, unless the settings say otherwise.
    """

    name: str
    title: str
    column: str
    limit: Value
    advice: str
    measure: Callable[[CutStack], Iterable[Value]] | None
    below: bool = False
    digits: int = 1
    discards: bool = False

    def values(self, stack: CutStack) -> list[Value]:
        """The measured value of each, rounded as the tables have it, so that tables and findings agree."""
        assert self.measure is not None
        measured, digits = self.measure(stack), self.digits
        values = measured.tolist() if isinstance(measured, np.ndarray) else measured
        return [value if isinstance(value, str) else round(float(value), digits) for value in values]

    def value(self, cut: CutRecording) -> Value:
        """That of one recording."""
        return self.values(CutStack((cut,)))[0]

    def finds(self, value: Value) -> bool:
        """Whether a value is a finding."""
        return value < self.limit if self.below else value > self.limit  # type: ignore[operator]

    def detail(self, value: Value) -> str:
        """What was seen, in words."""
        if isinstance(value, str):
            return f"{self.column.replace('_', ' ')} {value}"
        return f"{self.column} is {value:g}; wanted {'at least' if self.below else 'at most'} {self.limit:g}"
