"""`wordspot audit`: which labels are suspicious."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...data.buckets import Folder, folder_at
from ...models import pretrained
from ..terminal.console import ERR, OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare
from ..terminal.progress import progress_bar
from ..terminal.workers import cluster_option, jobs_option, open_workers
from .model_argument import EMBEDDING_HELP

if TYPE_CHECKING:
    from ...pipeline.curation.audit import Audit

_PRINTED = 10


@declare
@argument("clips", metavar="CLIPS", type=str, help="Clean folder, as `wordspot clean` writes it, or its URL.")
@click.option("--model", "model", type=PATH, help=EMBEDDING_HELP)
@click.option(
    "--thorough", "thorough", is_flag=True, help="Train a small network on the clips as well, and rank by both."
)
@click.option("--seed", "seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of --thorough.")
@click.option(
    "--accept",
    "accepted",
    is_flag=True,
    help="Relabel unheard what is sure, and leave out of training what is doubtful.",
)
@jobs_option()
@cluster_option
@click.option("--out", "out", type=PATH, help="Table to write; default: audit.csv in CLIPS.")
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON.")
def command(
    clips: str,
    model: Path | None,
    thorough: bool,
    seed: int,
    accepted: bool,
    jobs: int,
    cluster: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Rank clips by how suspicious their labels are, and say what they sound like instead.

    Each clip is judged by a classifier that was fitted to the clips of other speakers, on what the body of MODEL makes
    of them; the words need not be those of MODEL. The table has one row per clip, the most suspicious first. No label
    is changed: listen to the first ones and decide.

    --thorough needs TensorFlow, and about half a minute of one core for 2,000 clips. It finds the
    last of the wrong labels sooner than the quick way alone (average precision 0.98 instead of 0.96): take it where you can
    wait and want to hear few clips.

    --accept writes decisions by `audit` into decisions.jsonl of CLIPS: from a suspicion of 0.8 on a clip gets the label that
    is suggested; what is doubtful (0.5 and more) even then is unsure. The next `wordspot clean` applies it, and
    `wordspot review CLIPS --listener audit` takes it back with U. What somebody has decided on stays as it is.

    CLIPS may be in a bucket (extra `buckets`), with its shards or clips; audit.csv and decisions are put there then.

    Examples:
        wordspot audit clips
        wordspot audit clips --model small --json
        wordspot audit clips --out suspicious.csv
        wordspot audit clips --thorough --accept
        wordspot audit /data/clips --cluster tcp://host:8786
        wordspot audit s3://bucket/clips --accept
    """
    from ...data.decisions import DECISIONS
    from ...pipeline.curation.accept import accept
    from ...pipeline.curation.audit import audit  # here, because LiteRT takes long to load
    from ...pipeline.curation.queue import AUDIT_TABLE

    place = folder_at(clips)
    table = out or place / AUDIT_TABLE
    if out:
        check_can_become_file(out)
    name, progress = model or pretrained.EMBEDDING, progress_bar("auditing", quiet=as_json)
    folder = place.absolute() if cluster else place
    with open_workers(cluster, jobs, place) as workers:
        found = audit(
            folder, name, thorough=thorough, seed=seed, jobs=workers, progress=progress, on_pace=_say_how_long
        )
    found.write(table)
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        _print(found, table, place)
    if accepted:
        relabeled, unsure = accept(place, place / DECISIONS, found, str(name))
        ERR.print(
            f"{relabeled:,} clips relabeled and {unsure:,} unsure, unheard, in {place / DECISIONS}: the next "
            "`wordspot clean` applies it."
        )


def _say_how_long(seconds: float) -> None:
    ERR.print(f"Training a network on the clips: {max(1, round(seconds / 60)):,} more minutes or so; Ctrl-C ends it.")


def _print(found: "Audit", table: Folder, clips: Folder) -> None:
    OUT.print(f"{found.wrong:,} of {len(found.suspicions):,} labels are probably wrong.")
    for pair in found.pairs[:_PRINTED]:
        OUT.print(f"  {pair.label}, probably {pair.suggested}: {pair.clips:,}")
    OUT.print("Most suspicious:")
    for one in found.suspicions[:_PRINTED]:
        OUT.print(f"  {one.file_name}, labeled {one.label}: {one.suspicion:.2f} ({one.reason or 'nothing stands out'})")
    reviewed = clips if isinstance(clips, Path) else "CLIPS, copied here"
    OUT.print(f"All of them are in {table}. Next: wordspot review {reviewed}, to listen to the first ones and decide.")
