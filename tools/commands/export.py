"""`wordspot export`: a run to one model file."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...data.files import write_json
from ...data.native_output import without_native_output
from ...pipeline.device.model_file import read_model
from ..terminal.console import OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare
from ..terminal.progress import progress_bar
from ..terminal.threshold_choice import budget_option, negatives_option, print_choice

if TYPE_CHECKING:
    from ...pipeline.export.verify import Agreement


@declare
@argument("run", metavar="RUN", help="Run folder of `wordspot train`.")
@click.option("--int8", "int8", is_flag=True, help="Eight-bit network (the front end stays float).")
@click.option("--out", "out", type=PATH, help="File to write; default RUN/model.tflite.")
@budget_option
@negatives_option
@click.option("--json", "json_file", type=PATH, help="Write the figures as JSON (- prints them).")
def command(
    run: Path,
    int8: bool,
    out: Path | None,
    false_accepts_per_hour: float,
    negatives: Path | None,
    json_file: Path | None,
) -> None:
    """Write a training run as one .tflite file: raw sound in, probabilities out, labels and thresholds inside.

    The file is run on validation clips before it is kept; one that answers differently from the network is refused. The
    threshold of each word is chosen on held-out clips in noise and on held-out running speech, so that it fires at nothing
    at most so often; where there is too little of that to know, a careful one is taken, and a note says so.

    Examples:
        wordspot export runs/first
        wordspot export runs/first --int8 --out left-right.tflite
        wordspot export runs/first --false-accepts-per-hour 0.2 --negatives podcasts
    """
    from ...pipeline.training.run_folder.run import Run

    path, to_stdout = out or run / "model.tflite", json_file == Path("-")
    for file in (out, None if to_stdout else json_file):
        if file:
            check_can_become_file(file)
    Run(run).read_config()
    with without_native_output():
        from ...pipeline.export.export import export  # here, because TensorFlow takes seconds to load

    progress = progress_bar("choosing thresholds")
    agreement = export(
        run,
        path,
        int8=int8,
        false_accepts_per_hour=false_accepts_per_hour,
        negatives=negatives,
        progress=progress,
    )
    description = read_model(path).description
    figures = {
        "file": str(path),
        "agreement": dataclasses.asdict(agreement),
        "thresholds": dict(description.thresholds),
        "threshold_choice": dict(description.threshold_choice),
    }
    if to_stdout:
        print(json.dumps(figures, ensure_ascii=False))
        return
    _print_agreement(agreement)
    print_choice(description.thresholds, description.threshold_choice)
    OUT.print(f"{path} holds {agreement.size_bytes:,} bytes. Next: wordspot predict {path} some.wav")
    if json_file:
        write_json(json_file, figures)


def _print_agreement(agreement: "Agreement") -> None:
    OUT.print(
        f"On {agreement.clips:,} validation clips the file and the network agree in {agreement.same_label:.2%}: "
        f"the file's accuracy is {agreement.file_accuracy:.2%}, the network's {agreement.keras_accuracy:.2%}; the largest "
        f"difference of a probability is {agreement.largest_difference:.1g}."
    )
