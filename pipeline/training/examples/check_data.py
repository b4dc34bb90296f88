"""What is wrong with data and words, said before TensorFlow is loaded, which takes seconds."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from ....data.clips import find_clip_table
from ....data.errors import WordspotError, WordspotWarning
from ....data.feature_set import is_feature_set, read_feature_set
from ....data.recordings.folders import check_folder
from .batches import Classes


def check_kind(data: Path) -> None:
    """Raises `WordspotError` for what is neither a clean folder nor a feature set."""
    check_folder(data)
    if not is_feature_set(data) and find_clip_table(data) is None:
        raise WordspotError(
            f"{data} is neither a clean folder nor a feature set: `wordspot clean {data} CLIPS` makes the first, then train "
            "on CLIPS"
        )


def check_data(data: Path, words: Sequence[str]) -> None:
    """Raises `WordspotError` for the same, and for words that a feature set does not have; of clips it is seen later."""
    check_kind(data)
    if is_feature_set(data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", WordspotWarning)  # they come again
            Classes.choose(read_feature_set(data), words)
