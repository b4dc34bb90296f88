"""Which recording becomes which clip file: decided before any work, from names alone, so that no clip overwrites another."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ...data.labels import is_word
from ...data.recordings.folders import Recording

_LONGEST_STEM_BYTES = 200  # file systems stop at 255 for a whole name


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """A recording and the clip file it is to become, `<label>/<name>.wav` relative to the clean folder."""

    recording: Recording
    file_name: str

    @property
    def label(self) -> str:
        """The label, as the clean folder spells it."""
        return self.file_name.split("/", 1)[0]


def plan_clips(recordings: Iterable[Recording]) -> list[PlannedClip]:
    """Gives each recording, in order, a file name of its own.

    `left/a.flac` becomes `left/a.wav` and `left/x/a.flac` becomes `left/x-a.wav`. A name already taken gets `-2`, `-3`,
    ... behind it; names that differ only in case or Unicode form count as taken, because some file systems cannot tell
    them apart.
    """
    taken: set[str] = set()
    planned = []
    for recording in recordings:
        stem = f"{_label(recording)}/{_stem(recording.inner_path)}"
        name, count = stem, 1
        while _key(name) in taken:
            count += 1
            name = f"{stem}-{count}"
        taken.add(_key(name))
        planned.append(PlannedClip(recording, f"{name}.wav"))
    return planned


def _label(recording: Recording) -> str:
    """As the clean folder spells it: a word whose first letter cannot be kept is no long sound, and no label is hidden."""
    label = _encodable(recording.label)
    as_meant = is_word(label) != recording.is_long_sound and not label.startswith(".")
    return label if as_meant else f"x{label[1:]}"


def _stem(inner_path: str) -> str:
    stem = _encodable(str(PurePosixPath(inner_path).with_suffix("")).replace("/", "-"))
    if len(stem.encode()) <= _LONGEST_STEM_BYTES:
        return stem
    digest = hashlib.sha1(inner_path.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return stem.encode()[:_LONGEST_STEM_BYTES].decode(errors="ignore") + f"-{digest}"


def _encodable(name: str) -> str:
    """The name without control characters, and without the surrogates that stand for bytes that are not UTF-8."""
    return re.sub("[\x00-\x1f\x7f\ud800-\udfff]", "_", name)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
