"""Training a network on a feature set: the loop, what it writes, and taking it up again."""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...data.clips import CLIP_TABLE
from ...data.errors import LossError, WordspotError
from ...data.feature_set import FeatureSet, is_feature_set, read_feature_set
from ...data.files import copy, replacing
from ...data.folders import check_folder
from ...data.front_end import FrontEnd
from ...models import NetworkShape, build_network
from ..features.extract import extract, is_extracted_from
from ..progress import Progress, no_progress
from ..scoring.confusion import Confusion
from .batches import Classes, Examples, SplitClips, TrainingBatches, prefetched
from .distillation import soft_labels_of
from .network import cross_entropy, load_network, logits
from .results import write_results
from .run import HISTORY_COLUMNS, Run, best_epoch, make_config
from .settings import AugmentSettings, TrainSettings
from .tensorboard import TensorBoardLog, write_projector
from .transfer import TrainedNetwork

_WARM_UP_SHARE = 0.1  # of all steps
_SAMPLE_ROWS = 4_096  # of the feature set, to measure mean and spread


@dataclass(frozen=True)
class Pace:
    """How fast an epoch went: examples a second, and the share of its time spent waiting for the next batch."""

    examples_per_s: float
    waiting_share: float


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to: its row of `history.csv`, the confusion on validation speakers, whether its network is kept."""

    row: dict[str, float]
    confusion: Confusion
    is_best: bool
    pace: Pace


@dataclass(frozen=True)
class TrainingCallbacks:
    """What to call while training: before it starts, after each step and after each epoch."""

    on_start: Callable[[Classes, dict[str, dict[str, int]], FeatureSet], None] = lambda classes, counts, data: None
    on_step: Callable[[int, int, int], None] = lambda epoch, step, steps: None
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    progress: Progress = no_progress


def train(
    data: Path,
    run_folder: Path,
    words: Sequence[str],
    settings: TrainSettings = TrainSettings(),
    augmentation: AugmentSettings = AugmentSettings(),
    *,
    start: TrainedNetwork | None = None,
    teacher: TrainedNetwork | None = None,
    resume: bool = False,
    watcher: TrainingCallbacks = TrainingCallbacks(),
) -> Confusion:
    """Trains, writes the run folder, and returns the confusion of the best epoch's network.

    That is on the testing speakers where there are any (the best epoch was chosen on the validation speakers, and so
    flatters itself a little on them), else on the validation speakers.

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
        How to train.
    start
        A trained network whose body to begin with, instead of random weights; it takes the place of `settings.model`.
    teacher
        A trained network for the same words and front end, whose answers are learned as well as the labels.
    resume
        Go on with an interrupted run.
    watcher
        Told how it goes.

    Raises
    ------
    WordspotError
        Data or words that do not do, a run folder that is something else, a loss that is no longer finite.
    """
    if start:
        settings = dataclasses.replace(settings, model=start.model)
    _check_fit(start, teacher)
    run = Run(run_folder)
    run.reserve(resume=resume)
    feature_set = open_data(data, run, watcher.progress, start or teacher)
    _check_front_end(feature_set, data, teacher)
    classes = Classes.choose(feature_set, words)
    training = SplitClips(feature_set, classes, "training", augmentation)
    validation = SplitClips(feature_set, classes, "validation", augmentation)
    counts = {clips.split: clips.counts() for clips in (training, validation)}
    _check_counts(counts)
    names = (other.name if other else None for other in (start, teacher))
    run.open(make_config(data, classes, feature_set, settings, augmentation, *names))
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    soft_labels = soft_labels_of(teacher, feature_set, classes) if teacher else None
    batches = TrainingBatches(training, settings, augmentation, _mean_and_std(feature_set)[0], soft_labels)
    watcher.on_start(classes, counts, feature_set)
    model = _load_checkpoint(run) or _new_model(settings, feature_set, batches, len(classes.labels), start)
    examples = validation.fixed_examples()
    best = _Loop(run, model, batches, examples, classes, settings, watcher).go()
    kept = load_network(run.model)
    write_projector(run.tensorboard, kept, examples, classes.labels)
    testing = SplitClips(feature_set, classes, "testing", augmentation)
    judge = testing if len(testing) else validation
    judged = judge.fixed_examples()
    return write_results(run, kept, int(best["epoch"]), judged, judge.split, classes, feature_set)


class _Loop:
    """The epochs, from wherever the checkpoint stands."""

    def __init__(
        self,
        run: Run,
        model: keras.Model,
        batches: TrainingBatches,
        validation: Examples,
        classes: Classes,
        settings: TrainSettings,
        watcher: TrainingCallbacks,
    ) -> None:
        self._run, self._model, self._batches, self._validation = run, model, batches, validation
        self._classes, self._settings, self._watcher = classes, settings, watcher
        self._done = int(model.optimizer.iterations) // batches.steps
        self._history = run.read_history()[: self._done]
        if len(self._history) < self._done:
            raise WordspotError(f"{run.history} lacks epochs that were trained: train again into another folder")
        self._board = TensorBoardLog(run.tensorboard)

    @property
    def best(self) -> dict[str, float]:
        """The row of the epoch whose network is kept: the newest, or the one that was it before."""
        return best_epoch(self._history, len(self._validation.classes))

    def go(self) -> dict[str, float]:
        """Trains to the end, and returns the row of the best epoch."""
        while self._done < self._settings.epochs and not self._out_of_patience():
            self._one_epoch()
        return self.best

    def _out_of_patience(self) -> bool:
        return bool(self._history) and self._done - self.best["epoch"] >= self._settings.patience

    def _one_epoch(self) -> None:
        epoch = self._done + 1
        rate = float(self._model.optimizer.learning_rate)
        loss, accuracy, pace = self._fit(epoch)
        answers, truth = logits(self._model, self._validation.frames), self._validation.classes
        validation_loss = cross_entropy(answers, truth)
        # while training, a rectifier may turn what is no number into zeros: then only the answers show it
        if not math.isfinite(loss + validation_loss):
            raise LossError(
                f"the loss became {loss + validation_loss} in epoch {epoch}: try a lower --learning-rate than "
                f"{self._settings.learning_rate:g}; if that does not help, the features are damaged: extract them again"
            )
        confusion = Confusion.count(self._classes.labels, truth, answers.argmax(axis=1))
        values = (epoch, rate, loss, accuracy, validation_loss, confusion.accuracy)
        row = dict(zip(HISTORY_COLUMNS, values, strict=True))
        self._history.append(row)
        is_best = self.best is row
        with replacing(self._run.checkpoint) as saved:
            self._model.save(saved)
            # the checkpoint takes its place last: a run killed before repeats the epoch, and writes the same again
            if is_best:
                copy(saved, self._run.model)
            self._run.write_history(self._history)
        self._done = epoch
        self._board.log_epoch(row, confusion, self._model)
        self._watcher.on_epoch(Epoch(row, confusion, is_best, pace))

    def _fit(self, epoch: int) -> tuple[float, float, Pace]:
        """Loss and accuracy over the epoch, and how fast it went.

        Batches are given one by one: `fit` would put them through tf.data's generator, which has the process hand every
        freed array back to the kernel at once, and a third of the time goes into taking it again.
        """
        sums, waited, examples, began = np.zeros(2), 0.0, 0, time.perf_counter()
        batches = prefetched(self._batches.epoch(epoch))
        self._seed_dropout(epoch)
        for step in range(self._batches.steps):
            asked = time.perf_counter()
            frames, targets = next(batches)
            waited += time.perf_counter() - asked
            logs: Any = self._model.train_on_batch(frames, targets, return_dict=True)
            sums += len(frames) * np.array([logs["loss"], logs["accuracy"]])
            examples += len(frames)
            self._watcher.on_step(epoch, step + 1, self._batches.steps)
        seconds = time.perf_counter() - began
        loss, accuracy = (sums / examples).tolist()
        return loss, accuracy, Pace(examples / seconds, waited / seconds)

    def _seed_dropout(self, epoch: int) -> None:
        """Makes what is dropped depend on nothing but seed and epoch, so that a resumed run ends as any other."""
        generators = (getattr(layer, "seed_generator", None) for layer in self._model.layers)
        for index, generator in enumerate(filter(None, generators)):
            state = np.random.SeedSequence([self._settings.seed, epoch, index]).generate_state(2)
            generator.state.assign(state.astype(generator.state.dtype))


def open_data(data: Path, run: Run, progress: Progress, start: TrainedNetwork | None = None) -> FeatureSet:
    """The feature set, or that of a clean folder, extracted into the run. Raises `WordspotError` for anything else."""
    check_folder(data)
    if is_feature_set(data):
        return _check_front_end(read_feature_set(data), data, start)
    if not (data / CLIP_TABLE).is_file():
        raise WordspotError(
            f"{data} is neither a clean folder nor a feature set: `wordspot clean {data} CLIPS` makes the first, then train "
            "on CLIPS"
        )
    wanted = start.front_end if start else FrontEnd()
    if is_feature_set(run.features) and is_extracted_from(run.features, data):
        known = read_feature_set(run.features)
        fits = dataclasses.replace(known.front_end, clip_ms=wanted.clip_ms) == wanted  # that one is the clips'
        if fits or run.config.is_file():
            return _check_front_end(known, data, start)
    elif is_feature_set(run.features) and run.config.is_file():
        raise WordspotError(f"the clips of {data} have changed since {run.folder} was begun: train into another folder")
    extract(data, run.features, wanted, progress=progress)
    return _check_front_end(read_feature_set(run.features), data, start)


def _check_front_end(feature_set: FeatureSet, data: Path, start: TrainedNetwork | None) -> FeatureSet:
    if start and feature_set.front_end != start.front_end:
        raise WordspotError(
            f"{data} has another front end than {start.name} was trained with: "
            f"{feature_set.front_end.unlike(start.front_end)}. Train on the clean folder itself, and its features are made "
            "to fit"
        )
    return feature_set


def _check_fit(start: TrainedNetwork | None, teacher: TrainedNetwork | None) -> None:
    if start and teacher and start.front_end != teacher.front_end:
        raise WordspotError(
            f"{start.name} and {teacher.name} were trained with different front ends: "
            f"{start.front_end.unlike(teacher.front_end)}. Choose two that share one, or only one of them"
        )


def _check_counts(counts: dict[str, dict[str, int]]) -> None:
    for word, clips in counts["training"].items():
        if clips == 0:
            raise WordspotError(
                f"the word {word!r} has no clips of a training speaker ({counts['validation'][word]} of validation "
                "speakers): record more of it, by other people, or leave it out of --words"
            )
    if not any(counts["validation"].values()):
        raise WordspotError("none of the words has a clip of a validation speaker: record more, by other people")


def _mean_and_std(feature_set: FeatureSet) -> tuple[float, float]:
    """Of the log-mel values of (a spread of) the training clips."""
    rows = [row for row, clip in enumerate(feature_set.clips) if clip.split == "training"]
    rows = rows[:: max(1, len(rows) // _SAMPLE_ROWS)]
    sample = feature_set.log_mel[rows].astype(np.float32)
    return float(sample.mean()), float(max(sample.std(), 1e-3))


def _new_model(
    settings: TrainSettings,
    feature_set: FeatureSet,
    batches: TrainingBatches,
    n_labels: int,
    start: TrainedNetwork | None,
) -> keras.Model:
    front_end = feature_set.front_end
    if start:
        model = start.with_head(batches, n_labels)
    else:
        shape = NetworkShape(front_end.n_frames, front_end.n_mels, n_labels, *_mean_and_std(feature_set))
        model = build_network(settings.model, shape)
    total = settings.epochs * batches.steps
    warm_up = max(1, round(_WARM_UP_SHARE * total))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, total - warm_up), warmup_target=settings.learning_rate, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)  # type: ignore[arg-type]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=settings.label_smoothing)
    # with all its variables there before the first step, TensorFlow traces the step once, not twice
    model.compile(optimizer, loss, metrics=[keras.metrics.CategoricalAccuracy("accuracy")])
    optimizer.build(model.trainable_variables)
    return model


def _load_checkpoint(run: Run) -> keras.Model | None:
    if not run.checkpoint.is_file():
        return None
    return load_network(run.checkpoint)
