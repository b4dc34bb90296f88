"""`wordspot audit`: which labels are suspicious."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...models import pretrained
from ..terminal.console import OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare
from ..terminal.progress import progress_bar
from .model_argument import EMBEDDING_HELP

if TYPE_CHECKING:
    from ...pipeline.curation.audit import Audit

_PRINTED = 10


@declare
@argument("clips", metavar="CLIPS", help="Clean folder, as `wordspot clean` writes it.")
@click.option("--model", "model", type=PATH, help=EMBEDDING_HELP)
@click.option("--out", "out", type=PATH, help="Table to write; default: audit.csv in CLIPS.")
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON.")
def command(clips: Path, model: Path | None, out: Path | None, as_json: bool) -> None:
    """Rank clips by how suspicious their labels are, and say what they sound like instead.

    Each clip is judged by a classifier that was fitted to the clips of other speakers, on what the body of MODEL makes
    of them; the words need not be those of MODEL. The table has one row per clip, the most suspicious first. No label
    is changed: listen to the first ones and decide.

    Examples:
        wordspot audit clips
        wordspot audit clips --model small --json
        wordspot audit clips --out suspicious.csv
    """
    from ...pipeline.curation.audit import audit  # here, because LiteRT takes long to load
    from ...pipeline.curation.queue import AUDIT_TABLE

    table = out or clips / AUDIT_TABLE
    if out:
        check_can_become_file(out)
    found = audit(clips, model or pretrained.EMBEDDING, progress=progress_bar("embedding", quiet=as_json))
    found.write(table)
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        _print(found, table, clips)


def _print(found: "Audit", table: Path, clips: Path) -> None:
    OUT.print(f"{found.wrong:,} of {len(found.suspicions):,} labels are probably wrong.")
    for pair in found.pairs[:_PRINTED]:
        OUT.print(f"  {pair.label}, probably {pair.suggested}: {pair.clips:,}")
    OUT.print("Most suspicious:")
    for one in found.suspicions[:_PRINTED]:
        OUT.print(f"  {one.file_name}, labeled {one.label}: {one.suspicion:.2f} ({one.reason or 'nothing stands out'})")
    OUT.print(f"All of them are in {table}. Next: wordspot review {clips}, to listen to the first ones and decide.")
