"""`wordspot say`: words by synthetic voices, where people are missing."""

from pathlib import Path

import click

from ...data.labels import parse_labels
from ..terminal.options import argument, declare
from ..terminal.progress import progress_bar
from ..terminal.workers import jobs_option


@declare
@argument("folder", metavar="RECORDINGS", help="Folder of recordings, new or not; nothing in it is replaced.")
@click.option("--words", required=True, metavar="WORDS", help="What to say, with commas between.")
@click.option(
    "--takes",
    type=click.IntRange(1, 100),
    default=2,
    show_default=True,
    help="How often each of the 62 voices says each word.",
)
@click.option("--language", default="en", show_default=True, help="As espeak-ng names it: de, fr-fr, pt-br, ...")
@click.option("--seed", default=0, show_default=True, help="Of speed, pitch and volume.")
@jobs_option()
def command(folder: Path, words: str, takes: int, language: str, seed: int, jobs: int) -> None:
    """Let synthetic voices (espeak-ng, offline) say words into a folder of recordings.

    They stand in for people who are missing, for a first try. Their speakers are called espeak-..., so that the audit,
    the report and you can tell them apart. A model trained on them alone misses every second person; beside fifty
    people they do harm in noise, so delete them then.

    Examples:
        wordspot say recordings --words 'happy,hey computer'
        wordspot say recordings --words rechts,links --language de --takes 1
    """
    from ..demo_voices.say import say_words  # here, because it needs the extra `voices`
    from ..demo_voices.voices import VARIANTS

    labels = parse_labels(words)
    spoken = say_words(folder, labels, takes=takes, language=language, seed=seed, jobs=jobs)
    count = sum(progress_bar("speaking")(spoken, len(VARIANTS) * len(labels) * takes))
    click.echo(f"{folder}: {count:,} recordings. Next: wordspot clean {folder} CLIPS")
