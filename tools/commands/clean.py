"""`wordspot clean`: recordings to clips."""

import json
import os
import sys
from pathlib import Path

import click

from ...data.buckets import Folder, folder_at
from ...pipeline.ingest.settings import CleanSettings
from ..terminal.notes import hide_notes
from ..terminal.options import PATH, argument, declare, settings_options
from ..terminal.progress import progress_bar
from ..terminal.workers import cluster_option, jobs_option, open_workers


@declare
@argument("source", metavar="SRC", type=str, help="Folder of recordings, or its URL: SRC/<label>/**/<file>.")
@argument("destination", metavar="DST", type=str, help="New folder for the clips, or a URL.")
@jobs_option()
@cluster_option
@click.option(
    "--decisions",
    "decisions",
    type=PATH,
    metavar="FILE",
    help="Decisions of people, kept in a place of your own. [default: DST/decisions.jsonl]",
)
@click.option(
    "--agreement",
    "agreement",
    type=click.IntRange(1, None),
    default=1,
    show_default=True,
    help="Listeners who must agree before a recording is relabeled or dropped; until then it is unsure.",
)
@click.option(
    "--split",
    "split",
    is_flag=True,
    help="First cut long takes of many words into recordings of one word each, in the folder DST-recordings.",
)
@click.option("--dry-run", "dry_run", is_flag=True, help="Say what would be done, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
@click.option("--quiet", "-q", "quiet", is_flag=True, help="Print nothing but errors.")
@settings_options(CleanSettings)
def command(
    source: str,
    destination: str,
    jobs: int,
    cluster: str | None,
    decisions: Path | None,
    agreement: int,
    split: bool,
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
        wordspot clean recordings clips --agreement 2
        wordspot clean recordings clips --speaker-pattern '^([^/]+)/'
        wordspot clean takes clips --split
        wordspot clean /data/recordings /data/clips --cluster tcp://host:8786
        wordspot clean s3://bucket/recordings s3://bucket/clips
    """
    if split and dry_run:
        raise click.UsageError("--dry-run writes nothing, and --split does: leave one of them out")
    # before NumPy, because threads of several processes get in each other's way
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # here, so that help need not wait for what only work needs
    from ...pipeline.ingest.clean import clean
    from ..terminal.cleaning import print_clean_result

    if quiet or as_json:
        hide_notes()
    recordings, clips = folder_at(source), folder_at(destination)
    if split:
        recordings = _split(recordings, clips, quiet=quiet)
    progress = progress_bar("cleaning", quiet=quiet)
    with open_workers(cluster, jobs, recordings, _there(clips)) as workers:
        result = clean(
            recordings.absolute() if cluster else recordings,
            clips.absolute() if cluster else clips,
            settings,
            decisions=decisions,
            agreement=agreement,
            jobs=workers,
            dry_run=dry_run,
            progress=progress,
        )
    if as_json:
        print(json.dumps(result.to_dict(), ensure_ascii=False))
    elif not quiet:
        print_clean_result(result, clips, dry_run=dry_run)
        for quiet_label in result.quiet_labels:
            print(f"note: {quiet_label}", file=sys.stderr)


def _there(destination: Folder) -> Folder:
    """The folder itself, or the nearest above it that there is; of a URL there need be none."""
    if not isinstance(destination, Path):
        return destination
    destination = destination.absolute()
    return next(folder for folder in (destination, *destination.parents) if folder.is_dir())


def _split(source: Folder, destination: Folder, *, quiet: bool) -> Path:
    """Gives the folder of what the long takes were cut into."""
    from ...pipeline.ingest.split import split_recordings

    if not isinstance(source, Path) or not isinstance(destination, Path):
        raise click.UsageError("--split works on folders of this machine: copy the recordings here first")
    folder = destination.with_name(f"{destination.name}-recordings")
    split_recordings(source, folder, progress=progress_bar("splitting", quiet=quiet))
    return folder
