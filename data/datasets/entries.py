"""What public sets list: one recording, or one section of it, with its label, its speaker and its split."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..labels import NEGATIVES, is_word, normalize_name

SPLIT_WORDS = {  # as tables have them, in lower case
    **dict.fromkeys(("train", "training"), "training"),
    **dict.fromkeys(("dev", "val", "valid", "validation"), "validation"),
    **dict.fromkeys(("test", "testing"), "testing"),
}
_LONG_SOUND = ("_background_noise_", NEGATIVES)
_NOBODY = frozenset(("", "na", "n/a", "nan", "none", "null", "unknown"))
_MOST_LABEL_BYTES = 200  # a file system takes 255 for a name


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a table of recordings.

    Attributes
    ----------
    path
        As the table has it, relative to the folder that holds the sounds.
    label
        The word said.
    speaker
        Who said it; empty when not known.
    split
        As the table has it; after `checked` it is `training`, `validation`, `testing` or empty.
    start_s, end_s
        The section of the recording, in seconds; None for its beginning and its end.
    where
        Table and line, for people.
    fault
        Why it cannot be imported, in two or three words; empty for no reason.
    detail
        What was seen.
    """

    path: str
    label: str
    speaker: str = ""
    split: str = ""
    start_s: float | None = None
    end_s: float | None = None
    where: str = ""
    fault: str = ""
    detail: str = ""

    @property
    def is_section(self) -> bool:
        """Whether it is less than the whole recording."""
        return self.start_s is not None or self.end_s is not None

    @property
    def place(self) -> tuple[str, float, float]:
        """What tells one sound from another: the file and where in it."""
        return self.path, self.start_s or 0.0, math.inf if self.end_s is None else self.end_s

    def with_fault(self, fault: str, detail: str = "") -> "Entry":
        """The same, not to be imported."""
        return dataclasses.replace(self, fault=fault, detail=detail)


def known_speaker(text: str) -> str:
    """A speaker as tables have it, or an empty string for what stands for nobody (`NA`, `unknown`)."""
    return "" if normalize_name(text).casefold() in _NOBODY else normalize_name(text)


def checked(entry: Entry) -> Entry:
    """The entry with its path and split in the form of the house, or with its fault: all that its row alone can say."""
    if entry.fault:
        return entry
    path = PurePosixPath(entry.path.replace("\\", "/"))
    split = SPLIT_WORDS.get(entry.split.strip().casefold(), "")
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or "\0" in entry.path:
        return entry.with_fault("leaves the folder", entry.path)
    if unfit := _unfit(entry.label):
        return entry.with_fault("no label for a folder", unfit)
    if entry.split.strip() and not split:
        return entry.with_fault("unknown split", f"{entry.split!r}; expected train, validation or test")
    start_s, end_s = entry.start_s or 0.0, math.inf if entry.end_s is None else entry.end_s
    if not 0 <= start_s < end_s or math.isinf(start_s):
        return entry.with_fault("impossible section", f"from {entry.start_s} to {entry.end_s} s")
    return dataclasses.replace(entry, path=str(path), split=split)


def _unfit(label: str) -> str:
    """Why no folder can have this name; empty where one can."""
    if not is_word(label) and label not in _LONG_SOUND:
        return f"{label!r} begins with _, which no word does"
    if label.startswith(".") or any(sign in label for sign in "/\\\0"):
        return f"{label!r} cannot be the name of a folder"
    return f"{label[:20]!r}... is too long" if len(label.encode("utf-8", "replace")) > _MOST_LABEL_BYTES else ""
