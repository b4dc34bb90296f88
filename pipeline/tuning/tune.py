"""Looking for better settings: many training runs, each with settings chosen by what the ones before came to."""

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from ...data.buckets import here
from ...data.errors import LossError, WordspotError
from ...data.feature_set import is_feature_set, read_feature_set
from ...data.files import locked, write_json
from ...data.recordings.folders import check_folder
from ..progress import Progress, no_progress
from ..training.examples.batches import Classes
from ..training.examples.check_data import check_data
from ..training.examples.open_data import open_data
from ..training.loop import Epoch, TrainingCallbacks
from ..training.recipe import TUNED, Recipe
from ..training.run_folder.run import Run
from ..training.train import train
from .report import TrialResult, write_tune_report
from .search_space import SearchSpace, values_of, with_values
from .storage import STORAGE_ERRORS, open_file_storage, open_storage, storage_errors_in_words
from .trials import INTERRUPTED, Trials

BEST, REPORT, STUDY = "best.json", "report.html", "study.db"
_LOCK, _RUNS = "study.lock", "runs"


@dataclass(frozen=True)
class Tuned:
    """What a search came to.

    Attributes
    ----------
    trials
        All that are done, best first.
    running
        How many other processes are still training.
    recipe
        The best one's, None while there is none.
    """

    trials: tuple[TrialResult, ...]
    running: int
    recipe: Recipe | None


@dataclass(frozen=True)
class TuningCallbacks:
    """What to call while tuning: when a trial begins, after each step of it, and when it is done."""

    on_begin: Callable[[int, Tuned], None] = lambda number, so_far: None
    on_step: Callable[[int, int, int], None] = lambda epoch, step, steps: None
    on_done: Callable[[int, Tuned], None] = lambda number, so_far: None
    progress: Progress = no_progress


def tune(
    data: Path | str,
    out: Path | str,
    words: Sequence[str],
    trials: int,
    base: Recipe = Recipe(),
    search_space: SearchSpace = SearchSpace(),
    *,
    storage_url: str | None = None,
    callbacks: TuningCallbacks = TuningCallbacks(),
) -> Tuned:
    """Trains until there are `trials` trials in all, and writes the best recipe and a report.

    The first trial is `base` itself. What it is judged by is the accuracy of the best epoch on the validation speakers. A
    trial that is weaker than half of the others at the same epoch is stopped.

    Parameters
    ----------
    data
        A clean folder (its features are extracted once, into `out`) or a feature set.
    out
        New folder, or that of an earlier call, which is gone on with.
    words
        Labels to recognize; every other label is `_unknown_`. Empty: every label.
    trials
        How many there shall be in all, those of earlier calls and of other processes included.
    base
        What is not tuned.
    search_space
        What is tuned, and where to look.
    storage_url
        A database that several machines reach; the name of `out` is that of the search in it. None: a file in `out`.
    callbacks
        What to call while tuning.

    Raises
    ------
    WordspotError
        Data or words that do not do, a folder that holds something else, trials that were begun with other settings, a
        storage that cannot be used, or a first trial whose loss is no longer finite.
    """
    data, out = here(data), here(out)
    _check(data, out, words)
    where = "at storage_url" if storage_url else str(out / STUDY)
    with storage_errors_in_words(where):
        storage = open_storage(storage_url) if storage_url else _open_file(out)
        name = out.resolve().name if storage_url else "tune"
        first = values_of(base, search_space)
        with closing(Trials(storage, name, search_space, first, base.settings.seed, base.settings.epochs)) as kept:
            features = _features(data, out, callbacks.progress)
            kept.check_same(_config(features, words, base, search_space))
            return _Search(features, out, words, base, search_space, kept, callbacks).go(trials)


