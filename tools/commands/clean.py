"""`wordspot clean`: recordings to clips."""

import json
import os
import sys
from pathlib import Path

import click

from ...pipeline.ingest.settings import CleanSettings
from ..terminal.notes import hide_notes
from ..terminal.options import PATH, argument, declare, settings_options
from ..terminal.progress import progress_bar


@declare
@argument("source", metavar="SRC", help="Folder of recordings: SRC/<label>/**/<file>.")
@argument("destination", metavar="DST", help="New folder for the clips.")
@click.option(
    "--jobs",
    "-j",
    "jobs",
    type=click.IntRange(1, None),
    default=os.cpu_count() or 1,
    show_default=True,
    help="Processes to work with.",
)
@click.option(
    "--decisions",
    "decisions",
    type=PATH,
    metavar="FILE",
    help="Decisions of people, kept in a place of your own. [default: DST/decisions.jsonl]",
)
@click.option("--dry-run", "dry_run", is_flag=True, help="Say what would be done, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
@click.option("--quiet", "-q", "quiet", is_flag=True, help="Print nothing but errors.")
@settings_options(CleanSettings)
def command(
    source: Path,
    destination: Path,
    jobs: int,
    decisions: Path | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    settings: CleanSettings,
) -> None:
    """Cut every recording to the second that holds its word; find what is wrong with it, and say so.

    SRC is never written to. DST gets <label>/<name>.wav (16 kHz, mono, 16 bits), the clip table metadata.csv with
    what every check measured and found, discarded.csv with the reason for every recording left out, and report.html to
    look at and listen to. Unreadable, too short and near-silent recordings are left out; everything else that is found
    is only flagged, unless --discard names it. Folders whose name begins with _ hold long sound (_background_noise_)
    and are converted whole. Interrupted, the same command goes on; run again, it only does what changed.

    Examples:
        wordspot clean recordings clips
        wordspot clean recordings clips --discard clipped,duplicate --dry-run
        wordspot clean recordings new --decisions clips/decisions.jsonl
        wordspot clean recordings clips --speaker-pattern '^([^/]+)/'
    """
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # before NumPy: threads of several processes get in each other's way
    from ...pipeline.ingest.clean import (
        clean,
    )  # here, like the next, so that help need not wait for what only work needs
    from ..terminal.cleaning import print_clean_result

    if quiet or as_json:
        hide_notes()
    progress = progress_bar("cleaning", quiet=quiet)
    result = clean(source, destination, settings, decisions=decisions, jobs=jobs, dry_run=dry_run, progress=progress)
    if as_json:
        print(json.dumps(result.to_dict(), ensure_ascii=False))
    elif not quiet:
        print_clean_result(result, destination, dry_run=dry_run)
        for quiet_label in result.quiet_labels:
            print(f"note: {quiet_label}", file=sys.stderr)
