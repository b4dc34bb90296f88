"""What listeners threw out, beside what the checks find: Speech Commands v0.01 recordings that v0.02 no longer has."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

from rich.table import Table

from ....data.arrays import to_waveform
from ....data.audio import read_sound
from ....data.clips import CLIP_TABLE
from ....data.feature_set import read_feature_set
from ....pipeline.features.log_mel import log_mel
from ....pipeline.ingest.checks import CHECKS
from ....pipeline.ingest.tables import DISCARD_TABLE
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ...terminal.progress import progress_bar
from .same_sound import Matcher

_COMPLETE = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")  # every clip of v0.02 is there


@declare
@argument("source", help="Recordings of Speech Commands v0.01.")
@argument("clean_folder", help="What `wordspot clean` made of them.")
@argument("features", help="Feature set of v0.02.")
def command(source: Path, clean_folder: Path, features: Path) -> None:
    """Print, for every check, how many of the recordings that listeners rejected and kept it finds.

    File names were given anew from v0.01 to v0.02, so that a recording is looked for among the clips of its speaker and word
    by its sound.
    """
    kept_features = read_feature_set(features)
    matcher = Matcher(kept_features)
    rows = [row for row in _rows(clean_folder) if row["label"] in _COMPLETE]
    kept, found = Counter(), defaultdict(Counter)
    for row in progress_bar("looking for the same sound")(rows, len(rows)):
        waveform = to_waveform(read_sound(source / row["source"]).samples)
        frames = log_mel(waveform, kept_features.front_end)
        is_kept = matcher.find(row["label"], row["speaker"], frames) is not None
        kept[is_kept] += 1
        found[is_kept].update(filter(None, row["findings"].split(";")))
    OUT.print(f"{kept.total():,} recordings: listeners kept {kept[True]:,} and rejected {kept[False]:,}")
    table = Table("check", "of rejected", "of kept", "precision", box=None)
    for check in CHECKS:
        right, wrong = found[False][check.name], found[True][check.name]
        if right + wrong:
            shares = f"{right} ({right / kept[False]:.1%})", f"{wrong} ({wrong / kept[True]:.1%})"
            table.add_row(check.title, *shares, f"{right / (right + wrong):.3f}")
    OUT.print(table, soft_wrap=False)


def _rows(clean_folder: Path) -> list[dict[str, str]]:
    rows = []
    for table in (CLIP_TABLE, DISCARD_TABLE):
        with (clean_folder / table).open(newline="", encoding="utf-8") as file:
            rows += [{"speaker": row["source"].split("/")[-1].split("_")[0]} | row for row in csv.DictReader(file)]
    return rows


if __name__ == "__main__":
    command()