class _Search:
    """The trials that this process trains."""

    def __init__(
        self,
        features: Path,
        out: Path,
        words: Sequence[str],
        base: Recipe,
        search_space: SearchSpace,
        kept: Trials,
        callbacks: TuningCallbacks,
    ) -> None:
        self._features, self._out, self._words = features, out, words
        self._base, self._search_space, self._kept, self._callbacks = base, search_space, kept, callbacks
        self._runs = out / _RUNS
        self._runs.mkdir(exist_ok=True)

    def go(self, trials: int) -> Tuned:
        self._take_up()
        while len(self._kept.done()) + len(self._kept.running()) < trials:
            with self._kept.begin(trials, self._runs) as trial:
                if trial is not None:
                    self._callbacks.on_begin(trial.number, self._so_far())
                    self._train(trial)
            self._write()
            if trial is not None:
                self._callbacks.on_done(trial.number, self._so_far())
            self._take_up()
        self._write()
        return self._so_far()

    def _take_up(self) -> None:
        with locked(self._out / _LOCK):  # so that no two repeat the same
            self._kept.take_up(self._runs)

    def _train(self, trial: optuna.Trial) -> None:
        """Trains one trial and records what it came to; of whatever else happens, that it failed."""
        run = Run(self._runs / str(trial.number))
        shutil.rmtree(run.folder, ignore_errors=True)  # of a search whose storage is gone
        recipe = with_values(self._base, trial.params)
        callbacks = TrainingCallbacks(
            on_step=self._callbacks.on_step, on_epoch=lambda epoch: self._report(trial, epoch)
        )
        keras.backend.clear_session()
        try:
            train(
                self._features,
                run.folder,
                self._words,
                recipe.settings,
                recipe.augmentation,
                judged_on_all=False,  # trials are compared epoch by epoch
                callbacks=callbacks,
            )
        except optuna.TrialPruned:
            self._kept.end(trial.number, TrialState.PRUNED)
        except LossError:
            if trial.params == values_of(self._base, self._search_space):
                raise  # the recipe itself: then it is the data
            self._kept.end(trial.number, TrialState.PRUNED)
        except BaseException:
            with suppress(*STORAGE_ERRORS):
                trial.set_user_attr(INTERRUPTED, True)
                self._kept.end(trial.number, TrialState.FAIL)
            raise
        else:
            self._kept.finish(trial.number, run)

    def _report(self, trial: optuna.Trial, epoch: Epoch) -> None:
        self._kept.report(trial, epoch.figures.epoch, epoch.figures.validation_accuracy)

    def _so_far(self) -> Tuned:
        results = tuple(sorted(map(_result, self._kept.done()), key=lambda result: result.rank))
        best = self._kept.best()
        recipe = with_values(self._base, best.params) if best else None
        return Tuned(results, len(self._kept.running()), recipe)

    def _write(self) -> None:
        """The best recipe and the report; and only the best run stays."""
        with locked(self._out / _LOCK):  # so that no two write, or remove, at once
            self._write_alone()

    def _write_alone(self) -> None:
        # before the best one is looked for: what ends in between may be better, and must stay
        done = {str(trial.number) for trial in self._kept.all() if trial.state.is_finished()}
        tuned = self._so_far()
        if tuned.recipe is None:
            return
        best = tuned.trials[0]
        about = {"trial": best.number, "validation_accuracy": best.accuracy, "trials": len(tuned.trials)}
        write_json(self._out / BEST, dataclasses.asdict(tuned.recipe) | {TUNED: about})
        facts = {"Data": str(self._features.resolve()), "Words": ", ".join(self._words) or "every label"}
        write_tune_report(
            self._out / REPORT, tuned.trials, self._kept.importances(), facts | _facts(self._base, self._search_space)
        )
        for path in self._runs.iterdir():
            if path.stem in done and path.name != str(best.number):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _result(trial: FrozenTrial) -> TrialResult:
    reports = trial.intermediate_values
    accuracy = trial.value if trial.state == TrialState.COMPLETE else max(reports.values(), default=None)
    outcome = "finished" if trial.state == TrialState.COMPLETE else "stopped" if reports else "diverged"
    return TrialResult(trial.number, outcome, accuracy, trial.user_attrs.get("loss"), len(reports), dict(trial.params))


def _check(data: Path, out: Path, words: Sequence[str]) -> None:
    """Raises `WordspotError` for what can be seen before anything is written."""
    check_data(data, words)
    if out.exists():
        check_folder(out)
        if any(out.iterdir()) and not (out / _LOCK).exists():
            raise WordspotError(f"{out} holds something else: choose a new folder")


def _open_file(out: Path) -> RDBStorage:
    out.mkdir(parents=True, exist_ok=True)
    return open_file_storage(out / STUDY)


def _features(data: Path, out: Path, progress: Progress) -> Path:
    """The feature set to train on: `data` itself or, extracted once for all trials, what is made of it in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with locked(out / _LOCK):
        open_data(data, Run(out), progress)
    return data if is_feature_set(data) else Run(out).features


def _config(features: Path, words: Sequence[str], base: Recipe, search_space: SearchSpace) -> dict[str, Any]:
    """What all trials must have in common, to be compared."""
    feature_set = read_feature_set(features)
    classes = Classes.choose(feature_set, words)
    return {
        "words": classes.words,
        "classes": classes.labels,
        **dataclasses.asdict(base.settings),
        **dataclasses.asdict(base.augmentation),
        **{f"{name} from, to": (range_.low, range_.high) for name, range_ in search_space.items()},
        "front end": feature_set.front_end.to_dict(),
        "clips of the checksum": feature_set.checksum,
    }


def _facts(base: Recipe, search_space: SearchSpace) -> dict[str, str]:
    tuned = values_of(base, search_space)
    fixed = {name: value for name, value in dataclasses.asdict(base.settings).items() if name not in tuned}
    return {name.replace("_", " ").capitalize(): str(value) for name, value in fixed.items()}
