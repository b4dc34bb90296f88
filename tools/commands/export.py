"""`wordspot export`: a run to one model file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...data.native_output import without_native_output
from ..terminal.console import OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare

if TYPE_CHECKING:
    from ...pipeline.export.verify import Agreement


@declare
@argument("run", metavar="RUN", help="Run folder of `wordspot train`.")
@click.option("--int8", "int8", is_flag=True, help="Eight-bit network (the front end stays float).")
@click.option("--out", "out", type=PATH, help="File to write; default RUN/model.tflite.")
def command(run: Path, int8: bool, out: Path | None) -> None:
    """Write a training run as one .tflite file: raw sound in, probabilities out, labels inside.

    The file is run on validation clips before it is kept; one that answers differently from the network is refused.

    Examples:
        wordspot export runs/first
        wordspot export runs/first --int8 --out left-right.tflite
    """
    with without_native_output():
        from ...pipeline.export.export import export  # here, because TensorFlow takes seconds to load

    path = out or run / "model.tflite"
    if out:
        check_can_become_file(out)
    agreement = export(run, path, int8=int8)
    _print_agreement(agreement)
    OUT.print(f"{path} holds {agreement.size_bytes:,} bytes. Next: wordspot predict {path} some.wav")


def _print_agreement(agreement: "Agreement") -> None:
    OUT.print(
        f"On {agreement.clips:,} validation clips the file and the network agree in {agreement.same_label:.2%}: "
        f"the file's accuracy is {agreement.file_accuracy:.2%}, the network's {agreement.keras_accuracy:.2%}; the largest "
        f"difference of a probability is {agreement.largest_difference:.1g}."
    )
