"""What is probably wrong with the shape of a folder of recordings, found before any work is done on it."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import WordspotError
from ..labels import NEGATIVES, SILENCE, UNKNOWN, differing_in_case, is_word, normalize_name
from .file_names import sorting_hint
from .folders import SPLIT_LISTS, Recording, unlabeled_files
from .split_lists import doubts, read_split_lists

SOUND_ENDINGS = (
    *(
        ".wav",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".mp2",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".snd",
        ".caf",
        ".w64",
    ),
    *(".rf64", ".m4a", ".m4b", ".mp4", ".mov", ".aac", ".3gp", ".amr", ".wma", ".webm", ".mka", ".raw", ".pcm"),
)
_PARTS_OF_A_DATA_SET = frozenset(
    ("train", "training", "valid", "val", "validation", "dev", "eval", "evaluation", "test", "testing")
)
_CONTAINERS = frozenset(
    ("audio", "clips", "data", "dataset", "recordings", "samples", "sounds", "speech", "voices", "wav", "wavs", "words")
)
_FOR_NOISE = frozenset(("background", "background_noise", "noise", "noises", "room", "silence", "silent"))
_FOR_OTHERS = frozenset(("garbage", "negative", "negatives", "other", "others", "unknown", "unknowns"))
_BESIDE_WORDS = frozenset(("_background_noise_", NEGATIVES, SILENCE, UNKNOWN))
_MISREAD = frozenset(("true", "false", "null", "none", "nan", "na", "n/a")) | _PARTS_OF_A_DATA_SET
_PUBLIC_SET = ("speech_commands", "speech-commands", "speechcommands")
_FILES_PER_LABEL = 5  # that begin with the same word: fewer may well be takes of one
_SHOWN = 5  # of names


@dataclass(frozen=True)
class Note:
    """Something about a folder that works, but that somebody probably did not mean.

    Attributes
    ----------
    kind
        Which mistake it is, in one or two words: `spelling`, `case`, `level`, `noise`, `other words`, `audiofolder`,
        `split list`, `loose files`.
    text
        What was seen and what to do, one sentence for a person.
    """

    kind: str
    text: str


def diagnose(folder: Path, recordings: Sequence[Recording]) -> tuple[Note, ...]:
    """Looks at the names of what `scan_recordings` found in `folder`, and at its split lists.

    Returns
    -------
    What may be meant, but probably is not.

    Raises
    ------
    WordspotError
        The words certainly lie elsewhere than in the folders at the top: one level further down, or in the names of the
        files; or a label of nothing but spaces. Says which command was probably meant.
    """
    refuse_misplaced(folder, recordings)
    labels = sorted({recording.path.split("/", 1)[0] for recording in recordings})
    return (
        *_spellings(labels),
        *_one_level_off(folder, _Sounds(recordings)),
        *_special_names(labels),
        *_misread_names(labels),
        *_unmatched_lists(folder, recordings),
        *_loose_files(folder),
    )


def refuse_misplaced(folder: Path, recordings: Sequence[Recording]) -> None:
    """Raises `WordspotError` where the words certainly are not the folders at the top; see `diagnose`."""
    blank = next((recording.path for recording in recordings if not recording.path.split("/", 1)[0].strip()), None)
    if blank is not None:
        raise WordspotError(f"{folder} has a folder whose name is nothing but spaces: give it the name of its word")
    sounds = _Sounds(recordings)
    below = _wrapper(sounds.folders)
    _refuse_parts_of_a_data_set(folder.joinpath(*below), [parts[len(below) :] for parts in sounds.folders])
    if below and _is_certain(folder, below, sounds.folders):
        inside = _listed(filter(is_word, {parts[len(below)] for parts in sounds.folders}))
        raise WordspotError(
            f"{folder} holds everything in one folder, {'/'.join(below)}, and the words ({inside}) are folders in that: run "
            f"{_command(folder.joinpath(*below))}; if {below[-1]} is a word, put its recordings into it without folders"
        )
    _refuse_labels_in_names(folder, sounds)


_Parts = tuple[str, ...]  # of the path of a folder with sound files in it: the label, and what folders it has in it


class _Sounds:
    """The sound files among the recordings.

    Attributes
    ----------
    folders
        That hold them, each once, in order.
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._paths = [recording.path for recording in recordings if recording.path.lower().endswith(SOUND_ENDINGS)]
        self.folders = [
            tuple(path.split("/")) for path in dict.fromkeys(path.rpartition("/")[0] for path in self._paths)
        ]

    def names_of_words(self) -> list[str]:
        """Of the files that lie in no `_` folder."""
        return [path.rpartition("/")[2] for path in self._paths if is_word(path)]


