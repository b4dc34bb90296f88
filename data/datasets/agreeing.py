"""What the rows of a table say against one another: twice the same, two labels, two spellings, a speaker in two splits."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from ..splits import hash_percent, split_of_speaker
from .entries import Entry

_VALIDATION_SHARE = 10  # one of so many speakers, where a table has no validation


def agree(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Entries that agree with one another, and what was settled, one sentence each.

    - The same sound twice under one label: the first counts. Under two labels: none does, for nobody knows which is right.
    - A label in several spellings (upper and lower case) gets the commonest.
    - A speaker in several splits goes wholly to the one that most of their recordings are in: nobody is judged by those who
      trained. One without a split follows their other recordings, or the hash rule of `splits`. Where a table has splits and
      none to validate with, a tenth of the training speakers does.
    """
    settled: list[str] = []
    entries = _once(entries)
    entries = _spelled_alike(entries, settled)
    return _in_one_split(entries, settled), settled


def group_of(entry: Entry) -> str:
    """Who counts as one speaker: the speaker, or where none is known the file."""
    return entry.speaker or PurePosixPath(entry.path).stem


def _sound(entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if not entry.fault]


def _once(entries: Sequence[Entry]) -> list[Entry]:
    labels: defaultdict[tuple, set[str]] = defaultdict(set)
    for entry in _sound(entries):
        labels[entry.place].add(entry.label.casefold())
    seen: set[tuple] = set()
    result = []
    for entry in entries:
        if not entry.fault and len(labels[entry.place]) > 1:
            entry = entry.with_fault("two labels", ", ".join(sorted(labels[entry.place])))
        elif not entry.fault and entry.place in seen:
            entry = entry.with_fault("listed twice", entry.path)
        seen.add(entry.place)
        result.append(entry)
    return result


def _spelled_alike(entries: Sequence[Entry], settled: list[str]) -> list[Entry]:
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry in _sound(entries):
        spellings[entry.label.casefold()][entry.label] += 1
    chosen = {key: min(counts, key=lambda label: (-counts[label], label)) for key, counts in spellings.items()}
    for key, counts in sorted(spellings.items()):
        if len(counts) > 1:
            renamed = counts.total() - counts[chosen[key]]
            settled.append(
                f"{renamed:,} recordings of {' and '.join(sorted(counts))} are under {chosen[key]}, one word"
            )
    return [
        entry if entry.fault else dataclasses.replace(entry, label=chosen[entry.label.casefold()]) for entry in entries
    ]


def _in_one_split(entries: Sequence[Entry], settled: list[str]) -> list[Entry]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry in _sound(entries):
        counts[group_of(entry)][entry.split] += 1
    if not any(split for splits in counts.values() for split in splits):
        return list(entries)
    splits = {group: _split(group, Counter(its)) for group, its in counts.items()}
    divided = [group for group, its in counts.items() if sum(1 for split in its if split) > 1]
    if divided:
        settled.append(f"{len(divided):,} speakers were in several splits, now each in the one with most of theirs")
    if "validation" not in splits.values():
        chosen = _validating([group for group, split in splits.items() if split == "training"])
        splits |= dict.fromkeys(chosen, "validation")
        settled.append(f"{len(chosen):,} training speakers validate: no other split does")
    return [entry if entry.fault else dataclasses.replace(entry, split=splits[group_of(entry)]) for entry in entries]


def _split(group: str, counts: Counter[str]) -> str:
    """The one that most are in, of equals the one that trains; without any, by the hash rule."""
    order = ("training", "validation", "testing")
    named = [split for split in order if counts[split]]
    return max(named, key=lambda split: counts[split]) if named else split_of_speaker(group)


def _validating(groups: Sequence[str]) -> list[str]:
    if len(groups) < 2:
        return []
    ranked = sorted(groups, key=lambda group: (hash_percent(group), group))
    return ranked[: max(1, len(groups) // _VALIDATION_SHARE)]
