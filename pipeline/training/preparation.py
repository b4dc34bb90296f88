"""What a run is made of: how to train, and what on."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...data.errors import WordspotError
from ...data.feature_set import FeatureSet
from ...data.splits import SPLITS
from ..progress import Progress
from .cross_validation import CrossValidation
from .examples.batches import Classes, SplitClips
from .examples.open_negatives import Negatives, open_negatives
from .settings import AugmentSettings, TrainSettings
from .start import FROM_SCRATCH, Start, choose_start
from .trained_network import TrainedNetwork


@dataclass(frozen=True)
class Approach:
    """How to train.

    Attributes
    ----------
    settings, augmentation
        How long, how fast, and how far each example is changed.
    start, teacher
        The networks to begin with and to learn from, if any.
    """

    settings: TrainSettings
    augmentation: AugmentSettings
    start: TrainedNetwork | None
    teacher: TrainedNetwork | None

    @classmethod
    def choose(
        cls,
        data: Path,
        words: Sequence[str],
        settings: TrainSettings | None,
        augmentation: AugmentSettings | None,
        start: TrainedNetwork | Path | str | None,
        teacher: TrainedNetwork | Path | str | None,
        resumed: Path | None,
    ) -> "Approach":
        """What was said, and for the rest what has proved itself; `resumed` is a run folder to go on with."""
        begin = Start(None if start in (None, FROM_SCRATCH) else str(start))
        if start is None and settings is None and teacher is None:
            start = (begin := choose_start(data, words, resumed)).network
        settings, start, teacher = settings or begin.recipe.settings, _loaded(start), _loaded(teacher)
        if start:
            settings = dataclasses.replace(settings, model=start.model)
        _check_fit(start, teacher)
        return cls(settings, augmentation or begin.recipe.augmentation, start, teacher)


@dataclass(frozen=True)
class Material:
    """What is trained on, and what judges.

    Attributes
    ----------
    feature_set, joined
        The clips, and the same with those of the negatives behind them.
    classes
        What to tell apart.
    negatives
        Sound without any of the words.
    cross
        Which clips are judged together by cross-validation; None: those that are held out are judged.
    training, validation, testing
        The clips by split; with `cross` all of them train.
    """

    feature_set: FeatureSet
    joined: FeatureSet
    classes: Classes
    negatives: Negatives
    cross: CrossValidation | None
    training: SplitClips
    validation: SplitClips
    testing: SplitClips

    @classmethod
    def choose(
        cls,
        feature_set: FeatureSet,
        words: Sequence[str],
        approach: Approach,
        negatives_folder: Path | None,
        progress: Progress,
        *,
        may_cross: bool,
    ) -> "Material":
        """The classes of these words, with negatives, and cross-validation where it may be and there are few clips."""
        classes, shipped = Classes.choose(feature_set, words), approach.settings.shipped_negatives
        negatives = open_negatives(feature_set, classes.words, negatives_folder, shipped=shipped, progress=progress)
        if negatives:
            classes = classes.with_unknown()
        cross = CrossValidation.choose(feature_set, classes) if may_cross else None
        joined = negatives.joined_to(cross.feature_set if cross else feature_set)
        parts = (SplitClips(joined, classes, split, approach.augmentation) for split in SPLITS)
        return cls(feature_set, joined, classes, negatives, cross, *parts)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """{split: {word: clips}}."""
        return {clips.split: clips.counts() for clips in (self.training, *([] if self.cross else [self.validation]))}


def _loaded(network: TrainedNetwork | Path | str | None) -> TrainedNetwork | None:
    if network == FROM_SCRATCH:
        return None
    return TrainedNetwork.load(network) if isinstance(network, str | Path) else network


def _check_fit(start: TrainedNetwork | None, teacher: TrainedNetwork | None) -> None:
    if start and teacher and start.front_end != teacher.front_end:
        raise WordspotError(
            f"{start.name} and {teacher.name} were trained with different front ends: "
            f"{start.front_end.unlike(teacher.front_end)}. Choose two that share one, or only one of them"
        )
