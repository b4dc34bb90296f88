"""Training a network: data, classes and a network brought together, trained by the loop, and judged."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ...data.buckets import here
from ...data.errors import WordspotError
from ...data.feature_set import FeatureSet
from ...models import NetworkShape, build_network
from ..scoring.confusion import Confusion
from .cross_validation import CrossValidated, CrossValidation, cross_validate
from .distillation import soft_labels_of
from .examples.batches import Classes, Examples, SplitClips, TrainingBatches
from .examples.negatives import NegativeExamples, RunningSpeech
from .examples.open_data import check_front_end, open_data
from .examples.open_negatives import Negatives
from .loop import TrainingCallbacks, TrainingLoop
from .network import load_network
from .open_microphone import HeldOutNegatives
from .optimizer import compile_network
from .preparation import Approach, Material
from .replicas import Replicas
from .run_folder.history import EpochFigures
from .run_folder.results import write_results
from .run_folder.run import Run
from .run_folder.run_config import RunConfig
from .run_folder.tensorboard import write_projector
from .settings import AugmentSettings, TrainSettings
from .trained_network import TrainedNetwork
from .transfer import with_new_head

_SAMPLED_CLIPS = 4_096  # of the feature set, to measure mean and spread
_PART_SHARE = 0.25  # of the epochs (models/EXPERIMENTS.md, 2026-11-28)
_SMALLEST_STD = 1e-3  # of the log-mel values: silence alone has none, and is divided by it


def train(
    data: Path | str,
    run_folder: Path | str,
    words: Sequence[str] = (),
    settings: TrainSettings | None = None,
    augmentation: AugmentSettings | None = None,
    *,
    start: TrainedNetwork | Path | str | None = None,
    teacher: TrainedNetwork | Path | str | None = None,
    negatives: Path | str | None = None,
    resume: bool = False,
    judged_on_all: bool = True,
    strategy: Replicas | str | None = None,
    callbacks: TrainingCallbacks = TrainingCallbacks(),
) -> Confusion:
    """Trains, writes the run folder, and returns the confusion of the best epoch's network.

    That is on the testing speakers where there are any (the best epoch was chosen on the validation speakers, and so
    flatters itself a little on them), else on the validation speakers. With few clips or speakers it is on all of them,
    by cross-validation; then the network is trained on all, for all epochs (see `cross_validation`).

    Parameters
    ----------
    data
        A clean folder (its features are extracted into the run) or a feature set.
    run_folder
        New or empty; with `resume` the folder of an interrupted run with the same settings, which then ends as it would
        have without the interruption.
    words
        Labels to recognize; every other label is `_unknown_`. Empty: every label.
    settings, augmentation
        How to train; None: what has proved itself with the start.
    start
        A trained network whose body to begin with, instead of random weights (a run folder, or the name of a model that
        ships); it takes the place of `settings.model`. None: random weights where `settings` or a teacher are given or
        there are enough clips, else `small` (see `start.choose_start`); "none": random weights.
    teacher
        A trained network for the same words and front end, whose answers are learned as well as the labels.
    negatives
        A folder of long recordings without any of the words, besides those that the data has (`_negatives_`).
    resume
        Go on with an interrupted run.
    judged_on_all
        Whether few clips or speakers are judged by cross-validation; False: on those that are held out, however few.
    strategy
        "mirrored" trains on all GPUs of this machine, "multi-worker" on the machines that the environment variable TF_CONFIG
        names, where the same is called; the first of them writes the run folder, and `resume` needs one that all can read.
        None: one device.
    callbacks
        What to call while training.

    Raises
    ------
    WordspotError
        Data or words that do not do, a run folder that is something else, a loss that is no longer finite, workers that
        differ or were lost.
    """
    if isinstance(strategy, str):
        replicas = Replicas.open(strategy)
        with replicas.lost_workers_named(), replicas.own_folder(here(run_folder), resume=resume) as own_folder:
            return train(
                data,
                own_folder,
                words,
                settings,
                augmentation,
                start=start,
                teacher=teacher,
                negatives=negatives,
                resume=resume,
                judged_on_all=judged_on_all,
                strategy=replicas,
                callbacks=callbacks,
            )
    data, run = here(data), Run(here(run_folder))
    extra = here(negatives) if negatives is not None else None
    approach = Approach.choose(data, words, settings, augmentation, start, teacher, run.folder if resume else None)
    run.reserve(resume=resume)
    feature_set = open_data(data, run, callbacks.progress, approach.start or approach.teacher)
    check_front_end(feature_set, data, approach.teacher)
    may_cross = judged_on_all and not _held_out_before(run)
    material = Material.choose(feature_set, words, approach, extra, callbacks.progress, may_cross=may_cross)
    _check_counts(material.counts)
    config = _config(data, material, approach)
    if strategy:
        _check_together(strategy, run, config, material.cross)
    run.open(config)
    tf.config.experimental.enable_op_determinism()
    fit = _Fit.of(material, approach, strategy)
    callbacks.on_start(material.classes, material.counts, feature_set, material.negatives)
    crossed = _cross_validate(material.cross, run, fit, callbacks) if material.cross else None
    best = fit(run, material.training, None if crossed else material.validation.fixed_examples(), callbacks)
    return _write(run, best, material, crossed)


def _held_out_before(run: Run) -> bool:
    """Whether the run was begun without cross-validation."""
    return run.config.is_file() and not run.read_config().cross_validated


def _write(run: Run, best: EpochFigures, material: Material, crossed: CrossValidated | None) -> Confusion:
    """The last files of the run, and what its network confuses."""
    kept, classes = load_network(run.model), material.classes
    shown = (material.training if crossed else material.validation).fixed_examples()
    write_projector(run.tensorboard, kept, shown, classes.labels)
    judge = material.testing if len(material.testing) else material.validation
    examples = crossed.judged()[0] if crossed else judge.fixed_examples()
    split = "cross-validation" if crossed else judge.split
    negatives = material.negatives
    held_out = _held_out(negatives, judge.split, classes) or _held_out(negatives, "validation", classes)
    return write_results(run, kept, best.epoch, examples, split, classes, material.feature_set, held_out, crossed)


def _check_together(replicas: Replicas, run: Run, config: RunConfig, cross: CrossValidation | None) -> None:
    """Raises `WordspotError` where workers would not do the same, step by step: none would ever end."""
    if cross:
        raise WordspotError(
            "so few clips or speakers are trained on several times, to judge by cross-validation, which one device does "
            "in minutes: leave strategy out"
        )
    replicas.check_same(config.to_dict() | {"epochs trained": len(run.read_history())})


def _negative_examples(negatives: Negatives, training: SplitClips, settings: TrainSettings) -> NegativeExamples | None:
    if not settings.negative_share or not negatives:
        return None
    feature_set, parts = training.feature_set, negatives.parts("training")
    speech = RunningSpeech(parts, feature_set.front_end.n_frames) if parts else None
    return NegativeExamples(speech, feature_set.log_mel, training.rows, training.classes.labels, settings.mined_share)


def _held_out(negatives: Negatives, split: str, classes: Classes) -> HeldOutNegatives | None:
    parts = negatives.parts(split)
    return HeldOutNegatives(parts, negatives.front_end, classes.labels) if parts else None


@dataclass(frozen=True)
class _Fit:
    """Trains a network in a run folder, from its checkpoint if any, always in the same way."""

    classes: Classes
    settings: TrainSettings
    augmentation: AugmentSettings
    start: TrainedNetwork | None
    soft_labels: np.ndarray | None
    negatives: Negatives
    replicas: Replicas | None = None

    @classmethod
    def of(cls, material: Material, approach: Approach, replicas: Replicas | None) -> "_Fit":
        soft_labels = soft_labels_of(approach.teacher, material.joined, material.classes) if approach.teacher else None
        return cls(
            material.classes,
            approach.settings,
            approach.augmentation,
            approach.start,
            soft_labels,
            material.negatives,
            replicas,
        )

    def for_part(self) -> "_Fit":
        """The same for a part of a cross-validation: of a trained body a quarter of the epochs says nearly as much."""
        if not self.start:
            return self
        epochs = max(1, round(_PART_SHARE * self.settings.epochs))
        return dataclasses.replace(self, settings=dataclasses.replace(self.settings, epochs=epochs))

    def __call__(
        self, run: Run, training: SplitClips, validation: Examples | None, callbacks: TrainingCallbacks
    ) -> EpochFigures:
        """The best epoch; its network lies in the run folder."""
        keras.utils.set_random_seed(self.settings.seed)
        feature_set = training.feature_set
        mean, _ = _mean_and_std(feature_set)
        mixed_in = _negative_examples(self.negatives, training, self.settings)
        batches = TrainingBatches(training, self.settings, self.augmentation, mean, self.soft_labels, mixed_in)
        held_out = _held_out(self.negatives, "validation", self.classes)
        before = self.start.network.get_weights() if self.start else []
        network = _network(run, self.settings, feature_set, batches, len(self.classes.labels), self.start)
        best = TrainingLoop(
            run, network, batches, validation, self.classes, self.settings, callbacks, held_out, self.replicas
        ).run_to_end()
        if self.start:
            self.start.network.set_weights(before)  # its layers were trained, and others begin with them
        return best


def _cross_validate(cross: CrossValidation, run: Run, fit: _Fit, callbacks: TrainingCallbacks) -> CrossValidated:
    silent, quick = dataclasses.replace(callbacks, on_epoch=lambda epoch: None), fit.for_part()

    def fit_part(of_part: Run, feature_set: FeatureSet) -> keras.Model:
        clips = SplitClips(fit.negatives.joined_to(feature_set), fit.classes, "training", fit.augmentation)
        quick(of_part, clips, None, silent)
        return load_network(of_part.model)

    return cross_validate(cross, fit.classes, run, fit_part, callbacks.on_part)


def _check_counts(counts: dict[str, dict[str, int]]) -> None:
    for word, clips in counts["training"].items():
        if clips == 0:
            raise WordspotError(
                f"the word {word!r} has no clips of a training speaker ({counts['validation'][word]} of validation "
                "speakers): record more of it, by other people, or leave it out of the words"
            )
    if "validation" in counts and not any(counts["validation"].values()):
        raise WordspotError("none of the words has a clip of a validation speaker: record more, by other people")


def _config(data: Path, material: Material, approach: Approach) -> RunConfig:
    return RunConfig(
        data=data.resolve(),
        words=material.classes.words,
        classes=material.classes.labels,
        settings=approach.settings,
        augmentation=approach.augmentation,
        clips=material.feature_set.checksum,
        front_end=material.feature_set.front_end,
        start=approach.start.name if approach.start else None,
        teacher=approach.teacher.name if approach.teacher else None,
        # TensorFlow's package has two names
        versions={name: version(name) for name in ("wordspot", "keras", "numpy")} | {"tensorflow": tf.__version__},
        negatives=str(material.negatives),
        cross_validated=material.cross is not None,
    )


def _mean_and_std(feature_set: FeatureSet) -> tuple[float, float]:
    """Of the log-mel values of (a spread of) the training clips."""
    rows = [row for row, clip in enumerate(feature_set.clips) if clip.split == "training"]
    rows = rows[:: max(1, len(rows) // _SAMPLED_CLIPS)]
    sample = feature_set.log_mel[rows].astype(np.float32)
    return float(sample.mean()), float(max(sample.std(), _SMALLEST_STD))


def _network(
    run: Run,
    settings: TrainSettings,
    feature_set: FeatureSet,
    batches: TrainingBatches,
    n_labels: int,
    start: TrainedNetwork | None,
) -> keras.Model:
    """The network of the run's checkpoint, or a new one: from `start`, or with random weights."""
    if run.checkpoint.is_file():
        return load_network(run.checkpoint)
    if start:
        network = with_new_head(start.network, batches, n_labels)
    else:
        front_end = feature_set.front_end
        shape = NetworkShape(front_end.n_frames, front_end.n_mels, n_labels, *_mean_and_std(feature_set))
        network = build_network(settings.model, shape)
    compile_network(network, settings, batches.steps)
    return network
