"""The training loop: epoch after epoch, each judged and kept, from wherever the checkpoint stands."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ...data.errors import LossError, WordspotError
from ...data.feature_set import FeatureSet
from ...data.files import copy, replacing
from ..progress import Progress, no_progress
from ..scoring.confusion import Confusion
from .examples.batches import Classes, Examples, TrainingBatches, prefetched
from .examples.open_negatives import Negatives
from .network import logits
from .open_microphone import HeldOutNegatives
from .probabilities import cross_entropy, softmax
from .replicas import Replicas
from .run_folder.history import EpochFigures, best_epoch
from .run_folder.run import Run
from .run_folder.tensorboard import TensorBoardLog
from .settings import TrainSettings

_NOT_JUDGED = {"validation_loss": math.nan, "validation_accuracy": math.nan}  # where every clip is trained on


@dataclass(frozen=True)
class Pace:
    """How fast an epoch went: examples per second, and the share of its time spent waiting for the next batch."""

    examples_per_s: float
    waiting_share: float


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes
    ----------
    figures
        Its row of `history.csv`.
    confusion
        Of the validation examples, if any.
    is_best
        Whether its network is kept.
    pace
        How fast it went.
    """

    figures: EpochFigures
    confusion: Confusion | None
    is_best: bool
    pace: Pace


@dataclass(frozen=True)
class TrainingCallbacks:
    """What to call while training.

    Attributes
    ----------
    on_start
        Before it starts, with the classes, {split: {word: clips}}, the feature set and the negatives.
    on_step
        After each step, with the epoch, the step and the steps of an epoch, counted from 1.
    on_epoch
        After each epoch.
    on_part
        Before each part of a cross-validation, counted from 1, with how many there are; its epochs are not reported.
    progress
        Shows how far extracting features has come.
    """

    on_start: Callable[[Classes, dict[str, dict[str, int]], FeatureSet, Negatives], None] = (
        lambda classes, counts, data, negatives: None
    )
    on_step: Callable[[int, int, int], None] = lambda epoch, step, steps: None
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    on_part: Callable[[int, int], None] = lambda part, parts: None
    progress: Progress = no_progress


