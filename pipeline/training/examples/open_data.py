"""What a run trains on: a feature set, or a clean folder whose features are extracted into the run."""

import dataclasses
from pathlib import Path

from ....data.errors import WordspotError
from ....data.feature_set import FeatureSet, is_feature_set, read_feature_set
from ....data.front_end import FrontEnd
from ...features.extract import extract, is_extracted_from
from ...progress import Progress
from ..run_folder.run import Run
from ..trained_network import TrainedNetwork
from .check_data import check_kind


def open_data(data: Path, run: Run, progress: Progress, trained: TrainedNetwork | None = None) -> FeatureSet:
    """The feature set, or that of a clean folder, extracted into the run with the front end of `trained`, if any.

    Raises
    ------
    WordspotError
        Anything else in `data`, clips that have changed since the run was begun, or a feature set whose front end is not
        that of `trained`.
    """
    check_kind(data)
    if is_feature_set(data):
        return check_front_end(read_feature_set(data), data, trained)
    expected = trained.front_end if trained else FrontEnd()
    known = _extracted_before(data, run, expected)
    if known is None:
        extract(data, run.features, expected, progress=progress)
    return check_front_end(known or read_feature_set(run.features), data, trained)


def _extracted_before(data: Path, run: Run, expected: FrontEnd) -> FeatureSet | None:
    """The features that an earlier start left in the run; None where they do not do and may be made anew."""
    if not is_feature_set(run.features):
        return None
    is_begun = run.config.is_file()
    if not is_extracted_from(run.features, data):
        if is_begun:
            raise WordspotError(
                f"the clips of {data} have changed since {run.folder} was begun: train into another folder"
            )
        return None
    known = read_feature_set(run.features)
    fits = dataclasses.replace(known.front_end, clip_ms=expected.clip_ms) == expected  # that one is the clips'
    return known if fits or is_begun else None


def check_front_end(feature_set: FeatureSet, data: Path, trained: TrainedNetwork | None) -> FeatureSet:
    """The feature set itself. Raises `WordspotError` unless its front end is that of the trained network, if any."""
    if trained and feature_set.front_end != trained.front_end:
        raise WordspotError(
            f"{data} has another front end than {trained.name} was trained with: "
            f"{feature_set.front_end.unlike(trained.front_end)}. Train on the clean folder itself, and its features are "
            "made to fit"
        )
    return feature_set
