"""How good the checks are: plants every defect in real clips, cleans, and counts what was found."""

import csv
import hashlib
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table

from ....data.audio import read_sound
from ....data.clips import CLIP_TABLE
from ....pipeline.ingest.checks import CHECKS
from ....pipeline.ingest.clean import clean
from ....pipeline.ingest.duplicates.search import DUPLICATE_CHECKS
from ....pipeline.ingest.settings import CleanSettings
from ....pipeline.ingest.tables import DISCARD_TABLE
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ...terminal.progress import progress_bar
from .planting import DEFECTS, ending, save

_UNTOUCHED = 2_000
_OF_EACH = 600
# what a defect brings about by itself, and so is no mistake to find
_CONSEQUENCES = {
    "too_short": {"near_silent", "low_snr", "cut_off", "dc_offset"},
    "near_silent": {"low_snr", "narrow_band", "cut_off"},
    "low_snr": {"clipped"},
    "clipped": {"dc_offset"},
    "cut_off": {"near_silent", "low_snr", "too_short"},
    "dropouts": {"near_silent"},
    "dc_offset": {"clipped"},
    "narrow_band": {"low_snr", "near_silent", "clipped"},
    "wrong_format": {"clipped"},
    "near_duplicate": {"narrow_band", "clipped", "near_silent", "cut_off", "dc_offset"},
}


@dataclass(frozen=True)
class Planted:
    """What is wrong with a file: the check that should find it (empty: nothing), how badly, and what it was made from."""

    check: str
    severity: str
    original: str


@declare
@argument("source", help="Folder of recordings.")
@click.option(
    "--half",
    "half",
    type=str,
    default="reporting",
    show_default=True,
    help="Speakers to use: `tuning`, on whom limits are chosen, or `reporting`.",
)
@click.option("--seed", "seed", type=int, default=0, show_default=True)
def command(source: Path, half: str, seed: int) -> None:
    """Print recall and precision of every check, and how it does on each severity.

    Negatives are the untouched clips, which pass every check, and the clips with other defects planted; where one defect
    brings another about, as too little signal too little bandwidth, that pair is left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rows = _cleaned(source, work / "as they came")
        good = _good_clips(rows, half)
        OUT.print(f"{half} speakers: {len(good):,} recordings pass every check")
        planted = _plant(source, work / "planted", good, np.random.default_rng(seed))
        found = _cleaned(work / "planted", work / "clean")
        _print(planted, found)


def _cleaned(source: Path, destination: Path) -> dict[str, dict[str, Any]]:
    """{source: row} of both tables."""
    clean(source, destination, CleanSettings(), jobs=2, progress=progress_bar("cleaning"))
    rows = {}
    for table in (CLIP_TABLE, DISCARD_TABLE):
        with (destination / table).open(newline="", encoding="utf-8") as file:
            rows |= {row["source"]: row for row in csv.DictReader(file)}
    return rows


def _good_clips(rows: dict[str, dict[str, Any]], half: str) -> list[str]:
    """Sources without findings, that are duplicates of none, of half of the speakers."""
    duplicates = {row[column] for row in rows.values() for column in ("duplicate_of", "near_duplicate_of")}
    return sorted(
        source
        for source, row in rows.items()
        if not row["findings"] and source not in duplicates and _half(row["speaker"]) == half
    )


def _half(speaker: str) -> str:
    return "tuning" if hashlib.sha256(speaker.encode()).digest()[0] < 128 else "reporting"


def _plant(source: Path, destination: Path, good: list[str], rng: np.random.Generator) -> dict[str, Planted]:
    """Writes untouched and spoiled clips; gives what was planted in each file."""
    order = [good[index] for index in rng.permutation(len(good))]
    untouched, others = order[:_UNTOUCHED], order[_UNTOUCHED:]
    labels = sorted({path.split("/")[0] for path in good})
    files = {_as_wav(path): Planted("", "", _as_wav(path)) for path in untouched}
    for path in untouched:
        save(destination / _as_wav(path), read_sound(source / path).samples)
    for defect in DEFECTS:
        pool = untouched if defect.is_copy else others
        for number, index in enumerate(rng.choice(len(pool), _OF_EACH, replace=False)):
            how = defect.severities[number % len(defect.severities)]
            spoiled = defect.spoil(read_sound(source / pool[index]).samples, how, rng)
            label = rng.choice(labels) if defect.is_copy and rng.random() < 0.5 else pool[index].split("/")[0]
            suffix = ".wav" if defect.check == "wrong_format" else ending(spoiled)
            name = f"{label}/planted_nohash_{defect.check}-{number}{suffix}"
            save(destination / name, spoiled)
            files[name] = Planted(defect.check, str(how), _as_wav(pool[index]))
    return files


def _as_wav(path: str) -> str:
    return str(Path(path).with_suffix(".wav"))


def _findings(files: dict[str, Planted], rows: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    """{file: checks that found something}. A duplicate counts for both of a pair, and only where the other is the right one."""
    found = {name: set(filter(None, rows[name]["findings"].split(";"))) - set(DUPLICATE_CHECKS) for name in files}
    for name, row in rows.items():
        for check in DUPLICATE_CHECKS:
            other = row.get(f"{check}_of")
            if not other:
                continue
            right = files[name].original == files[other].original
            copy = name if files[name].check == check else other
            if right and files[copy].check == check:
                found[copy].add(check)
            elif not right:
                found[name].add(check)
    return found


def _print(files: dict[str, Planted], rows: dict[str, dict[str, Any]]) -> None:
    found = _findings(files, rows)
    table = Table("check", "planted", "recall", "precision", "of untouched", "recall by severity", box=None)
    for check in CHECKS:
        planted = [name for name, what in files.items() if what.check == check.name]
        if not planted:
            OUT.print(f"{check.title}: no defect of this kind is planted")
            continue
        hits = sum(check.name in found[name] for name in planted)
        wrong = [
            name
            for name, what in files.items()
            if what.check != check.name
            and check.name in found[name]
            and check.name not in _CONSEQUENCES.get(what.check, ())
        ]
        untouched = sum(not files[name].check for name in wrong)
        by_severity = {}
        for name in planted:
            by_severity.setdefault(files[name].severity, []).append(check.name in found[name])
        table.add_row(
            check.title,
            str(len(planted)),
            f"{hits / len(planted):.3f}",
            f"{hits / max(1, hits + len(wrong)):.3f}",
            str(untouched),
            ", ".join(f"{severity}: {np.mean(hit):.2f}" for severity, hit in by_severity.items()),
        )
        kinds = Counter(files[name].check or "untouched" for name in wrong)
        if kinds:
            OUT.print(f"{check.title} was also found in: {dict(kinds)}")
    OUT.print(table, soft_wrap=False)


if __name__ == "__main__":
    command()