def _wrapper(folders: Sequence[_Parts]) -> _Parts:
    """The folders that everything lies in, one in the other; none where one of them holds sound itself."""
    if not folders:
        return ()
    first, last = min(folders), max(folders)
    shared = next((i for i, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    below = first[: min(len(first), len(last)) if shared is None else shared]
    return () if below in folders else below


def _is_certain(folder: Path, below: _Parts, folders: Sequence[_Parts]) -> bool:
    """Whether the folders are known to be no label, by their names or by what lies beside the words."""
    names = {name.casefold() for name in below}
    return (
        bool(names & (_CONTAINERS | _PARTS_OF_A_DATA_SET))
        or any(name.startswith(_PUBLIC_SET) for name in names)
        or any(parts[len(below)] in _BESIDE_WORDS for parts in folders)
        or any(folder.joinpath(*below, name).is_file() for name in SPLIT_LISTS)
    )


def _refuse_parts_of_a_data_set(folder: Path, folders: Sequence[_Parts]) -> None:
    """`train/left/a.wav`, `test/left/b.wav`."""
    of_words = [parts for parts in folders if is_word(parts[0])]
    tops = sorted({parts[0] for parts in of_words})
    inner = {parts[1] for parts in of_words if len(parts) > 1 and is_word(parts[1])}
    if not tops or len(inner) < 2 or any(len(parts) < 2 for parts in of_words):
        return
    if all(top.casefold() in _PARTS_OF_A_DATA_SET for top in tops):
        tops.sort(key=lambda top: not top.casefold().startswith("train"))
        commands = " and ".join(
            _command(folder / top, "CLIPS" if place == 0 else f"{top.upper()}-CLIPS") for place, top in enumerate(tops)
        )
        raise WordspotError(
            f"{folder} holds the parts of a data set ({_listed(tops)}), and the words ({_listed(inner)}) are folders in "
            f"these: run {commands}; if {tops[0]} is a word, put its recordings into {tops[0]}/ without folders in it"
        )


def _refuse_labels_in_names(folder: Path, sounds: _Sounds) -> None:
    """`training/left.ann.wav`, `recordings/left_01.wav`."""
    of_words = [parts for parts in sounds.folders if is_word(parts[0])]
    tops = {parts[0] for parts in of_words}
    if all(top.casefold() in _PARTS_OF_A_DATA_SET | _CONTAINERS for top in tops):
        hint = sorting_hint(folder.joinpath(*of_words[0]), sounds.names_of_words()) if of_words else ""
        if hint:
            raise WordspotError(f"{folder} has no folder for each word, but {_listed(tops)}{hint}")


def _spellings(labels: Sequence[str]) -> Iterator[Note]:
    names: dict[str, list[str]] = {}
    for label in labels:
        names.setdefault(normalize_name(label), []).append(label)
    for name, spellings in names.items():
        if len(spellings) > 1:
            shown = _listed(map(repr, spellings))
            yield Note(
                "spelling", f"the folders {shown} are one label, {name}: they differ only in spaces or Unicode form"
            )
    for group in differing_in_case(filter(is_word, names)):
        yield Note(
            "case",
            f"{_listed(group)} are different labels, though they differ only in case: rename all but one if they are not",
        )


def _one_level_off(folder: Path, sounds: _Sounds) -> Iterator[Note]:
    inner: dict[str, set[str]] = {}  # the folders in each label; the empty name for sound that lies in none
    for parts in sounds.folders:
        if is_word(parts[0]):
            inner.setdefault(parts[0], set()).add(parts[1] if len(parts) > 1 else "")
    if len(inner) == 1:
        yield from _one_label(folder, *inner.popitem(), sounds)
        return
    somewhere_flat = any("" in names for names in inner.values())
    for label, names in sorted(inner.items()):
        others = {name for other, its in inner.items() if other != label for name in its}
        if somewhere_flat and "" not in names and len(names) > 1 and not names & others:
            yield Note(
                "level",
                f"all recordings below {label}/ get the label {label}, whichever of its {len(names)} folders "
                f"({_listed(names)}) they lie in: if these are words, move the folders up, into {folder}",
            )


def _one_label(folder: Path, label: str, inner: set[str], sounds: _Sounds) -> Iterator[Note]:
    if "" not in inner and len(inner) > 1:
        yield Note(
            "level",
            f"all recordings get the one label {label}: if the folders in it ({_listed(inner)}) are the words, run "
            f"{_command(folder / label)} instead",
        )
    elif inner == {""}:
        hint = sorting_hint(folder / label, sounds.names_of_words(), _FILES_PER_LABEL)
        if hint:
            yield Note("level", f"all recordings get the one label {label}{hint}")


def _special_names(labels: Sequence[str]) -> Iterator[Note]:
    for label in labels:
        if label.casefold() in _FOR_NOISE:
            yield Note(
                "noise",
                f"{label} is taken for a word: if it is background noise, rename the folder _background_noise_, and it is "
                "mixed into training and stands for silence",
            )
        elif label.casefold() in _FOR_OTHERS:
            yield Note(
                "other words",
                f"{label} is taken for a word: leave it out of the words to train, and its clips count as other words; long "
                f"recordings of speech without the words belong in {NEGATIVES}",
            )
        elif label == UNKNOWN:
            yield Note(
                "other words", f"{UNKNOWN} is not trained on: put other words into folders of their own names instead"
            )


def _misread_names(labels: Sequence[str]) -> Iterator[Note]:
    misread = [label for label in labels if label.casefold() in _MISREAD]
    if misread:
        yield Note(
            "audiofolder",
            f"Hugging Face's audiofolder and pandas take the label {_listed(misread)} for a split, a truth value or nothing: "
            "wordspot does not; rename the folder if the clips are to be read with these",
        )


def _unmatched_lists(folder: Path, recordings: Sequence[Recording]) -> Iterator[Note]:
    lists = read_split_lists(folder)
    if not lists.names:
        return
    match = lists.match(recording.key for recording in recordings)
    if not match.splits:
        entries = next(iter(lists.names.values()))
        yield Note(
            "split list",
            f"{_listed(lists.names)} in {folder} name none of the recordings (they have {entries[0]}, the folder has "
            f"{recordings[-1].key}): correct or remove them, or training will refuse the clips",
        )
        return
    labels = [recording.label for recording in recordings if not recording.is_long_sound]
    yield from (Note("split list", text) for text in doubts(lists, match, labels))


def _loose_files(folder: Path) -> Iterator[Note]:
    names = [name for name in unlabeled_files(folder) if name.lower().endswith(SOUND_ENDINGS)]
    if names:
        yield Note(
            "loose files",
            f"sound that lies in {folder} itself, in no label's folder, is left out ({len(names):,}: {_listed(names)})"
            f"{sorting_hint(folder, names)}",
        )


def _command(source: Path, clips: str = "CLIPS") -> str:
    return f"`wordspot clean {shlex.quote(str(source))} {clips}`"


def _listed(names: Iterable[str]) -> str:
    names = sorted(names)
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
