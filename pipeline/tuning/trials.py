"""The trials of a search, kept by Optuna: what comes next, what it came to, and what was killed."""

import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import RDBStorage, fail_stale_trials
from optuna.trial import FrozenTrial, TrialState

from ...data.errors import WordspotError
from ...data.files import read_json, try_lock
from ..training.run_folder.run import Run
from .search_space import SearchSpace, is_whole
from .storage import BEAT_S, STORAGE_ERRORS

INTERRUPTED = "interrupted"  # noted of a trial that ended with its process's Ctrl-C, or a full disk: not its fault
_MOST_REPEATS = 3  # of a trial that is killed each time: it may be what kills
_STEADY_TRIALS = 5  # finished ones, before weak trials are stopped
_STEADY_SHARE = 0.2  # of the epochs, before a weak trial is stopped: until then the rate warms up
_FEWEST_FOR_IMPORTANCE = 10
_CONFIG = "wordspot"


class Trials:
    """Trials in a storage that several processes and machines may share.

    A trial that is trained holds a lock beside its run folder, and gives signs of life: by the one the others of this
    folder know at once that it was killed, by the other those of other machines, after a minute.

    Parameters
    ----------
    storage, name
        Where the trials are kept, and their name there.
    search_space
        What is tuned, and where to look.
    first
        The values of the first trial.
    seed
        Of what is drawn.
    epochs
        Most of a trial.
    """

    def __init__(
        self, storage: RDBStorage, name: str, search_space: SearchSpace, first: dict[str, float], seed: int, epochs: int
    ):
        self._storage = storage
        self._distributions: dict[str, BaseDistribution] = {
            key: (IntDistribution if is_whole(key) else FloatDistribution)(range_.low, range_.high, log=range_.log)  # type: ignore[arg-type]
            for key, range_ in search_space.items()
        }
        self.study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction="maximize",
            load_if_exists=True,
            sampler=_Sampler(seed, first),
            pruner=optuna.pruners.MedianPruner(_STEADY_TRIALS, max(1, round(_STEADY_SHARE * epochs))),
        )

    def close(self) -> None:
        """Lets go of the storage."""
        self._storage.engine.dispose()

    def check_same(self, config: dict[str, Any]) -> None:
        """Notes what the trials have in common. Raises `WordspotError` where they were begun with something else."""
        config = json.loads(json.dumps(config))  # as it comes back
        before = self.study.user_attrs.get(_CONFIG)
        if before is None:
            self.study.set_user_attr(_CONFIG, config)
        for name, value in config.items():
            if before is not None and before.get(name) != value:
                raise WordspotError(
                    f"the trials of {self.study.study_name} were begun with {name} {before.get(name)!r}, not {value!r}: "
                    "tune with the same settings, or into another folder"
                )

    def all(self, *states: TrialState) -> list[FrozenTrial]:
        """Those in one of these states, none given: all."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    def done(self) -> list[FrozenTrial]:
        """Those that came to an end by themselves, or were stopped because they were weak."""
        return self.all(TrialState.COMPLETE, TrialState.PRUNED)

    def running(self) -> list[FrozenTrial]:
        """Those that are being trained, here or elsewhere."""
        return [trial for trial in self.all(TrialState.RUNNING) if "begun" in trial.user_attrs]

    def best(self) -> FrozenTrial | None:
        """The most accurate one; of several that with the lowest loss. None where none is finished."""
        finished = self.all(TrialState.COMPLETE)
        return max(finished, key=lambda trial: (trial.value, -trial.user_attrs["loss"]), default=None)

    def importances(self) -> dict[str, float]:
        """How much each setting decides whether a trial is among the best tenth (PED-ANOVA, arXiv 2304.10255).

        They sum to 1, largest first; {} for too few finished trials to know.
        """
        if len(self.all(TrialState.COMPLETE)) < _FEWEST_FOR_IMPORTANCE:
            return {}
        return optuna.importance.get_param_importances(self.study)

    @contextmanager
    def begin(self, most: int, runs: Path) -> Iterator[optuna.Trial | None]:
        """Gives a new trial, which is known to be alive until the end of the block.

        None when other processes have begun `most` trials in the meantime.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna warns of signs of life that are not its own; these are ours
            trial = self.study.ask(self._distributions)
        path = _lock_of(runs, trial.number)
        with open(path, "ab") as lock:
            try_lock(lock)
            trial.set_user_attr("begun", True)
            if sum(other.number < trial.number for other in self.done() + self.running()) >= most:
                trial.set_user_attr("surplus", True)
                self.end(trial.number, TrialState.FAIL)
                yield None
            else:
                with self._beating(trial):
                    yield trial
        path.unlink(missing_ok=True)

    def end(self, number: int, state: TrialState, value: float | None = None) -> None:
        """Records what a trial came to; nothing happens where another process has taken it for dead and said so."""
        with suppress(UpdateFinishedTrialError):
            self.study.tell(number, value, state, skip_if_finished=True)

    def finish(self, number: int, run: Run) -> None:
        """Records the figures of a trial's finished run."""
        best = run.read_history()[int(read_json(run.metrics)["best_epoch"]) - 1]
        with suppress(UpdateFinishedTrialError):
            self._storage.set_trial_user_attr(self._id_of(number), "loss", best.validation_loss)
        self.end(number, TrialState.COMPLETE, best.validation_accuracy)

    def _id_of(self, number: int) -> int:
        """What the storage calls a trial; Optuna's trials have it as a private attribute only."""
        study = self._storage.get_study_id_from_name(self.study.study_name)
        return self._storage.get_trial_id_from_study_id_trial_number(study, number)

    def report(self, trial: optuna.Trial, epoch: int, accuracy: float) -> None:
        """Notes an epoch's accuracy. Raises `optuna.TrialPruned` for a trial that is weaker than half of the others.

        A storage that is away for a moment does not end a training run.
        """
        with suppress(*STORAGE_ERRORS, UpdateFinishedTrialError):
            trial.report(accuracy, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

    def take_up(self, runs: Path) -> None:
        """Repeats the trials that were killed or failed, and records those that had finished but could not be recorded."""
        for trial in self.running():
            if _is_abandoned(_lock_of(runs, trial.number)):
                run = Run(runs / str(trial.number))
                if run.metrics.is_file():
                    self.finish(trial.number, run)
                else:
                    self.end(trial.number, TrialState.FAIL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna calls it experimental
            fail_stale_trials(self.study)
        repeated = {trial.user_attrs.get("repeats") for trial in self.all()}
        for trial in self.all(TrialState.FAIL):
            times = trial.user_attrs.get("times", 0)
            if (
                trial.params
                and trial.number not in repeated
                and "surplus" not in trial.user_attrs
                and times < _MOST_REPEATS
            ):
                self._repeat(trial, times + (INTERRUPTED not in trial.user_attrs))

    def _repeat(self, trial: FrozenTrial, times: int) -> None:
        attributes = {"repeats": trial.number, "times": times}
        again = optuna.create_trial(
            state=TrialState.WAITING, params=trial.params, distributions=trial.distributions, user_attrs=attributes
        )
        self.study.add_trial(again)

    @contextmanager
    def _beating(self, trial: optuna.Trial) -> Iterator[None]:
        stop, trial_id = threading.Event(), self._id_of(trial.number)

        def beat() -> None:
            while not stop.is_set():
                with suppress(*STORAGE_ERRORS):
                    self._storage.record_heartbeat(trial_id)
                stop.wait(BEAT_S)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


class _Sampler(BaseSampler):
    """Optuna's TPE, seeded anew for each trial: the first is the recipe as it is.

    So a search that was interrupted goes on with the trials it would have had (a single seed would draw its first ones
    again), and two processes do not draw the same.
    """

    def __init__(self, seed: int, first: dict[str, float]) -> None:
        self._seed, self._first, self._is_first = seed, first, False
        self._tpe = TPESampler(seed=seed)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        others = study.get_trials(deepcopy=False)
        place = sum(other.number < trial.number and "repeats" not in other.user_attrs for other in others)
        self._is_first = place == 0
        self._tpe = TPESampler(seed=(self._seed * 1_000_003 + place) % 2**32)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {} if self._is_first else self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        if self._is_first:
            return self._first[param_name]
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)


def _lock_of(runs: Path, number: int) -> Path:
    return runs / f"{number}.lock"


def _is_abandoned(lock: Path) -> bool:
    """Whether a process of this folder had the lock and is gone; False for a trial of another folder."""
    try:
        with open(lock, "r+b") as file:
            abandoned = try_lock(file)
    except FileNotFoundError:
        return False
    if abandoned:
        lock.unlink(missing_ok=True)
    return abandoned
