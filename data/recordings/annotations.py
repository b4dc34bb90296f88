"""What was said when in a long recording: the text file of labels that Audacity reads and writes."""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import WordspotError
from ..files import write_text
from ..labels import normalize_name


@dataclass(frozen=True, order=True)
class Annotation:
    """A word in a long recording: where it begins and ends, in seconds from the start, and what it is."""

    start_s: float
    end_s: float
    label: str


def read_annotations(path: Path) -> list[Annotation]:
    """Reads a label file: one line per word, start, end and label with tabs between them, times in seconds.

    Lines that begin with a backslash (Audacity's frequency ranges) and empty lines are passed over; the order of the lines
    does not matter.

    Raises
    ------
    WordspotError
        No such file, no text in UTF-8, a line that is not of this form, times that are negative, swapped or overlap.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WordspotError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WordspotError(f"{path} is not a text in UTF-8 ({error}): save it again as such") from error
    spoken = sorted(_lines(path, text.splitlines()))
    for (first, line), (second, other) in itertools.pairwise(spoken):
        if second.start_s < first.end_s:
            raise WordspotError(
                f"{path}, line {other}: {second.label!r} begins at {second.start_s:g} s, before {first.label!r} of line "
                f"{line} ends at {first.end_s:g} s: words must not overlap"
            )
    return [word for word, _ in spoken]


def write_annotations(path: Path, spoken: Iterable[Annotation]) -> None:
    """Writes a label file, times to the microsecond, under a temporary name first."""
    lines = (f"{word.start_s:.6f}\t{word.end_s:.6f}\t{word.label}\n" for word in spoken)
    write_text(path, "".join(lines))


def _lines(path: Path, lines: list[str]) -> Iterator[tuple[Annotation, int]]:
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("\\"):
            continue
        start, end, label = [*line.split("\t", 2), "", "", ""][:3]
        if not _is_time(start) or not _is_time(end) or not label.strip():
            raise WordspotError(
                f"{path}, line {number}: {line!r}; expected start and end in seconds and a label, with tabs between them, "
                "as Audacity exports labels"
            )
        start_s, end_s = float(start), float(end)
        if start_s < 0 or end_s < start_s:
            raise WordspotError(
                f"{path}, line {number}: {label.strip()!r} from {start_s:g} to {end_s:g} s; times must not be negative, and "
                "a word must not end before it begins"
            )
        yield Annotation(start_s, end_s, normalize_name(label)), number


def _is_time(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
