"""The run folder: what a training run writes, and how to find it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ....data.errors import WordspotError
from ....data.files import read_json, remove_leftovers, write_json
from ....data.recordings.folders import check_folder
from .history import EpochFigures, read_history, write_history
from .run_config import RunConfig


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
        """One row per epoch."""
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

    def read_config(self) -> RunConfig:
        """The configuration. Raises `WordspotError` unless the folder is a run that has one."""
        check_folder(self.folder)
        if not self.config.is_file():
            raise WordspotError(
                f"{self.folder} is not a run folder (it has no config.json): `wordspot train` makes one"
            )
        return RunConfig.from_dict(read_json(self.config), str(self.config))

    def read_history(self) -> list[EpochFigures]:
        """The figures of every epoch so far. Raises `WordspotError` for a damaged table."""
        return read_history(self.history)

    def write_history(self, history: Sequence[EpochFigures]) -> None:
        """Writes `history.csv` anew."""
        write_history(self.history, history)

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
                state = "a finished run:" if self.metrics.is_file() else "an interrupted run: resume it, or"
                raise WordspotError(f"{self.folder} holds {state} choose another run folder")
            return
        remove_leftovers(self.folder)
        ours = {self.features.name, f".{self.features.name}.unfinished", f".{self.features.name}.old"}
        if {entry.name for entry in self.folder.iterdir()} - ours:
            raise WordspotError(f"{self.folder} holds something else: choose a new run folder")

    def open(self, config: RunConfig) -> None:
        """Makes the folder, or takes up the run of the same configuration that it holds.

        Raises
        ------
        WordspotError
            The run was begun with another configuration.
        """
        if self.config.is_file():
            self.read_config().check_same(config, self.folder)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.config, config.to_dict())
