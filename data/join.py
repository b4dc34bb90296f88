"""Several feature sets as one."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from .clips import Clip
from .errors import WordspotError
from .feature_set import LongSound, read_feature_set, write_negatives, write_noise, writing_feature_set

_ROWS_AT_ONCE = 4_096


def join_feature_sets(folders: Sequence[Path], out: Path) -> int:
    """Writes the clips, the noise and the negatives of several feature sets as one; returns the number of clips.

    A clip's name gets the name of its folder in front, so that none is lost. Splits stay as they are: that a speaker is in
    the same split everywhere is for whoever made them to see to, and is checked.

    Raises
    ------
    WordspotError
        Front ends that differ, two folders of the same name, or a speaker in two splits.
    """
    if len({folder.name for folder in folders}) < len(folders):
        raise WordspotError("two of the feature sets have the same name: rename one, it tells their clips apart")
    sets = [read_feature_set(folder) for folder in folders]
    for folder, each in zip(folders[1:], sets[1:], strict=True):
        if each.front_end != sets[0].front_end:
            raise WordspotError(
                f"{folder} has another front end than {folders[0]}: {each.front_end.unlike(sets[0].front_end)}"
            )
    clips = [
        dataclasses.replace(clip, file_name=f"{folder.name}/{clip.file_name}")
        for folder, each in zip(folders, sets, strict=True)
        for clip in each.clips
    ]
    _check_speakers(clips)
    with writing_feature_set(out, sets[0].front_end, clips) as (frames, unfinished):
        row = 0
        for each in sets:
            for start in range(0, len(each.clips), _ROWS_AT_ONCE):
                part = each.log_mel[start : start + _ROWS_AT_ONCE]
                frames[row : row + len(part)] = part
                row += len(part)
        noise = [part for each in sets for part in each.noise]
        if noise:
            write_noise(unfinished, [f"{i}" for i in range(len(noise))], noise)
        negatives = [
            LongSound(f"{folder.name}/{sound.name}", sound.frames)
            for folder, each in zip(folders, sets, strict=True)
            for sound in each.negatives
        ]
        if negatives:
            write_negatives(unfinished, negatives)
    return len(clips)


def _check_speakers(clips: Sequence[Clip]) -> None:
    split_of: dict[str, str] = {}
    for clip in clips:
        if clip.speaker and split_of.setdefault(clip.speaker, clip.split) != clip.split:
            raise WordspotError(
                f"speaker {clip.speaker} is in {split_of[clip.speaker]} and in {clip.split} ({clip.file_name}): a figure "
                "would be of a voice that was trained on; give the speaker one split"
            )
