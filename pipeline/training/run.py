"""The run folder: what a training run writes, and how to find it again."""

import csv
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...data.errors import WordspotError
from ...data.feature_set import FeatureSet
from ...data.files import read_json, remove_leftovers, replacing, write_json
from ...data.folders import check_folder
from ..scoring.confusion import wilson_interval
from .batches import Classes
from .settings import AugmentSettings

HISTORY_COLUMNS: tuple[str, ...] = (
    "epoch",
    "learning_rate",
    "training_loss",
    "training_accuracy",
    "validation_loss",
    "validation_accuracy",
)

_CONFIG_KINDS: dict[str, type] = {
    "data": str,
    "words": list,
    "classes": list,
    "clips": str,
    "front_end": dict,
    "settings": dict,
    "augmentation": dict,
    "versions": dict,
}


@dataclass(frozen=True)
class Run:
    """The files of a run folder."""

    folder: Path

    @property
    def config(self) -> Path:
        """Everything needed to repeat the run."""
        return self.folder / "config.json"

    @property
    def history(self) -> Path:
        """One row an epoch."""
        return self.folder / "history.csv"

    @property
    def metrics(self) -> Path:
        """The figures of the finished run; written last."""
        return self.folder / "metrics.json"

    @property
    def model(self) -> Path:
        """The network of the best epoch, with its optimizer."""
        return self.folder / "model.keras"

    @property
    def checkpoint(self) -> Path:
        """The network of the last epoch, to resume from."""
        return self.folder / "checkpoint.keras"

    @property
    def tensorboard(self) -> Path:
        """What TensorBoard shows of it."""
        return self.folder / "tensorboard"

    @property
    def features(self) -> Path:
        """The feature set, where the run made it itself."""
        return self.folder / "features"

    def read_config(self) -> dict[str, Any]:
        """The configuration. Raises `WordspotError` unless the folder is a run that has one."""
        check_folder(self.folder)
        if not self.config.is_file():
            raise WordspotError(
                f"{self.folder} is not a run folder (it has no config.json): `wordspot train` makes one"
            )
        config = read_json(self.config)
        wrong = [name for name, kind in _CONFIG_KINDS.items() if not isinstance(config.get(name), kind)]
        if wrong:
            raise WordspotError(
                f"{self.config} lacks {wrong[0]!r}, or holds something else there: it is damaged, train again"
            )
        return config

    def read_history(self) -> list[dict[str, float]]:
        """The rows of `history.csv`, [] when there is none yet."""
        if not self.history.is_file():
            return []
        try:
            with open(self.history, newline="", encoding="utf-8") as file:
                return [{name: float(row[name]) for name in HISTORY_COLUMNS} for row in csv.DictReader(file)]
        except (KeyError, TypeError, ValueError) as error:
            raise WordspotError(f"{self.history} is damaged: train again into another folder") from error

    def write_history(self, rows: Sequence[dict[str, float]]) -> None:
        """Writes `history.csv` anew."""
        with replacing(self.history) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, HISTORY_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({**row, "epoch": int(row["epoch"])} for row in rows)

    def reserve(self, *, resume: bool) -> None:
        """Checks that the folder is free for a run, or with `resume` may hold one.

        Raises
        ------
        WordspotError
            The folder holds something else, or a run and `resume` was not given.
        """
        if not self.folder.exists():
            return
        check_folder(self.folder)
        if self.config.is_file():
            if not resume:
                if self.metrics.is_file():
                    raise WordspotError(f"{self.folder} holds a finished run: choose another folder with --run")
                raise WordspotError(
                    f"{self.folder} holds an interrupted run: go on with it with --resume, or choose another folder with --run"
                )
            return
        remove_leftovers(self.folder)
        ours = {self.features.name, f".{self.features.name}.unfinished", f".{self.features.name}.old"}
        if {entry.name for entry in self.folder.iterdir()} - ours:
            raise WordspotError(f"{self.folder} holds something else: choose a new folder with --run")

    def open(self, config: dict[str, Any]) -> None:
        """Makes the folder, or takes up the run of the same configuration that it holds.

        Raises
        ------
        WordspotError
            The run was begun with another configuration.
        """
        if not self.config.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.config, config)
            return
        before = _flat(self.read_config())
        for name, value in _flat(config).items():
            if before.get(name) != value:
                raise WordspotError(
                    f"{self.folder} was begun with {name} {before.get(name)!r}, not {value!r}: repeat the same command "
                    "with --resume, or choose another folder with --run"
                )


def best_epoch(history: Sequence[dict[str, float]], clips: int) -> dict[str, float]:
    """The row of the network to keep: the last one that is as good as the most accurate, as far as can be told.

    That is within the 95% interval of the highest accuracy on so many validation clips. Among those the highest is chance,
    more so the fewer clips there are, but the learning rate falls to nothing: the later, the calmer the weights.
    """
    highest = max(row["validation_accuracy"] for row in history)
    low, _ = wilson_interval(highest, clips)
    return next(row for row in reversed(history) if row["validation_accuracy"] >= low)


def make_config(
    data: Path,
    classes: Classes,
    feature_set: FeatureSet,
    settings: Any,
    augmentation: AugmentSettings,
    start: str | None,
    teacher: str | None,
) -> dict[str, Any]:
    """The JSON-ready configuration of a run; `start` names the network that it began with, `teacher` who taught it."""
    return {
        "data": str(data.resolve()),
        "words": list(classes.words),
        "classes": list(classes.labels),
        "settings": dataclasses.asdict(settings),
        "augmentation": dataclasses.asdict(augmentation),
        "clips": feature_set.checksum,
        "front_end": feature_set.front_end.to_dict(),
        "start": start,
        "teacher": teacher,
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    import tensorflow as tf  # only a training needs it, which has loaded it by then; its package has two names

    return {name: version(name) for name in ("wordspot", "keras", "numpy", "librosa")} | {"tensorflow": tf.__version__}


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    flat = {}
    for name, value in config.items():
        flat |= {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
    return flat
