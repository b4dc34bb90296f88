"""What was measured of every network; `make bench-networks` measures the costs anew."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_TABLE = Path(__file__).with_name("benchmarks.json")


@dataclass(frozen=True)
class NetworkCost:
    """One network with twelve labels.

    Attributes
    ----------
    network
        Its name in `NETWORKS`.
    parameters, multiply_accumulates
        As `models.cost` counts them.
    float_bytes, int8_bytes
        Of the model file, with its front end.
    float_ms, int8_ms
        Median of `classify_features` for one clip, one thread.
    accuracy
        Share of validation clips that were recognized (mean over seeds), None where it was not measured.
    epochs, seeds
        Of the training runs that `accuracy` is of.
    """

    network: str
    parameters: int
    multiply_accumulates: int
    float_bytes: int
    int8_bytes: int
    float_ms: float
    int8_ms: float
    accuracy: float | None = None
    epochs: int | None = None
    seeds: int | None = None


def read_benchmarks() -> list[NetworkCost]:
    """The rows of the table, in its order."""
    return [NetworkCost(**row) for row in json.loads(_TABLE.read_text(encoding="utf-8"))]


def write_benchmarks(path: Path, rows: Iterable[NetworkCost]) -> None:
    """Writes a table that `read_benchmarks` reads, one row per line."""
    lines = (f"  {json.dumps(asdict(row))}" for row in rows)
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
