"""`wordspot map`: all clips as points, like sounds close together."""

from pathlib import Path

import click

from ...models import pretrained
from ..terminal.console import OUT
from ..terminal.options import PATH, argument, check_can_become_file, declare
from ..terminal.progress import progress_bar
from .model_argument import EMBEDDING_HELP

_PAGE = "map.html"
_PRINTED = 10


@declare
@argument("clips", metavar="CLIPS", help="Clean folder, as `wordspot clean` writes it.")
@click.option("--model", "model", type=PATH, help=EMBEDDING_HELP)
@click.option("--out", "out", type=PATH, help=f"Page to write; default: {_PAGE} in CLIPS.")
@click.option("--projector", "projector", type=PATH, help="Also write the points for TensorBoard into this folder.")
@click.option("--quiet", "-q", "quiet", is_flag=True, help="Print nothing but errors.")
def command(clips: Path, model: Path | None, out: Path | None, projector: Path | None, quiet: bool) -> None:
    """Draw all clips as a map on which like sounds lie close together.

    The page works offline: the pointer names a clip, a press plays it. Clips of one word that lie among those of another,
    and clips far from all others, are named, because that is where wrong labels and cut words are.

    Examples:
        wordspot map clips
        wordspot map clips --model small --out map.html
        wordspot map clips --projector logs
        tensorboard --logdir logs
    """
    from ...pipeline.curation.clip_map import make_map  # here, because LiteRT takes long to load

    page = out or clips / _PAGE
    if out:
        check_can_become_file(out)
    made = make_map(clips, model or pretrained.EMBEDDING, progress=progress_bar("embedding", quiet=quiet))
    made.write(page, clips)
    if projector:
        made.write_projector(projector)
    if quiet:
        return
    for island in made.islands[:_PRINTED]:
        OUT.print(str(island))
    OUT.print(f"{len(made.clips):,} clips on {page}. Next: open it, and listen to what lies among another word.")
