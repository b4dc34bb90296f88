"""`wordspot extract`: clips to log-mel features."""

from pathlib import Path
from typing import Annotated

import typer

from ...data.front_end import FrontEnd
from ..terminal.common import OUT, tracker, with_settings

_OFFERED = ("window_ms", "hop_ms", "fft_size", "n_mels", "f_min_hz", "f_max_hz")


@with_settings(FrontEnd, *_OFFERED)
def command(
    clips: Annotated[Path, typer.Argument(metavar="CLIPS", help="Clean folder, as `wordspot clean` writes it.")],
    features: Annotated[Path, typer.Argument(metavar="FEATURES", help="Folder for the feature set.")],
    settings: FrontEnd,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Turn a clean folder into log-mel features, to train on again and again.

    `wordspot train` takes a clean folder too and does this itself; extract when you want another front end, or several
    runs from the same features.

    Examples:
        wordspot extract clips features
        wordspot extract clips features-64 --n-mels 64
    """
    from ...pipeline.features.extract import extract  # here, because librosa takes a second to load

    count = extract(clips, features, settings, progress=tracker("extracting", quiet=quiet))
    if not quiet:
        OUT.print(f"{count:,} clips in {features}. Next: wordspot train {features} --words left,right --run runs/first")
