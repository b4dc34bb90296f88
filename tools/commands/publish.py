"""`wordspot publish`: a clean folder as a data set for everybody."""

import dataclasses
import json
from pathlib import Path

import click

from ..terminal.console import OUT
from ..terminal.options import PATH, argument, declare
from ..terminal.progress import progress_bar


@declare
@argument("clips", metavar="CLIPS", help="The clean folder that `wordspot clean` wrote.")
@click.option("--to", "folder", type=PATH, metavar="DIR", required=True, help="A folder that does not exist yet.")
@click.option("--license", "license", metavar="NAME", required=True, help="cc-by-4.0, cc0-1.0, or any other name.")
@click.option("--language", "language", metavar="CODE", required=True, help="Of the words: en, de, zh-CN.")
@click.option("--title", "title", default="", metavar="TEXT", help="Of the data set; left out, the name of DIR.")
@click.option("--keep-speakers", "keep_speakers", is_flag=True, help="Publish the speakers' ids as they are.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(
    clips: Path, folder: Path, license: str, language: str, title: str, keep_speakers: bool, as_json: bool
) -> None:
    """Write clips as a data set that `datasets.load_dataset` opens, with a card.

    DIR gets train, validation and test, each with its clips and a table, and README.md: the license, how many there
    are, how they were cleaned, how many people decided. Speakers get new names that say nothing of who they are, and
    files are named after these; nothing else that names somebody is written. Upload DIR with `hf upload`.

    Examples:
        wordspot publish clips --to published --license cc-by-4.0 --language en
        wordspot publish clips --to published --license cc0-1.0 --language de
    """
    from ...data.datasets.publish import publish  # here, so that help need not wait for what only work needs

    progress = progress_bar("publishing", quiet=as_json)
    names = {"license": license, "language": language, "title": title, "keep_speakers": keep_speakers}
    result = publish(clips, folder, **names, progress=progress)
    if as_json:
        print(json.dumps(dataclasses.asdict(result)))
        return
    splits = ", ".join(f"{split} {count:,}" for split, count in result.splits.items())
    OUT.print(f"{result.clips:,} clips of {len(result.labels):,} words by {result.speakers:,} speakers ({splits})")
    OUT.print(f"The data set is in {folder}, its card in {folder / 'README.md'}. License: {result.license}.")
