"""Which recording becomes which clip file: decided before any work, from names alone, so that no clip overwrites another."""

import dataclasses
import hashlib
import posixpath
import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from operator import attrgetter
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from ...data.decisions import NOTHING, State
from ...data.labels import is_word
from ...data.recordings.folders import Recording
from .texts import Texts

_LONGEST_STEM_BYTES = 200  # file systems stop at 255 for a whole name
_UNENCODABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_COLUMNS: dict[Any, Callable[[], Any]] = {int: lambda: array("q"), str: Texts}
_FIELDS = [field for field in dataclasses.fields(Recording) if field.init]
_fields_of = attrgetter(*(field.name for field in _FIELDS))
_OF_FILES = (".csv", ".json", ".jsonl", ".html", ".txt")  # that stand where the labels' folders do


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """A recording, the clip file it is to become, `<label>/<name>.wav` relative to the clean folder, and what was decided."""

    recording: Recording
    file_name: str
    state: State = NOTHING

    @property
    def label(self) -> str:
        """The label, as the clean folder spells it."""
        return _label_of(self.file_name)

    @property
    def is_dropped(self) -> bool:
        """Whether a person wants no clip of it."""
        return self.state.what == "drop"

    @property
    def is_kept(self) -> bool:
        """Whether a person has heard the word in it: then no check leaves it out."""
        return self.state.what in ("keep", "relabel")

    @property
    def decided_window(self) -> str:
        """Where a person has put the window, in seconds, as text; empty for nowhere."""
        window_s = self.state.window_s
        return f"{window_s[0]!r} to {window_s[1]!r}" if window_s else ""


class Plan:
    """All recordings with the clips they are to become: as columns, which for a million take a fifth of what objects take.

    Attributes
    ----------
    labels
        Of all clips.
    has_sections
        Whether any recording is a part of another file.
    """

    def __init__(self) -> None:
        self.labels: set[str] = set()
        self.has_sections = False
        self._of_recordings = [_COLUMNS.get(field.type, list)() for field in _FIELDS]
        self._names = Texts()  # empty where it is the path of the recording
        self._renamed: dict[int, str] = {}
        self._states: dict[int, State] = {}

    def add(self, recording: Recording, file_name: str, state: State) -> None:
        """Takes one more."""
        if state is not NOTHING:
            self._states[len(self)] = state
        for column, value in zip(self._of_recordings, _fields_of(recording), strict=True):
            column.append(value)
        self._names.append("" if file_name == recording.path else file_name)
        self.labels.add(_label_of(file_name))
        self.has_sections |= recording.section is not None

    def rename(self, place: int, file_name: str) -> None:
        """Gives the clip of one recording another name."""
        self._renamed[place] = file_name
        self.labels.add(_label_of(file_name))

    @property
    def recordings(self) -> Iterator[Recording]:
        """One after the other."""
        return map(Recording, *self._of_recordings)

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[PlannedClip]:
        return map(self._planned, count(), self.recordings, self._names)

    def __getitem__(self, place: int) -> PlannedClip:
        recording = Recording(*(column[place] for column in self._of_recordings))
        return self._planned(place, recording, self._names[place])

    def _planned(self, place: int, recording: Recording, name: str) -> PlannedClip:
        name = self._renamed.get(place, name) or recording.path
        return PlannedClip(recording, name, self._states.get(place, NOTHING))


def _label_of(file_name: str) -> str:
    return file_name.split("/", 1)[0]


def plan_clips(recordings: Iterable[Recording], states: Mapping[str, State] = MappingProxyType({})) -> Plan:
    """Gives each recording, in order, a file name of its own.

    `left/a.flac` becomes `left/a.wav` and `left/x/a.flac` becomes `left/x-a.wav`. A name already taken gets `-2`, `-3`,
    ... behind it; names that differ only in case or Unicode form count as taken, because some file systems cannot tell
    them apart. A clip whose label was decided lies under that one, behind all that were there before it.

    Parameters
    ----------
    recordings
        All of them.
    states
        {key of a recording: what was decided of it}.
    """
    plan, taken = Plan(), set[str]()
    moved: dict[int, str] = {}
    for place, recording in enumerate(recordings):
        state = states.get(recording.key, NOTHING)
        label, moved_to = _label(recording), _decided_label(recording, state)
        if label == moved_to:
            plan.add(recording, _free_name(label, recording, taken), state)
        else:
            moved[place] = moved_to
            plan.add(recording, recording.path, state)
    for place, label in moved.items():
        plan.rename(place, _free_name(label, plan[place].recording, taken))
    return plan


def _free_name(label: str, recording: Recording, taken: set[str]) -> str:
    """The first name that is not taken, which it is then."""
    stem = f"{label}/{_stem(recording.inner_path)}"
    name, number = _kept_once(f"{stem}.wav", recording.path), 1
    while (key := _key(name)) in taken:
        number += 1
        name = f"{stem}-{number}.wav"
    taken.add(key)
    return name


def _kept_once(name: str, path: str) -> str:
    """The name; of most WAV files it is the recording's path, and a million of them take as much memory as all else."""
    return path if name == path else name


def _decided_label(recording: Recording, state: State) -> str:
    """The label that a person gave, as a folder's name; of long sound, and where nobody did, that of the recording's folder.

    Whoever calls a word `_unknown_` means another word, not long sound.
    """
    if not state.label or recording.is_long_sound:
        return _label(recording)
    label = re.sub(r"[/\\]", "_", _encodable(state.label))
    label = label.encode()[:_LONGEST_STEM_BYTES].decode(errors="ignore").strip()
    label = label if is_word(label) else label.strip("_")
    is_folder = label and not label.startswith(".") and not label.casefold().endswith(_OF_FILES)
    return label if is_folder else f"x{label[1:].replace('.', '_')}"


def _label(recording: Recording) -> str:
    """As the clean folder spells it: a word whose first letter cannot be kept is no long sound, and no label is hidden."""
    return _spelled(recording.label)


@lru_cache(maxsize=1024)  # thousands of recordings have the same
def _spelled(name: str) -> str:
    label = _encodable(name)
    as_meant = is_word(label) == is_word(name) and not label.startswith(".")
    return label if as_meant else f"x{label[1:]}"


def _stem(inner_path: str) -> str:
    stem = _encodable(_without_ending(inner_path).replace("/", "-"))
    if len(stem.encode()) <= _LONGEST_STEM_BYTES:
        return stem
    digest = hashlib.sha1(inner_path.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return stem.encode()[:_LONGEST_STEM_BYTES].decode(errors="ignore") + f"-{digest}"


def _without_ending(path: str) -> str:
    stem, ending = posixpath.splitext(path)
    usual = ending != "." and "/." not in f"/{path}"  # of others pathlib, which is slow, has the rules
    return stem if usual else str(PurePosixPath(path).with_suffix(""))


def _encodable(name: str) -> str:
    """The name without control characters, and without the surrogates that stand for bytes that are not UTF-8."""
    return name if name.isascii() and name.isprintable() else _UNENCODABLE.sub("_", name)


def _key(name: str) -> str:
    if name.isascii() and name == name.lower():
        return name  # itself, not a copy: there may be a million
    return unicodedata.normalize("NFC", name).casefold()
