"""`wordspot fetch`: public sets of recordings."""

from dataclasses import replace
from pathlib import Path

import click

from ...data.datasets.catalog import SPEECH_COMMANDS
from ...data.datasets.fetch import fetch
from ...data.errors import WordspotError
from ..terminal.console import OUT
from ..terminal.options import argument, declare
from ..terminal.progress import progress_bar


@declare
@click.argument("name", metavar="NAME", type=click.Choice(["speech-commands"]))
@argument("folder", metavar="FOLDER", help="Where the recordings go: a folder that does not exist yet.")
@click.option(
    "--version",
    "version",
    type=click.Choice(list(SPEECH_COMMANDS)),
    default="v0.02",
    show_default=True,
    help="v0.02: 105,829 clips of 35 words, 2.4 GB; v0.01: 64,727 of 30, 1.5 GB; mini: 8,000 of 8, 0.2 GB.",
)
@click.option("--mirror", "mirror", metavar="URL", help="Another address of the same archive.")
@click.option("--quiet", "-q", "quiet", is_flag=True, help="Print nothing but errors.")
def command(name: str, folder: Path, version: str, mirror: str | None, quiet: bool) -> None:
    """Download a public set of recordings, verified, as a folder that `wordspot clean` takes.

    Official lists and background noise come with it. An interrupted download goes on where it was; a folder that holds
    the set is left as it is.

    Examples:
        wordspot fetch speech-commands recordings --version mini
        wordspot fetch speech-commands speech_commands
    """
    chosen = SPEECH_COMMANDS[version]
    if mirror:
        chosen = replace(chosen, url=_checked(mirror))
    try:
        is_new = fetch(chosen, folder, progress_bar("MB", quiet=quiet), progress_bar("unpacking", quiet=quiet))
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on from here") from None
    if quiet:
        return
    OUT.print(f"{chosen.title} {'is' if is_new else 'was already'} in {folder}")
    OUT.print(f"License: {chosen.license}. Cite: {chosen.citation}")
    OUT.print(f"Next: wordspot clean {folder} clips")


def _checked(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise WordspotError(f"{url} is no address; expected one that begins with https:// or http://")
    return url
