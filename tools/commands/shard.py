"""`wordspot shard`: a clean folder to tar archives."""

from pathlib import Path

import click

from ..terminal.console import OUT
from ..terminal.options import argument, declare
from ..terminal.progress import progress_bar


@declare
@argument("clips", metavar="CLIPS", help="Clean folder, as `wordspot clean` writes it.")
@argument("shards", metavar="SHARDS", help="Folder for the archives.")
@click.option(
    "--clips-per-shard",
    "clips_per_shard",
    type=click.IntRange(1, 1_000_000),
    default=10_000,
    show_default=True,
    help="Clips in each archive; one of 10,000 has 330 MB.",
)
@click.option("--quiet", "-q", "quiet", is_flag=True, help="Print nothing but errors.")
def command(clips: Path, shards: Path, clips_per_shard: int, quiet: bool) -> None:
    """Write a clean folder as tar archives with a Parquet clip table, for more clips than a disk likes files.

    extract, train, audit, review, evaluate and map take SHARDS in the place of CLIPS, and unpack nothing. The archives
    have the layout of WebDataset: <number>.wav and <number>.json, its row of the clip table, for each clip. Decisions of
    `wordspot review SHARDS` go into SHARDS/decisions.jsonl: give them to `wordspot clean --decisions`, then shard again.
    Interrupted, the same command goes on; run again, it writes the archives in which something has changed.

    Examples:
        wordspot shard clips shards
        wordspot extract shards features
    """
    from ...pipeline.ingest.shards import shard  # here, so that help need not wait for what only work needs

    progress = progress_bar("writing shards", quiet=quiet)
    count = shard(clips, shards, clips_per_shard=clips_per_shard, progress=progress)
    if not quiet:
        OUT.print(f"{count:,} clips in {shards}. Next: wordspot extract {shards} features")
