"""`wordspot models`: the networks there are, what they cost and how well they hear."""

import dataclasses
import json
from typing import Annotated

import typer
from rich.table import Table

from ..models.measured import Measured, read_measured
from .common import OUT

_HEADINGS = ("network", "parameters", "multiply-accumulates", "int8 bytes", "int8 ms", "accuracy")


def command(as_json: Annotated[bool, typer.Option("--json", help="Print an array.")] = False) -> None:
    """List the networks that `wordspot train --model` takes.

    Parameters, multiply-accumulates (for one clip of a second) and sizes are those with twelve labels. Milliseconds are of
    one clip on one thread of the machine that the README names. Accuracy is of the validation speakers of Speech Commands,
    ten words, _unknown_ and _silence_, where it was measured.

    Examples:
        wordspot models
        wordspot models --json
    """
    networks = read_measured()
    if as_json:
        print(json.dumps([dataclasses.asdict(network) for network in networks]))
        return
    table = Table(box=None)
    for i, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if i else "left")
    for network in networks:
        table.add_row(*_cells(network))
    OUT.print(table)


def _cells(network: Measured) -> tuple[str, ...]:
    return (
        network.network,
        f"{network.parameters:,}",
        f"{network.multiply_accumulates:,}",
        f"{network.int8_bytes:,}",
        f"{network.int8_ms:.2f}",
        ""
        if network.accuracy is None
        else f"{network.accuracy:.1%} ({network.epochs} epochs, {_times(network.seeds)})",
    )


def _times(seeds: int | None) -> str:
    return "one training" if seeds == 1 else f"mean of {seeds} trainings"
