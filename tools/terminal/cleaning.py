"""What `wordspot clean` prints: the counts of every label, what was flagged, and where to look."""

from collections import Counter

from rich.table import Table

from ...data.buckets import Folder
from ...data.clips import CLIP_TABLE
from ...pipeline.ingest.checks import CHECKS
from ...pipeline.ingest.destination import REPORT
from ...pipeline.ingest.result import CleanResult
from ...pipeline.ingest.tables import DISCARD_TABLE
from ..terminal.console import OUT


def print_clean_result(result: CleanResult, destination: Folder, *, dry_run: bool) -> None:
    """Prints the counts of every label, and where everything is."""
    OUT.print(_table(result), soft_wrap=False)
    flagged = sum((Counter(counts.flagged) for counts in result.labels.values()), Counter())
    if flagged:
        OUT.print("Flagged, but kept: " + ", ".join(f"{_title(name)} {n:,}" for name, n in flagged.most_common()) + ".")
    if result.duplicates_across.labels:
        OUT.print(
            f"Groups of equal clips under different labels: {result.duplicates_across.labels:,}; at least one label of "
            "each is wrong."
        )
    if result.long_sounds:
        OUT.print(f"Files of long sound (folders that begin with _), converted whole: {result.long_sounds}.")
    if result.already_clean:
        OUT.print(f"Nothing has changed since {destination} was made: nothing to do.")
    elif dry_run:
        OUT.print("Nothing was written (--dry-run).")
    else:
        OUT.print(
            f"Clips and {CLIP_TABLE} are in {destination}; what was left out, and why, in {destination / DISCARD_TABLE}; "
            f"look and listen in {destination / REPORT}."
        )


def _title(name: str) -> str:
    return next((check.title for check in CHECKS if check.name == name), name)  # or dropped by a person


def _table(result: CleanResult) -> Table:
    reasons = sorted({reason for counts in result.labels.values() for reason in counts.discarded})
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_footer=len(result.labels) > 1)
    columns = {
        "recordings": [counts.recordings for counts in result.labels.values()],
        "clips": [counts.clips for counts in result.labels.values()],
        **{
            _title(reason): [counts.discarded.get(reason, 0) for counts in result.labels.values()] for reason in reasons
        },
    }
    table.add_column("label", footer="all")
    for name, values in columns.items():
        table.add_column(name, justify="right", footer=f"{sum(values):,}")
    for label, *values in zip(result.labels, *columns.values(), strict=True):
        table.add_row(label, *(f"{value:,}" for value in values))
    return table
