"""Which speakers train a model, which choose it, and which judge it."""

import hashlib
import math
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from .clips import Clip, find_speaker, speaker_pattern
from .errors import WordspotError, WordspotWarning
from .recordings.split_lists import SplitLists, doubts, read_split_lists

SPLITS = ("training", "validation", "testing")
_MAX_CLIPS_PER_LABEL = 2**27 - 1  # the constant of the rule, not a limit
_VALIDATION_PERCENT = 10.0
_TESTING_PERCENT = 10.0
_LONG_SOUND_SHARES = {"training": (0.0, 0.8), "validation": (0.8, 0.9), "testing": (0.9, 1.0)}
_FEWEST_NEGATIVE_SPEAKERS = 3  # one for each split
_MOST_DISCARDED = 0.5  # of what a list names: cleaning leaves some out, but hardly more


def hash_percent(speaker: str) -> float:
    """Where a speaker falls in [0, 100]: Speech Commands' rule, SHA-1 of the speaker's id (arXiv 1804.03209, section 7)."""
    digest = int(hashlib.sha1(speaker.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    return digest % (_MAX_CLIPS_PER_LABEL + 1) * (100.0 / _MAX_CLIPS_PER_LABEL)


def split_of_speaker(speaker: str) -> str:
    """`training`, `validation` or `testing` (80/10/10 of all speakers), always the same."""
    percent = hash_percent(speaker)
    if percent < _VALIDATION_PERCENT:
        return "validation"
    return "testing" if percent < _VALIDATION_PERCENT + _TESTING_PERCENT else "training"


def assign_splits(clips: Sequence[Clip], folder: Path | str | None = None) -> list[str]:
    """The split of every clip, in order.

    A `split` that the clip table gives wins; then the official lists (`validation_list.txt`, `testing_list.txt`) in
    `folder`; then the hash rule, by speaker. A clip without a known speaker counts as a speaker of its own. With so few
    speakers that the hash rule leaves validation without any, the speakers are ranked by their hash instead: the first
    tenth (at least one) validates, the next tenth tests (only from three speakers on).

    Raises
    ------
    WordspotError
        A `split` that is none of the three; lists that name none of the clips; a single known speaker, who cannot both
        train and judge.

    Warns
    -----
    WordspotWarning
        Most of what a list names is not among the clips.
    """
    if any(clip.split for clip in clips):
        return [_checked(clip) for clip in clips]
    if folder is not None and (lists := read_split_lists(Path(folder))).names:
        return _splits_of_lists(clips, lists, folder)
    by_speaker = _splits_of_speakers({speaker_of(clip) for clip in clips})
    return [by_speaker[speaker_of(clip)] for clip in clips]


def split_long_sound(size: int, split: str, least: int) -> slice:
    """The part of a long sound (background noise) that belongs to a split: its first 80%, the next 10%, the last 10%.

    One so short that validation and testing would get less than `least` each is all for training. Everything that trains on
    such sound and everything that judges with it goes by this rule, so that nothing is judged on what was trained on.

    Parameters
    ----------
    size
        Samples or frames of the sound.
    split
        `training`, `validation` or `testing`.
    least
        Of the same unit: what is of use, a clip's length.

    Examples
    --------
    >>> split_long_sound(1_000, "testing", 98), split_long_sound(500, "testing", 98)
    (slice(900, 1000, None), slice(500, 500, None))
    """
    first, last = _LONG_SOUND_SHARES[split]
    if size * 0.1 < least:
        return slice(0 if split == "training" else size, size)
    return slice(round(first * size), round(last * size))


def split_negatives(names: Sequence[str], sizes: Sequence[int], split: str, least: int) -> list[slice]:
    """The part of each long recording of negatives that belongs to a split: all of it or nothing, by speaker.

    Speakers are dealt out as those of clips are (see `assign_splits`); a file whose name does not give one, as
    `<speaker>_nohash_` does, is a speaker of its own. Fewer than three are divided by time, as background noise is.

    Parameters
    ----------
    names, sizes
        Of the files: paths, and samples or frames.
    split
        `training`, `validation` or `testing`.
    least
        Of the unit of `sizes`: a clip's length.

    Examples
    --------
    >>> split_negatives(["tv.wav"], [1_000], "testing", 98)
    [slice(900, 1000, None)]
    >>> split_negatives(["ann.wav", "ben.wav", "cas.wav"], [500, 500, 500], "testing", 98)
    [slice(0, 500, None), slice(500, 500, None), slice(500, 500, None)]
    """
    pattern = speaker_pattern()
    speakers = [find_speaker(name, pattern) or PurePosixPath(name).stem for name in names]
    if len(set(speakers)) < _FEWEST_NEGATIVE_SPEAKERS:
        return [split_long_sound(size, split, least) for size in sizes]
    splits = _splits_of_speakers(speakers)
    return [slice(0 if splits[speaker] == split else size, size) for speaker, size in zip(speakers, sizes, strict=True)]


def speaker_of(clip: Clip) -> str:
    """The speaker, or where none is known the file's own name: then each recording is a group of its own."""
    return clip.speaker or PurePosixPath(clip.source or clip.file_name).stem


def _splits_of_lists(clips: Sequence[Clip], lists: SplitLists, folder: Path | str) -> list[str]:
    paths = [clip.source or clip.file_name for clip in clips]
    match = lists.match(paths)
    if not match.splits:
        raise WordspotError(f"{folder}: {' and '.join(lists.names)} name none of the clips: correct or remove them")
    for text in doubts(lists, match, [clip.label for clip in clips], tolerated=_MOST_DISCARDED):
        warnings.warn(f"{folder}: {text}", WordspotWarning, stacklevel=3)
    return [match.splits.get(path, "training") for path in paths]


def _checked(clip: Clip) -> str:
    if clip.split not in SPLITS:
        raise WordspotError(f"{clip.file_name} has split {clip.split!r}; expected one of {', '.join(SPLITS)}")
    return clip.split


def _splits_of_speakers(speakers: Iterable[str]) -> dict[str, str]:
    ranked = sorted(set(speakers), key=lambda speaker: (hash_percent(speaker), speaker))
    splits = {speaker: split_of_speaker(speaker) for speaker in ranked}
    if set(splits.values()) >= {"training", "validation"}:
        return splits
    if len(ranked) < 2:
        raise WordspotError(
            f"all clips are by one speaker ({''.join(ranked)}), who cannot both train a model and judge it: add "
            "recordings of others, or leave the speaker out of the file names to split by recording"
        )
    tenth = max(1, math.floor(len(ranked) * _VALIDATION_PERCENT / 100))
    testing = tenth if len(ranked) > 2 else 0
    counts = (("validation", tenth), ("testing", testing), ("training", len(ranked) - tenth - testing))
    names = [split for split, count in counts for _ in range(count)]
    return dict(zip(ranked, names, strict=True))
