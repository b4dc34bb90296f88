"""`wordspot train`: a feature set or a clean folder to a run."""

import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...data.files import read_json
from ...data.native_output import without_native_output
from ...pipeline.training.recipe import Recipe, read_recipe
from ...pipeline.training.settings import TrainSettings
from ...pipeline.training.strategies import STRATEGIES, worker_number
from ..terminal.confusion import accuracy_line, print_confusion
from ..terminal.console import ERR, OUT
from ..terminal.options import PATH, PATH_OR_NAME, argument, declare, given_options, settings_options, split_words
from ..terminal.progress import StepRate, progress_bar

if TYPE_CHECKING:
    from ...data.feature_set import FeatureSet
    from ...pipeline.training.examples.batches import Classes
    from ...pipeline.training.examples.open_negatives import Negatives
    from ...pipeline.training.loop import Epoch, TrainingCallbacks
    from ...pipeline.training.start import Start

_OFFERED = ("model", "epochs", "batch_size", "learning_rate", "patience", "seed", "shipped_negatives")
_WORTH_SAYING = 0.2  # of an epoch's time spent waiting for data


@declare
@argument("data", metavar="DATA", help="Clean folder or feature set.")
@click.option("--run", "run", type=PATH, required=True, help="New folder for what is written.")
@click.option("--words", "words", type=str, help="Labels to recognize, with commas; default: every label.")
@click.option(
    "--from",
    "start",
    type=PATH_OR_NAME,
    metavar="MODEL",
    help="Begin with the body of a run, or of small or accurate, which ship, or with none; default: small, if there are few "
    "clips.",
)
@click.option(
    "--teacher",
    "teacher",
    type=PATH_OR_NAME,
    metavar="MODEL",
    help="Distill from a run, or from small or accurate, which ship: it must know the words.",
)
@click.option(
    "--negatives",
    "negatives",
    type=PATH,
    help="Folder of long recordings without any of the words: speech, television.",
)
@click.option("--config", "config", type=PATH, help="How to train, as JSON; options given here come first.")
@click.option("--resume", "resume", is_flag=True, help="Go on with the interrupted run in --run.")
@click.option(
    "--strategy",
    "strategy",
    type=click.Choice(STRATEGIES),
    help="Train on all GPUs of this machine, or on the machines that TF_CONFIG names: call the same on each.",
)
@settings_options(TrainSettings, *_OFFERED)
@click.pass_context
def command(
    context: click.Context,
    data: Path,
    settings: TrainSettings,
    run: Path,
    words: str | None,
    start: str | None,
    teacher: str | None,
    negatives: Path | None,
    config: Path | None,
    resume: bool,
    strategy: str | None,
) -> None:
    """Train a network to recognize words.

    Speakers are split into training, validation and testing (80/10/10), never clips of one speaker. Labels that are not
    among the words become _unknown_, and so do running speech and other sound in _negatives_ or --negatives; where there
    are few other words or clips and no negatives, those that ship are taken. Background noise, tones and digital silence become
    _silence_. There is a line for each epoch; the matrix of the best network is printed at the end: rows are the truth,
    columns what was recognized. With few clips it begins with what ships (--from none does not); with few clips or
    speakers it trains on all of them, and cross-validation judges. The run folder gets the figures of every epoch,
    TensorBoard logs with its matrix, the best network and report.html.

    Examples:
        wordspot train clips --words down,go,left,right,up --run runs/first
        wordspot train clips --words down,go,left,right,up --run runs/first --resume
        wordspot train clips --words lamp,fan --from small --run runs/lamp
        wordspot train clips --words lamp,fan --negatives radio --run runs/lamp
        wordspot train clips --words on --run runs/b --config runs/a/config.json
        wordspot train features --words go,left --run runs/c --strategy mirrored
        tensorboard --logdir runs
    """
    given = given_options(context)
    labels = split_words(words)
    says_how = "model" in given or config is not None or teacher is not None
    begin = _start(start, says_how, data, labels, run if resume else None)
    if start and begin.network and "model" in given:
        raise click.UsageError("--from keeps the network that it begins with: leave --model out")
    if begin.why:
        OUT.print(f"{begin.why[0].upper()}{begin.why[1:]}.")
    recipe = _recipe(config, begin.recipe, settings, given)
    train_and_show(
        data,
        run,
        labels,
        recipe,
        start=begin.network,
        teacher=teacher,
        negatives=negatives,
        resume=resume,
        strategy=strategy,
    )


def _start(given: str | None, says_how: bool, data: Path, words: Sequence[str], begun: Path | None) -> "Start":
    """What was given; random weights where the command line says how to train them; else what suits the number of clips."""
    from ...pipeline.training.start import FROM_SCRATCH, Start, choose_start  # here, because it loads NumPy

    if given:
        return Start(None if given == FROM_SCRATCH else given)
    return Start(None) if says_how else choose_start(data, words, begun)


