"""`wordspot import`: public sets and tables of sounds as a folder of recordings."""

# ruff: noqa: N999 the name of the command is a word of Python

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...data.datasets.choosing import Choice
from ...data.datasets.listing import FORMATS, REPORT
from ..terminal.console import OUT
from ..terminal.options import argument, declare, split_words
from ..terminal.progress import progress_bar

if TYPE_CHECKING:
    from ...data.datasets.import_set import ImportResult

_MOST_LABELS = 12  # that are printed


@declare
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
@argument("source", metavar="SRC", help="The set, unpacked or as its archives were downloaded; or a table of sounds.")
@argument("folder", metavar="DIR", help="Where the recordings go: a folder that does not exist yet.")
@click.option("--words", "words", metavar="A,B,...", help="The words to import; left out, all of them.")
@click.option("--language", "language", metavar="CODE", default="", help="Which, where SRC has several: en, de, zh-CN.")
@click.option("--limit", "limit", type=click.IntRange(1), metavar="N", help="At most N recordings of each word.")
@click.option("--others", "others", type=click.IntRange(1), metavar="N", help="N recordings of other words as well.")
@click.option(
    "--in-place", "in_place", is_flag=True, help="Copy no sound: write a table of where it lies, for `clean`."
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(
    form: str,
    source: Path,
    folder: Path,
    words: str | None,
    language: str,
    limit: int | None,
    others: int | None,
    in_place: bool,
    as_json: bool,
) -> None:
    """Make a folder of recordings of a public set, or of any table of sounds.

    FORMAT is mswc (Multilingual Spoken Words Corpus), common-voice (sentences of one word, as in its single-word target
    segment) or folder-csv: a CSV or JSON lines with path and label, and if known speaker, split, start and end.
    Recordings are linked or copied, sections are cut; SRC is never changed. Other words come from as many words and people
    as there are: they teach a network what is none of yours. Interrupted, the same command goes on.

    --in-place leaves all sound where it is: DIR gets a table, sections.csv, that says which seconds of which file each
    recording is, and `wordspot clean DIR CLIPS` cuts the same clips from there.

    Examples:
        wordspot import mswc mswc words --words links,rechts --others 2000
        wordspot import common-voice cv-corpus words --language fr --words oui
        wordspot import folder-csv takes/manifest.jsonl recordings
        wordspot import folder-csv podcasts/words.csv recordings --in-place
    """
    from ...data.datasets.import_set import (
        SECTIONS,
        import_set,
    )  # here, so that help need not wait for what only work needs

    choice = Choice(tuple(split_words(words)), limit or 0, others or 0)
    progress = progress_bar("importing", quiet=as_json)
    try:
        result = import_set(form, source, folder, choice, language, in_place=in_place, progress=progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on from here") from None
    if as_json:
        print(json.dumps(dataclasses.asdict(result)))
        return
    _print(result, folder)
    if in_place:
        OUT.print(f"Their sound stays where it is: {folder / SECTIONS} names its file and its seconds")
    OUT.print(f"Next: wordspot clean {folder} clips")


def _print(result: "ImportResult", folder: Path) -> None:
    was = "are" if result.is_new else "were already"
    OUT.print(
        f"{result.recordings:,} recordings by {result.speakers:,} known speakers {was} in {folder}, of {result.title}"
    )
    OUT.print(_counts(result.labels))
    if result.splits:
        OUT.print(_counts(result.splits))
    for text in result.settled:
        OUT.print(text)
    for fault, count in result.faults.items():
        OUT.print(f"Left out, {fault}: {count:,} ({'; '.join(result.examples[fault])})")
    if result.missing_words:
        OUT.print(f"No recording of {', '.join(result.missing_words)}")
    if result.faults:
        OUT.print(f"Each is a row of {folder / REPORT}")
    if result.license:
        OUT.print(f"License: {result.license}. Cite: {result.citation}")


def _counts(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {count:,}" for name, count in ordered[:_MOST_LABELS])
    return shown + (f", and {len(ordered) - _MOST_LABELS:,} more words" if len(ordered) > _MOST_LABELS else "")
