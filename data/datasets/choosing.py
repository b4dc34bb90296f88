"""Which recordings of a public set are imported: all or some of the words asked for, and some of other words."""

import dataclasses
import difflib
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import WordspotError
from .entries import Entry, checked
from .listing import Listing

_MOST_SHOWN = 5  # of words
_KEPT_SPARE = 4  # times as many other words are held as are needed, before those of the least are let go


@dataclass(frozen=True)
class Choice:
    """What to take from a set.

    Attributes
    ----------
    words
        Labels as they are to be spelled; upper and lower case do not matter when they are looked for. Empty for all.
    limit
        Recordings per word, as many speakers as possible; 0 for all.
    others
        Recordings of other words, as many words as possible, each in a folder of its own.
    """

    words: tuple[str, ...] = ()
    limit: int = 0
    others: int = 0

    def __post_init__(self) -> None:
        if self.others and not self.words:
            raise WordspotError("others are words beside the words that are named: name those, too")
        for name in ("limit", "others"):
            if getattr(self, name) < 0:
                raise WordspotError(f"{name} is {getattr(self, name)}; it must not be negative")


def choose(listing: Listing, choice: Choice) -> list[Entry]:
    """The entries to import, each checked, and those of the words asked for that cannot be, with their fault.

    The choice is always the same: by hashes of the paths.

    Raises
    ------
    WordspotError
        The set has none of the words.
    """
    spelled = {word.casefold(): word for word in choice.words}
    named, counts = _named(listing, spelled)
    if spelled and not any(counts[key] for key in spelled):
        raise WordspotError(f"{listing.title}: no recording of {', '.join(choice.words)}; {_likely(spelled, counts)}")
    sound = [entry for entry in named if not entry.fault]
    if choice.limit:
        by_word = _grouped(sound, _key)
        sound = [entry for entries in by_word.values() for entry in spread(entries, choice.limit, _speaker)]
    faulty = [entry for entry in named if entry.fault]
    return [*sound, *faulty, *_others(listing, spelled, counts, choice.others)]


def spread(entries: Iterable[Entry], number: int, group: Callable[[Entry], str]) -> list[Entry]:
    """So many of the entries, of as many groups as possible, always the same."""
    taken: Counter[str] = Counter()
    ranked: list[tuple[int, str, Entry]] = []
    for entry in sorted(entries, key=draw):
        ranked.append((taken[group(entry)], draw(entry), entry))
        taken[group(entry)] += 1
    return [entry for _, _, entry in sorted(ranked, key=lambda one: one[:2])][:number]


def draw(entry: Entry) -> str:
    """What the order of a choice goes by: it says nothing of the recording, and is the same on every machine."""
    return hashlib.sha1(repr(entry.place).encode("utf-8", "backslashreplace")).hexdigest()


def missing_words(words: Sequence[str], entries: Iterable[Entry]) -> list[str]:
    """Words without any entry that can be imported."""
    here = {_key(entry) for entry in entries if not entry.fault}
    return [word for word in words if word.casefold() not in here]


def _named(listing: Listing, spelled: dict[str, str]) -> tuple[list[Entry], Counter[str]]:
    """The entries of these words (all words where there are none), and how many sound rows each word has."""
    found: list[Entry] = []
    counts: Counter[str] = Counter()
    for entry in listing.entries():
        key = _key(entry)
        counts[key] += not entry.fault
        if not spelled or key in spelled or not key:
            found.append(_present(listing, dataclasses.replace(entry, label=spelled.get(key, entry.label))))
    return found, counts


def _present(listing: Listing, entry: Entry) -> Entry:
    """Checked, with a fault where its file should be there and is not."""
    entry = checked(entry)
    if entry.fault or listing.archives or (listing.folder / entry.path).is_file():
        return entry
    return entry.with_fault("missing file", entry.path)


def _others(listing: Listing, spelled: dict[str, str], counts: Counter[str], number: int) -> list[Entry]:
    if not number:
        return []
    share = _share([count for key, count in counts.items() if key not in spelled], number)
    held: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in listing.entries():
        key = _key(entry)
        if key and key not in spelled and not (one := _present(listing, entry)).fault:
            held[key].append(dataclasses.replace(one, label=key))
            if len(held[key]) > _KEPT_SPARE * share:
                held[key] = spread(held[key], share, _speaker)
    return spread((entry for entries in held.values() for entry in spread(entries, share, _speaker)), number, _key)


def _share(counts: Sequence[int], number: int) -> int:
    """The least number of recordings per word, at most those it has, that together are enough; all where none is."""
    most = max(counts, default=1)
    if sum(counts) <= number:
        return most
    return next(share for share in range(1, most + 1) if sum(min(count, share) for count in counts) >= number)


def _likely(spelled: dict[str, str], counts: Counter[str]) -> str:
    near = [near for key in spelled for near in difflib.get_close_matches(key, counts, 1)]
    if near:
        return f"did you mean {', '.join(near)}?"
    shown = ", ".join(key for key, _ in counts.most_common(_MOST_SHOWN) if key)
    return f"it has {len(counts):,} words ({shown}, ...)" if shown else "it has none"


def _grouped(entries: Iterable[Entry], group: Callable[[Entry], Any]) -> dict[Any, list[Entry]]:
    groups: defaultdict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[group(entry)].append(entry)
    return groups


def _key(entry: Entry) -> str:
    return entry.label.casefold()


def _speaker(entry: Entry) -> str:
    return entry.speaker or entry.path