class TrainingLoop:
    """The epochs of a run, from wherever its checkpoint stands.

    Parameters
    ----------
    run
        Where history, checkpoint and the best network go.
    network
        Compiled: a new one, or that of the checkpoint.
    batches
        To train on.
    validation
        To judge every epoch by; None: every epoch is trained, and the last one kept.
    classes
        What the outputs of the network stand for.
    settings
        How to train.
    callbacks
        What to call meanwhile.
    negatives
        To judge every epoch by, too.
    replicas
        What trains copies of the network together; None: one device does.

    Raises
    ------
    WordspotError
        A history that lacks epochs of the checkpoint.
    """

    def __init__(
        self,
        run: Run,
        network: keras.Model,
        batches: TrainingBatches,
        validation: Examples | None,
        classes: Classes,
        settings: TrainSettings,
        callbacks: TrainingCallbacks,
        negatives: HeldOutNegatives | None = None,
        replicas: Replicas | None = None,
    ) -> None:
        self._replicas = replicas
        self._copies = replicas.copies(network, settings, batches.steps) if replicas else None
        self._run, self._network, self._batches, self._validation = run, network, batches, validation
        self._classes, self._settings, self._callbacks, self._negatives = classes, settings, callbacks, negatives
        self._words = int((validation.classes < len(classes.words)).sum()) if validation else 0
        self._done = int(network.optimizer.iterations) // batches.steps
        self._history = run.read_history()[: self._done]
        if len(self._history) < self._done:
            raise WordspotError(f"{run.history} lacks epochs that were trained: train again into another folder")
        self._tensorboard = TensorBoardLog(run.tensorboard)

    @property
    def best(self) -> EpochFigures:
        """The epoch whose network is kept: the newest, or the one that was it before."""
        if not self._validation:
            return self._history[-1]
        return best_epoch(self._history, len(self._validation.classes), self._words)

    def run_to_end(self) -> EpochFigures:
        """Trains until the last epoch, or until patience is lost, and returns the best epoch.

        Raises
        ------
        LossError
            The loss is no longer a number.
        """
        while self._goes_on():
            self._one_epoch()
        return self.best

    def _goes_on(self) -> bool:
        goes_on = self._done < self._settings.epochs and not self._is_out_of_patience()
        return bool(self._replicas.of_first(goes_on)) if self._replicas else goes_on

    def _is_out_of_patience(self) -> bool:
        return bool(self._history) and self._done - self.best.epoch >= self._settings.patience

    def _one_epoch(self) -> None:
        epoch = self._done + 1
        rate = float(self._network.optimizer.learning_rate)
        loss, accuracy, pace = self._fit(epoch)
        self._check_finite(loss, epoch)
        judged = self._judge(self._validation, epoch) if self._validation else {}
        confusion = judged.pop("confusion", None)
        figures = EpochFigures(epoch, rate, loss, accuracy, **(_NOT_JUDGED | judged))
        self._history.append(figures)
        is_best = self.best is figures
        self._save(is_best=is_best)
        self._done = epoch
        self._tensorboard.log_epoch(figures, confusion, self._network)
        self._callbacks.on_epoch(Epoch(figures, confusion, is_best, pace))

    def _judge(self, validation: Examples, epoch: int) -> dict[str, Any]:
        """The validation figures of `EpochFigures`, and the confusion."""
        answers, truth = logits(self._network, validation.frames), validation.classes
        loss = cross_entropy(answers, truth)
        # while training, a rectifier may turn what is no number into zeros: then only the answers show it
        self._check_finite(loss, epoch)
        confusion = Confusion.count(self._classes.labels, truth, answers.argmax(axis=1))
        heard = self._negatives.judge(self._network, answers, validation) if self._negatives else None
        figures = {"validation_loss": loss, "validation_accuracy": confusion.accuracy, "confusion": confusion}
        return figures | (dataclasses.asdict(heard) if heard else {})

    def _check_finite(self, loss: float, epoch: int) -> None:
        if not math.isfinite(loss):
            raise LossError(
                f"the loss became {loss} in epoch {epoch}: try a lower learning_rate than "
                f"{self._settings.learning_rate:g}; if that does not help, the features are damaged: extract them again"
            )

    def _save(self, *, is_best: bool) -> None:
        """The checkpoint takes its place last: a run killed before repeats the epoch, and writes the same again."""
        with replacing(self._run.checkpoint) as saved:
            self._network.save(saved)
            if is_best:
                copy(saved, self._run.model)
            self._run.write_history(self._history)

    def _fit(self, epoch: int) -> tuple[float, float, Pace]:
        """Loss and accuracy over the epoch, and how fast it went.

        Batches are given one by one: `fit` would put them through tf.data's generator, which has the process hand every
        freed array back to the kernel at once, and a third of the time goes into taking it again.
        """
        sums, waited, examples, began = np.zeros(2), 0.0, 0, time.perf_counter()
        if epoch > 1:  # before, it falls for anything
            self._batches.mine(epoch, lambda frames: softmax(logits(self._network, frames)))
        batches = prefetched(self._batches.epoch(epoch))
        self._seed_dropout(epoch)
        if self._copies:
            self._copies.begin()
        for step in range(self._batches.steps):
            waiting_since = time.perf_counter()
            frames, targets = next(batches)
            waited += time.perf_counter() - waiting_since
            logs = self._train_on_batch(frames, targets)
            sums += len(frames) * np.array([logs["loss"], logs["accuracy"]])
            examples += len(frames)
            self._callbacks.on_step(epoch, step + 1, self._batches.steps)
        if self._copies:
            self._copies.end()
        seconds = time.perf_counter() - began
        loss, accuracy = (sums / examples).tolist()
        return loss, accuracy, Pace(examples / seconds, waited / seconds)

    def _train_on_batch(self, frames: np.ndarray, targets: np.ndarray) -> Any:
        if self._copies:
            return self._copies.train_on_batch(frames, targets)
        return self._network.train_on_batch(frames, targets, return_dict=True)

    def _seed_dropout(self, epoch: int) -> None:
        """Makes what is dropped depend on nothing but seed and epoch, so that a resumed run ends as any other."""
        generators = (getattr(layer, "seed_generator", None) for layer in self._network.layers)
        for index, generator in enumerate(filter(None, generators)):
            state = np.random.SeedSequence([self._settings.seed, epoch, index]).generate_state(2)
            generator.state.assign(state.astype(generator.state.dtype))
