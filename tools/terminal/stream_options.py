"""Options of the commands that judge a detector on streams."""

from collections.abc import Mapping, Sequence

import click

from ...data.errors import WordspotError
from ...pipeline.scoring.stream_report import FEWEST_CLIPS
from .options import PATH

DATA_HELP = "Clean folder with background noise, or a recording with a label file."
labels_option = click.option(
    "--labels", "labels", type=PATH, metavar="TXT", help="Of a recording: what was said when (default: *.txt)."
)
split_option = click.option(
    "--split", default="validation", show_default=True, help="Speakers: validation, testing, training or all."
)
snr_option = click.option(
    "--snr-db", default="10", show_default=True, help="Decibels of the words above the noise; 20,10,5 for three."
)


def parse_snrs(text: str) -> list[float]:
    """`20,10` to numbers. Raises `WordspotError` for anything else."""
    try:
        snrs_db = [float(part) for part in text.split(",")]
    except ValueError:
        snrs_db = []
    if not snrs_db or not all(-50 <= snr_db <= 100 for snr_db in snrs_db):
        raise WordspotError(
            f"--snr-db is {text!r}; expected numbers from -50 to 100 with commas between them, as in 20,10,5"
        )
    return list(dict.fromkeys(snrs_db))


def too_few(words: Sequence[str], clips: Mapping[str, int]) -> str:
    """Which words keep their threshold, and why."""
    named = ", ".join(f"{word} ({clips[word]})" for word in words)
    return f"fewer than {FEWEST_CLIPS} clips of {named}: too few to choose a threshold by, so it stays as it was"
