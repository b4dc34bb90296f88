"""`wordspot extract`: clips to log-mel features."""

import os
from pathlib import Path

import click

from ...data.buckets import folder_at
from ...data.front_end import FrontEnd
from ..terminal.console import OUT
from ..terminal.options import argument, declare, settings_options
from ..terminal.progress import progress_bar
from ..terminal.workers import cluster_option, jobs_option, open_workers

_OFFERED = ("window_ms", "hop_ms", "fft_size", "n_mels", "f_min_hz", "f_max_hz")


@declare
@argument("clips", metavar="CLIPS", type=str, help="Clean folder, as `wordspot clean` writes it, or its URL.")
@argument("features", metavar="FEATURES", type=str, help="Folder for the feature set, or its URL.")
@jobs_option("Threads (for a bucket, processes)")
@cluster_option
@click.option("--quiet", "-q", "quiet", is_flag=True, help="Print nothing but errors.")
@settings_options(FrontEnd, *_OFFERED)
def command(clips: str, features: str, jobs: int, cluster: str | None, settings: FrontEnd, quiet: bool) -> None:
    """Turn a clean folder into log-mel features, to train on again and again.

    `wordspot train` takes a clean folder too and does this itself; extract when you want another front end, or several
    runs from the same features.

    CLIPS and FEATURES may be in a bucket (extra `buckets`), where FEATURES is complete once front_end.json is there. Train on
    a copy of it here.

    Examples:
        wordspot extract clips features
        wordspot extract clips features-64 --n-mels 64
        wordspot extract /data/clips features --cluster tcp://host:8786
        wordspot extract s3://bucket/clips s3://bucket/features
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: extracting has threads of its own
    from ...pipeline.features.extract import extract  # here, so that help need not wait for NumPy
    from ...pipeline.workers import keep_freed_memory

    keep_freed_memory()

    progress = progress_bar("extracting", quiet=quiet)
    source, destination = folder_at(clips), folder_at(features)
    with open_workers(cluster, jobs, source) as workers:
        place = source.absolute() if cluster else source
        count = extract(place, destination, settings, jobs=workers, progress=progress)
    if not quiet:
        data = destination if isinstance(destination, Path) else "FEATURES, copied here"
        OUT.print(f"{count:,} clips in {destination}. Next: wordspot train {data} --words left,right --run runs/first")
