"""The lists of Speech Commands that say which recordings validate and which test a model."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..buckets import Folder, read_in
from ..errors import WordspotError
from ..labels import normalize_name
from .folders import SPLIT_LISTS

_MOST_LISTED, _LEAST_LISTED = 0.5, 0.05  # of a set's recordings, in one list; the official ones have a tenth


@dataclass(frozen=True)
class SplitLists:
    """The names that `validation_list.txt` and `testing_list.txt` hold, as they are written.

    Attributes
    ----------
    names
        {list: names in it}, of the lists that exist and are not empty.
    """

    names: Mapping[str, tuple[str, ...]]

    def match(self, paths: Iterable[str]) -> "ListMatch":
        r"""Which of these recordings (`label/name`, relative) each name means.

        A name may have other slashes, another ending, and folders before its label (`./`, `C:\data\`, `speech_commands/`).
        """
        listed = {ending for entries in self.names.values() for entry in entries for ending in _endings(entry)}
        paths_of: dict[str, list[str]] = {}
        for path in paths:  # of a million recordings most are not listed
            if (name := "/".join(_parts(path))) in listed:
                paths_of.setdefault(name, []).append(path)
        splits: dict[str, str] = {}
        unmatched: dict[str, list[str]] = {}
        for name, entries in self.names.items():
            for entry in entries:
                found = next((paths_of[ending] for ending in _endings(entry) if ending in paths_of), [])
                splits |= dict.fromkeys(found, name.removesuffix("_list.txt"))
                if not found:
                    unmatched.setdefault(name, []).append(entry)
        return ListMatch(splits, {name: tuple(entries) for name, entries in unmatched.items()})


@dataclass(frozen=True)
class ListMatch:
    """What a pair of lists says of some recordings.

    Attributes
    ----------
    splits
        {path: `validation` or `testing`}; what no list names is for training.
    unmatched
        {list: its names that mean none of the recordings}, lists with such names alone.
    """

    splits: dict[str, str]
    unmatched: dict[str, tuple[str, ...]]


def read_split_lists(folder: Folder) -> SplitLists:
    """The lists that lie in a folder of recordings or clips. Raises `WordspotError` for one that is no text in UTF-8."""
    found = {name: read_in(folder, name) for name in SPLIT_LISTS}
    lists = {name: _lines(folder / name, data) for name, data in found.items() if data is not None}
    return SplitLists({name: entries for name, entries in lists.items() if entries})


def doubts(lists: SplitLists, match: ListMatch, labels: Sequence[str], tolerated: float = 0.0) -> Iterator[str]:
    """One sentence for each list of whose names more than a share `tolerated` mean none of the recordings.

    Names of labels that are not here do not count; nor does a list that is plainly that of a larger set: with more names than
    half of the recordings, and yet as many recordings in it as a list should have.

    Parameters
    ----------
    lists, match
        The lists, and what they mean of the recordings.
    labels
        The label of each recording.
    tolerated
        Share of a list, from 0 to 1.
    """
    here = set(labels)
    for name, entries in lists.names.items():
        listed = sum(label_of(entry) in here for entry in entries)
        unmatched = [entry for entry in match.unmatched.get(name, ()) if label_of(entry) in here]
        of_larger_set = listed > _MOST_LISTED * len(labels) and listed - len(unmatched) >= _LEAST_LISTED * len(labels)
        if len(unmatched) > tolerated * listed and not of_larger_set:
            yield (
                f"{len(unmatched):,} of the {listed:,} names in {name} that are of labels here mean no recording "
                f"({', '.join(unmatched[:3])}): correct them if the recordings are here, for those are trained on"
            )


def label_of(entry: str) -> str:
    """The label of a name in a list: the folder that its file lies in."""
    return ["", "", *_parts(entry)][-2]


def _lines(path: Folder, data: bytes) -> tuple[str, ...]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WordspotError(f"{path} is not a text in UTF-8 ({error}): save it again as such") from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _endings(entry: str) -> Iterator[str]:
    """What the name may be of a recording: all of it, without its first folder, ..., down to label and file."""
    parts = _parts(entry)
    return ("/".join(parts[begin:]) for begin in range(max(1, len(parts) - 1)))


def _parts(path: str) -> list[str]:
    """Without `.`, empty parts and the ending of the last."""
    parts = [normalize_name(part) for part in re.split(r"[/\\]", path)]
    parts = [part for part in parts if part not in ("", ".")]
    return [*parts[:-1], _stem(parts[-1])] if parts else []


def _stem(name: str) -> str:
    stem, _, _ = name.rpartition(".")
    return stem or name
