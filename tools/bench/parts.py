"""A part of a feature set as a feature set of its own, for benches that train on less than there is."""

import dataclasses
from pathlib import Path

from ...data.feature_set import FeatureSet, is_feature_set, write_noise, writing_feature_set

Part = list[tuple[int, str]]  # rows of a feature set, and the split that each gets


def write_part(folder: Path, everything: FeatureSet, part: Part) -> None:
    """Writes these rows, and all the noise, unless the folder is there."""
    if is_feature_set(folder):
        return
    rows = [row for row, _ in part]
    clips = [dataclasses.replace(everything.clips[row], split=split) for row, split in part]
    with writing_feature_set(folder, everything.front_end, clips) as (frames, unfinished):
        for row, source in enumerate(rows):
            frames[row] = everything.log_mel[source]
        write_noise(unfinished, [f"{i}" for i in range(len(everything.noise))], everything.noise)