def train_and_show(
    data: Path,
    run: Path,
    words: Sequence[str],
    recipe: Recipe,
    *,
    start: str | None = None,
    teacher: str | None = None,
    negatives: Path | None = None,
    resume: bool = False,
    strategy: str | None = None,
) -> None:
    """Trains, showing each epoch, and says what to do next."""
    worker = worker_number(strategy)
    if strategy == "multi-worker":
        OUT.print(f"This is worker {worker}; training begins when all that TF_CONFIG names are there.")
    from ...pipeline.training.examples.check_data import check_data  # here, because it loads NumPy
    from ...pipeline.training.run_folder.run import Run

    if not worker:
        Run(run).reserve(resume=resume)
    check_data(data, words)
    with without_native_output():
        from ...pipeline.training.train import train  # here, because TensorFlow takes seconds to load

    if resume and not Run(run).config.is_file():
        ERR.print(f"note: {run} holds no run to go on with, so a new one begins")
    try:
        with _TrainingDisplay(recipe.settings) as display:
            confusion = train(
                data,
                run,
                words,
                recipe.settings,
                recipe.augmentation,
                start=start,
                teacher=teacher,
                negatives=negatives,
                resume=resume,
                strategy=strategy,
                callbacks=display.callbacks(),
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("finished epochs are kept: the same command with --resume goes on") from None
    if worker:
        OUT.print(f"Worker {worker} is done; what came of it is in {run} of worker 0.")
        return
    OUT.print()
    print_confusion(OUT, confusion)
    summary = read_json(Run(run).metrics).get("summary", ())
    for sentence in summary or [f"The best epoch's {accuracy_line(confusion)}."]:
        OUT.print(sentence)
    OUT.print(f"Look at {run / 'report.html'}. Next: wordspot export {run} --out model.tflite")


def _recipe(config: Path | None, defaults: Recipe, settings: TrainSettings, given: set[str]) -> Recipe:
    recipe = read_recipe(config, defaults) if config else defaults
    options = {name: getattr(settings, name) for name in _OFFERED if name in given}
    return dataclasses.replace(recipe, settings=dataclasses.replace(recipe.settings, **options))


class _TrainingDisplay:
    """One line per epoch; on a terminal also a progress bar for its steps, elsewhere a line when the first one has begun."""

    def __init__(self, settings: TrainSettings) -> None:
        columns = (TextColumn("epoch {task.fields[epoch]}"), BarColumn(), MofNCompleteColumn(), StepRate())
        self._progress = Progress(
            *columns, TimeRemainingColumn(), console=ERR, disable=not sys.stderr.isatty(), transient=True
        )
        self._epochs = settings.epochs
        self._began = time.monotonic()
        self._seen = False

    def __enter__(self) -> "_TrainingDisplay":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def callbacks(self) -> "TrainingCallbacks":
        from ...pipeline.training.loop import TrainingCallbacks

        return TrainingCallbacks(
            self._on_start, self._on_step, self._on_epoch, on_part=self._on_part, progress=progress_bar("extracting")
        )

    def _on_start(
        self, classes: "Classes", counts: dict[str, dict[str, int]], data: "FeatureSet", negatives: "Negatives"
    ) -> None:
        if not data.speakers_known:
            ERR.print(
                "note: not every clip names its speaker (see wordspot clean --speaker-pattern): the figures are for voices "
                "that may have been trained on"
            )
        for split, by_word in counts.items():
            OUT.print(f"{split}: " + ", ".join(f"{word} {count:,}" for word, count in by_word.items()))
        unsaid = [word for word, count in counts.get("validation", {}).items() if count == 0]
        if unsaid:
            ERR.print(
                f"note: no validation speaker says {', '.join(unsaid)}: nothing will be known about it; record more people"
            )
        OUT.print(f"classes: {', '.join(classes.labels)}")
        OUT.print(f"negatives: {negatives}")
        self._progress.start()
        self._task = self._progress.add_task("", total=None, epoch=1)

    def _on_step(self, epoch: int, step: int, steps: int) -> None:
        self._progress.update(self._task, completed=step, total=steps, epoch=epoch)
        if self._progress.disable and not self._seen:
            OUT.print(f"epoch {epoch} of {self._epochs} has begun: {steps:,} steps")
        self._seen = True

    def _on_part(self, part: int, parts: int) -> None:
        if part == 1:
            OUT.print(
                f"Few clips or speakers: all are trained on in the end; how good that is comes first, from {parts} networks "
                "that lack a part of them"
            )
        OUT.print(f"cross-validation: part {part} of {parts}")

    def _on_epoch(self, epoch: "Epoch") -> None:
        figures, pace, seconds = epoch.figures, epoch.pace, time.monotonic() - self._began
        self._began = time.monotonic()
        waiting = f", {pace.waiting_share:.0%} waiting for data" if pace.waiting_share >= _WORTH_SAYING else ""
        judged = f"accuracy {figures.validation_accuracy:.1%}, " if epoch.confusion else ""
        missed = "" if figures.miss_rate is None else f"{figures.miss_rate:.1%} missed, "
        validation = f" (validation {figures.validation_loss:.3f})" if epoch.confusion else ""
        OUT.print(
            f"epoch {figures.epoch} of {self._epochs}: {judged}{missed}loss {figures.training_loss:.3f}{validation}, "
            f"{seconds:.0f} s, {pace.examples_per_s:,.0f} clips/s{waiting}"
            f"{', best so far' if epoch.confusion and epoch.is_best else ''}"
        )
