"""`wordspot models`: the networks there are, what they cost and how well they hear."""

import dataclasses
import json

import click
from rich.table import Table

from ...models.benchmarks import NetworkCost, read_benchmarks
from ..terminal.console import OUT
from ..terminal.options import declare

_HEADINGS = ("network", "parameters", "M MACs", "int8 kB", "int8 ms", "accuracy", "epochs", "seeds")


@declare
@click.option("--json", "as_json", is_flag=True, help="Print an array.")
def command(as_json: bool) -> None:
    """List the networks that `wordspot train --model` takes.

    Parameters, millions of multiply-accumulates (M MACs, for one clip of a second) and sizes are those with twelve labels.
    Milliseconds are of one clip on one thread of the machine that the README names. Accuracy is of the validation speakers
    of Speech Commands, ten words, _unknown_ and _silence_, the mean over so many seeds, where it was measured.

    Examples:
        wordspot models
        wordspot models --json
    """
    networks = read_benchmarks()
    if as_json:
        print(json.dumps([dataclasses.asdict(network) for network in networks]))
        return
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for i, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if i else "left", no_wrap=True)
    for network in networks:
        table.add_row(*_cells(network))
    OUT.print(table)


def _cells(network: NetworkCost) -> tuple[str, ...]:
    return (
        network.network,
        f"{network.parameters:,}",
        f"{network.multiply_accumulates / 1e6:.1f}",
        f"{network.int8_bytes / 1e3:.0f}",
        f"{network.int8_ms:.2f}",
        "" if network.accuracy is None else f"{network.accuracy:.1%}",
        str(network.epochs or ""),
        str(network.seeds or ""),
    )
