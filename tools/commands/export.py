"""`wordspot export`: a run to one model file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...data.native_output import without_native_output
from ..terminal.common import OUT, check_can_become_file

if TYPE_CHECKING:
    from ...pipeline.export.export import Agreement


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of `wordspot train`.")],
    int8: Annotated[bool, typer.Option("--int8", help="Eight-bit network (the front end stays float).")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; default RUN/model.tflite.")] = None,
) -> None:
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
        f"the file hears {agreement.file_accuracy:.2%} right, the network {agreement.keras_accuracy:.2%}; the largest "
        f"difference of a probability is {agreement.largest_difference:.1g}."
    )
