"""`wordspot review`: a page on this machine to look, listen and decide."""

import getpass
from pathlib import Path

import click

from ...data.errors import WordspotError
from ...data.labels import normalize_name
from ..terminal.console import ERR, OUT
from ..terminal.options import PATH, argument, declare


@declare
@argument("clips", metavar="CLIPS", help="A clean folder, or one that `wordspot listen` keeps clips in.")
@click.option("--run", "run", type=PATH, help="A run, to hear the clips of each cell of its confusion matrix.")
@click.option("--evaluation", "evaluation", type=PATH, metavar="DIR", help="The same of `wordspot evaluate --out DIR`.")
@click.option("--listener", "listener", metavar="NAME", help="Who listens. [default: the name of this login]")
@click.option("--blind", "blind", is_flag=True, help="Hide label and suggestion until the first answer.")
@click.option(
    "--probes", "probes", is_flag=True, help="Mix in clips of known labels, right and wrong, to measure who listens."
)
@click.option("--decisions", "decisions", type=PATH, help="The log. [default: decisions.jsonl in CLIPS]")
@click.option(
    "--port",
    "port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="TCP port; 0 for any free one.",
)
def command(
    clips: Path,
    run: Path | None,
    evaluation: Path | None,
    listener: str | None,
    blind: bool,
    probes: bool,
    decisions: Path | None,
    port: int,
) -> None:
    """Serve a page to look at clips, listen to them and decide.

    One key decides and plays the next clip: K keep, D drop, 1 to 9 another label, S unsure, U undo, Space again. What is
    suspicious comes first: `wordspot audit` looks for it meanwhile where audit.csv is missing. Or one word, one speaker,
    what the checks found, clips at random, what another listener said, what a network confuses, what `listen` kept, a group
    on the map of the clips (which scikit-learn draws: the extra `audit`). E moves a clip to another second of its
    recording, where that still lies where it was cleaned from.

    Decisions are lines of a log that nothing overwrites; the next `wordspot clean` applies them.

    Examples:
        wordspot review clips
        wordspot review clips --listener anna --blind --probes
        wordspot review clips --run run
        wordspot review clips --evaluation judged
    """
    from ...data.decisions import DECISIONS  # all of them here, because they load NumPy
    from ...pipeline.curation.review import Review
    from ..browser.background_audit import BackgroundAudit
    from ..browser.review_server import Desk, ReviewServer
    from ..browser.server import Address

    if run and evaluation:
        raise WordspotError("--run and --evaluation: expected one of them, for one confusion matrix is shown")
    review = Review(clips, decisions or clips / DECISIONS, _listener(listener), run or evaluation, with_probes=probes)
    audit = BackgroundAudit(clips)
    with ReviewServer(Desk(review, blind, audit), Address(port=port)) as server, audit:
        try:
            if audit.note():
                ERR.print(audit.note())
            OUT.print(f"Open {server.url} (Ctrl-C ends)")
            server.serve_forever()
        except KeyboardInterrupt:  # the way to end it: all that was called saved is on the disk
            OUT.print()


def _listener(name: str | None) -> str:
    if name is None:
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # a login without a name
            return "listener"
    if not normalize_name(name):
        raise WordspotError("--listener names nobody: leave it out for the name of this login")
    return normalize_name(name)
