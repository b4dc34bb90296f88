"""`wordspot tune`: look for better settings."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ...data.native_output import without_native_output
from ...pipeline.training.recipe import Recipe
from ...pipeline.training.settings import TrainSettings
from ..terminal.console import ERR, OUT
from ..terminal.options import PATH, argument, declare, settings_options, split_words
from ..terminal.progress import progress_bar

if TYPE_CHECKING:
    from ...pipeline.tuning.tune import Tuned, TuningCallbacks

_OFFERED = ("model", "epochs", "batch_size", "patience", "seed")


@declare
@argument("data", metavar="DATA", help="Clean folder or feature set.")
@click.option("--trials", "trials", type=click.IntRange(1, None), required=True, help="How many there shall be in all.")
@click.option("--out", "out", type=PATH, required=True, help="Folder for what is written.")
@click.option("--words", "words", type=str, help="Labels to recognize, with commas; default: every label.")
@click.option(
    "--storage", "storage", type=str, metavar="URL", help="Database that several machines share; default: a file."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@settings_options(TrainSettings, *_OFFERED)
def command(
    data: Path, settings: TrainSettings, trials: int, out: Path, words: str | None, storage: str | None, as_json: bool
) -> None:
    """Look for better settings: train again and again, each time with others, and keep the best.

    Rates, label smoothing, the share of unknown words and the augmentation are tuned (Optuna's TPE); the first trial is
    the recipe as it is. Trials are judged on the validation speakers, and weak ones are stopped early. --out gets
    best.json for `train --config`, report.html with what matters, and the best run. Interrupted, the same command goes
    on; started several times at once, the processes share the trials. Several machines do with --storage, a database,
    and folders of the same name.

    Examples:
        wordspot tune clips --words left,right --trials 50 --out tuning
        wordspot train clips --words left,right --config tuning/best.json --run best
        wordspot tune clips --trials 50 --out tuning --storage postgresql://pi/db
    """
    from ...pipeline.training.examples.check_data import check_data  # here, because it loads NumPy

    labels = split_words(words)
    check_data(data, labels)
    with without_native_output():
        from ...pipeline.tuning.tune import tune  # here, because TensorFlow takes seconds to load

    try:
        with _TuningDisplay(settings, trials, silent=as_json) as display:
            tuned = tune(
                data, out, labels, trials, Recipe(settings), storage_url=storage, callbacks=display.callbacks()
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("finished trials are kept: the same command goes on") from None
    if as_json:
        print(json.dumps(_outcome(tuned, out), ensure_ascii=False))
        return
    if tuned.running:
        OUT.print(
            f"Still in training by other processes: {tuned.running}. If one was killed, repeat the command in a minute."
        )
    if tuned.recipe:
        again = f"wordspot train {data}{f' --words {words}' if words else ''} --config {out / 'best.json'} --run RUN"
        OUT.print(f"Look at {out / 'report.html'}. Next: {again}")


def _outcome(tuned: "Tuned", out: Path) -> dict[str, Any]:
    best = dataclasses.asdict(tuned.trials[0]) if tuned.recipe else None
    counts = {
        outcome: sum(trial.outcome == outcome for trial in tuned.trials)
        for outcome in ("finished", "stopped", "diverged")
    }
    return {
        "trials": len(tuned.trials),
        **counts,
        "running": tuned.running,
        "best": best,
        "config": str(out / "best.json"),
    }


class _TuningDisplay:
    """A progress line on a terminal, and one line per trial."""

    def __init__(self, settings: TrainSettings, trials: int, *, silent: bool) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[best]}"),
        )
        self._progress = Progress(*columns, console=ERR, disable=not sys.stderr.isatty(), transient=True)
        self._epochs, self._trials, self._silent = settings.epochs, trials, silent

    def __enter__(self) -> "_TuningDisplay":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def callbacks(self) -> "TuningCallbacks":
        from ...pipeline.tuning.tune import TuningCallbacks

        return TuningCallbacks(self._on_begin, self._on_step, self._on_done, progress_bar("extracting"))

    def _on_begin(self, number: int, so_far: "Tuned") -> None:
        best = so_far.trials[0] if so_far.recipe else None
        text = f"best so far {best.accuracy:.1%} (trial {best.number})" if best else ""
        self._number, self._done = number, len(so_far.trials)
        self._progress.start()
        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        self._task = self._progress.add_task("", total=None, best=text)

    def _on_step(self, epoch: int, step: int, steps: int) -> None:
        text = f"trial {self._number} ({self._done} of {self._trials} done), epoch {epoch} of {self._epochs}"
        self._progress.update(self._task, description=text, completed=step, total=steps)

    def _on_done(self, number: int, so_far: "Tuned") -> None:
        result = next((trial for trial in so_far.trials if trial.number == number), None)
        if result is None or self._silent:
            return
        if result.accuracy is None:
            text = "the loss became infinite"
        else:
            text = f"accuracy {result.accuracy:.1%} after {result.epochs} epochs"
        if result.outcome == "stopped":
            text += ", stopped because others were better by then"
        elif so_far.trials[0] is result:
            text += ", the best so far"
        OUT.print(f"trial {number}: {text} ({len(so_far.trials)} of {self._trials} done)")
