"""`wordspot evaluate`: how often a model file is right on labeled clips."""

import json
from pathlib import Path

import click

from ...data.files import write_json
from ...data.splits import SPLITS
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.scoring.evaluate import (
    ALL,
    Evaluation,
    check_can_hold_evaluation,
    evaluate,
    write_evaluation,
    write_evaluation_report,
)
from ...pipeline.scoring.predictions import review_command
from ..terminal.confusion import accuracy_line, print_confusion
from ..terminal.console import ERR, OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare
from ..terminal.progress import progress_bar
from .model_argument import MODEL_HELP, model_path

_PRINTED_MISTAKES = 10


@declare
@argument("model", metavar="MODEL", help=MODEL_HELP)
@argument("data", metavar="DATA", help="Clean folder, or any folder <label>/**/<clip>.")
@click.option(
    "--split",
    "split",
    type=str,
    default=ALL,
    show_default=True,
    help=f"Speakers to judge on: {', '.join((ALL, *SPLITS))}.",
)
@click.option("--json", "json_file", type=PATH, help="Write the figures as JSON (- prints them).")
@click.option("--report", "report", type=PATH, help="Write an HTML report.")
@click.option(
    "--out",
    "out",
    type=PATH,
    metavar="DIR",
    help="Folder for the report and what every clip was recognized as, which `wordspot review` plays.",
)
def command(model: Path, data: Path, split: str, json_file: Path | None, report: Path | None, out: Path | None) -> None:
    """Measure a .tflite model on a folder of labeled clips.

    Labels that the model does not know count as _unknown_; folders named _unknown_ and _silence_ are taken as such.
    Clips of other lengths and rates are handled as `wordspot predict` does. To judge a model on the folder that it was
    trained on, choose speakers it was not trained on: --split testing (or validation).

    Examples:
        wordspot evaluate model.tflite other-recordings
        wordspot evaluate model.tflite clips --split testing --report report.html
        wordspot evaluate model.tflite clips --split testing --json figures.json
        wordspot evaluate model.tflite clips --out judged
    """
    to_stdout = json_file == Path("-")
    for file in (report, None if to_stdout else json_file):
        if file:
            check_can_become_file(file)
    if out:
        check_can_hold_evaluation(out)
    recognizer = Recognizer.load(model_path(model))
    result = evaluate(recognizer, data, split, progress=progress_bar("evaluating"))
    figures = result.to_dict() | {"split": split, "model": str(model), "data": str(data)}
    if to_stdout:
        print(json.dumps(figures, ensure_ascii=False))
    elif json_file:
        write_json(json_file, figures)
    if report:
        write_evaluation_report(report, result, recognizer, data, split, model_name=model.name)
    if out:
        write_evaluation(out, result, recognizer, data, split, model_name=model.name)
    if not to_stdout:
        _print(result)
        if report:
            OUT.print(f"Report: {report}")
        if out:
            review = review_command(data, "--evaluation", out)
            OUT.print(f"Report: {out / 'report.html'}" + (f". To hear the mistakes: {review}" if review else ""))


def _print(result: Evaluation) -> None:
    print_confusion(OUT, result.confusion)
    left_out = f"; {len(result.unreadable)} files could not be read" if result.unreadable else ""
    OUT.print(accuracy_line(result.confusion) + left_out)
    if result.mistakes:
        OUT.print("Most confident mistakes:")
    for mistake in result.mistakes[:_PRINTED_MISTAKES]:
        line = f"  {mistake.file_name}: {mistake.truth} recognized as {mistake.predicted} ({mistake.probability:.0%})"
        OUT.print(line)
    for line in result.unreadable:
        ERR.print(f"left out, not readable: {line}")
