"""`wordspot split`: long takes of many words to recordings of one word each."""

import dataclasses
import json
from pathlib import Path

import click

from ..terminal.options import argument, declare
from ..terminal.progress import progress_bar


@declare
@argument("source", metavar="SRC", help="Folder of recordings: SRC/<label>/**/<file>.")
@argument("destination", metavar="DST", help="New folder for the recordings of one word each.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(source: Path, destination: Path, as_json: bool) -> None:
    """Cut long takes of many repetitions into recordings of one word each, to be cleaned then.

    Every word that stands alone by its level becomes a recording: left/anna.wav becomes left/anna_1.wav,
    left/anna_2.wav, ... All other files are copied as they are. SRC is never written to. Interrupted, the same command
    goes on; run again, it only does what was added or has changed. `wordspot clean --split` does both steps in one.

    Examples:
        wordspot split takes recordings
        wordspot clean recordings clips
    """
    from ...pipeline.ingest.split import split_recordings  # here, so that help need not wait for what only work needs

    result = split_recordings(source, destination, progress=progress_bar("splitting", quiet=as_json))
    if as_json:
        print(json.dumps(dataclasses.asdict(result)))
        return
    click.echo(
        f"{result.split:,} of {result.recordings:,} recordings held several words: {result.sections:,} were made of them."
    )
    click.echo(f"{result.copied:,} were copied as they are. Next: wordspot clean {destination} CLIPS")
