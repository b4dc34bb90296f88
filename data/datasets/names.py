"""What imported recordings are called: `<label>/<speaker>_nohash_<number>.<ending>`, as in Speech Commands."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from .entries import Entry

_PLAIN = re.compile(r"\w[\w .@+-]*")
_LONG_HEXADECIMAL = re.compile(r"[0-9a-f]{17,}")
_ID_CHARACTERS = 16
_MOST_BYTES = 64
_MARK = "_nohash_"


def target_names(entries: Sequence[Entry]) -> list[str]:
    """The path of each entry in the new folder, in order, no two the same even where upper and lower case are one.

    Recordings are numbered per label and speaker, in the order of their paths. Sections of one file without a speaker are by
    one speaker, who gets the file's name; other recordings without one keep their own name.
    """
    several = {path for path, count in Counter(entry.path for entry in entries).items() if count > 1}
    numbers: Counter[tuple[str, str]] = Counter()
    names = {}
    for entry in sorted(entries, key=lambda one: one.place):
        stem = _stem(entry, is_one_of_several=entry.path in several)
        key = entry.label.casefold(), stem.casefold()
        ending = ".wav" if entry.is_section else PurePosixPath(entry.path).suffix.lower()
        names[entry.place] = f"{entry.label}/{stem}{numbers[key]}{ending}"
        numbers[key] += 1
    return [names[entry.place] for entry in entries]


def speaker_in_name(speaker: str) -> str:
    """The speaker as a file's name can have it: long ids by their beginning, what is no plain name by a hash of it.

    Examples
    --------
    >>> speaker_in_name("anna"), speaker_in_name("a/b")
    ('anna', 'c14cddc033f64b9d')
    """
    if _LONG_HEXADECIMAL.fullmatch(speaker):
        return speaker[:_ID_CHARACTERS]
    is_plain = _PLAIN.fullmatch(speaker) and _MARK not in speaker and not speaker.endswith((" ", "."))
    if is_plain and len(speaker.encode()) <= _MOST_BYTES:
        return speaker
    return hashlib.sha256(speaker.encode("utf-8", "backslashreplace")).hexdigest()[:_ID_CHARACTERS]


def _stem(entry: Entry, *, is_one_of_several: bool) -> str:
    """All but number and ending."""
    if entry.speaker:
        return speaker_in_name(entry.speaker) + _MARK
    stem = speaker_in_name(PurePosixPath(entry.path).stem)
    return stem + (_MARK if is_one_of_several else "_")
