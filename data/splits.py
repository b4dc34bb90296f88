"""Which speakers train a model, which choose it, and which judge it."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from .clips import Clip
from .errors import WordspotError
from .folders import SPLIT_LISTS

SPLITS = ("training", "validation", "testing")
_MAX_CLIPS_PER_LABEL = 2**27 - 1  # the constant of the rule, not a limit
_VALIDATION_PERCENT = 10.0
_TESTING_PERCENT = 10.0


def hash_percent(speaker: str) -> float:
    """Where a speaker falls in [0, 100]: Speech Commands' rule, SHA-1 of the speaker's id (arXiv 1804.03209, section 7)."""
    digest = int(hashlib.sha1(speaker.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    return digest % (_MAX_CLIPS_PER_LABEL + 1) * (100.0 / _MAX_CLIPS_PER_LABEL)


def split_of_speaker(speaker: str) -> str:
    """`training`, `validation` or `testing` (80/10/10 of all speakers), the same for ever."""
    percent = hash_percent(speaker)
    if percent < _VALIDATION_PERCENT:
        return "validation"
    return "testing" if percent < _VALIDATION_PERCENT + _TESTING_PERCENT else "training"


def assign_splits(clips: Sequence[Clip], folder: Path | None = None) -> list[str]:
    """The split of every clip, in order.

    A `split` that the clip table gives wins; then the official lists (`validation_list.txt`, `testing_list.txt`) in
    `folder`; then the hash rule, by speaker. A clip without a known speaker counts as a speaker of its own. With so few
    speakers that the hash rule leaves validation without any, the speakers are ranked by their hash instead: the first
    tenth (at least one) validates, the next tenth tests (only from three speakers on).

    Raises
    ------
    WordspotError
        A `split` that is none of the three; a single known speaker, who cannot both train and judge.
    """
    if any(clip.split for clip in clips):
        return [_checked(clip) for clip in clips]
    lists = _read_lists(folder) if folder else {}
    if lists:
        keys = [_list_key(clip.source or clip.file_name) for clip in clips]
        if not lists.keys() & set(keys):
            raise WordspotError(f"{folder}: {' and '.join(SPLIT_LISTS)} name none of the clips: correct or remove them")
        return [lists.get(key, "training") for key in keys]
    by_speaker = _splits_of_speakers({speaker_of(clip) for clip in clips})
    return [by_speaker[speaker_of(clip)] for clip in clips]


def speaker_of(clip: Clip) -> str:
    """The speaker, or where none is known the file's own name: then each recording is a group of its own."""
    return clip.speaker or PurePosixPath(clip.source or clip.file_name).stem


def _checked(clip: Clip) -> str:
    if clip.split not in SPLITS:
        raise WordspotError(f"{clip.file_name} has split {clip.split!r}; wanted one of {', '.join(SPLITS)}")
    return clip.split


def _splits_of_speakers(speakers: Iterable[str]) -> dict[str, str]:
    ranked = sorted(speakers, key=lambda speaker: (hash_percent(speaker), speaker))
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


def _read_lists(folder: Path) -> dict[str, str]:
    """{label/name without ending: split} of the official lists; a clip that none names is for training."""
    found: dict[str, str] = {}
    for name in SPLIT_LISTS:
        if (folder / name).is_file():
            for line in _read_text(folder / name).splitlines():
                if line.strip():
                    found[_list_key(line.strip())] = name.removesuffix("_list.txt")
    return found


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WordspotError(f"{path} is not a text in UTF-8 ({error}): save it again as such") from error


def _list_key(path: str) -> str:
    pure = PurePosixPath(path)
    return str(pure.with_suffix("") if pure.name else pure)
