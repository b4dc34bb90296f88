"""`wordspot clean`: recordings to clips."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ...pipeline.ingest.settings import CleanSettings
from ..terminal.common import with_settings


@with_settings(CleanSettings)
def command(
    source: Annotated[
        Path | None, typer.Argument(metavar="SRC", help="Folder of recordings: SRC/<label>/**/<file>.")
    ] = None,
    destination: Annotated[Path | None, typer.Argument(metavar="DST", help="New folder for the clips.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes to work with.")] = os.cpu_count() or 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, write nothing.")] = False,
    explain: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Show one recording instead: verdicts of all checks but duplicates, picture."
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="PNG", help="With --explain: where to write the picture.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the totals, or with --explain the verdicts, as JSON.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    *,
    settings: CleanSettings,
) -> None:
    """Cut every recording to the second that holds its word; find what is wrong with it, and say so.

    SRC is never written to. DST gets <label>/<name>.wav (16 kHz, mono, 16 bits), the table of clips metadata.csv with
    what every check measured and found, discarded.csv with the reason for every recording left out, and report.html to
    look at and listen to. Unreadable, too short and near-silent recordings are left out; everything else that is found
    is only flagged, unless --discard names it. Folders whose name begins with _ hold long sound (_background_noise_)
    and are converted whole. Interrupted, the same command goes on; run again, it only does what changed.

    Examples:
        wordspot clean recordings clips
        wordspot clean recordings clips --discard clipped,duplicate --dry-run
        wordspot clean recordings clips --speaker-pattern '^([^/]+)/'
        wordspot clean --explain recordings/left/anna.wav --picture anna.png
    """
    if explain:
        if source:
            raise typer.BadParameter("--explain FILE shows one recording: no folders are wanted beside it")
        from .explain import show  # here, like the next, so that help need not wait for what only work needs

        show(explain, settings, picture, as_json=as_json, quiet=quiet)
        return
    if picture:
        raise typer.BadParameter("--picture shows one recording: say which with --explain FILE")
    if source is None or destination is None:
        raise typer.BadParameter("two folders are wanted: SRC, the recordings, and DST, for the clips")
    from .clean_folder import clean_folder

    clean_folder(source, destination, settings, jobs=jobs, dry_run=dry_run, as_json=as_json, quiet=quiet)
