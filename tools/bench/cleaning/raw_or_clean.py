"""What cleaning is worth: the same network, trained on a folder as it came and on the same folder cleaned.

Prints a table of accuracies on the validation speakers, for each training and for both kinds of validation clips, float
and int8, mean over seeds. Takes 5 minutes per run on two cores; finished runs are kept and not repeated.
"""

import json
from pathlib import Path

import click
import numpy as np

from ....pipeline.export.export import export
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from .. import run_wordspot

_KINDS = {"raw": ("--min-volume", "0"), "clean": ()}


@declare
@argument("source", help="Folder of recordings.")
@argument("work", help="Folder for what is made on the way.")
@click.option(
    "--words", "words", type=str, default="down,go,left,right,up", show_default=True, help="Words, with commas."
)
@click.option("--seeds", "seeds", type=int, default=3, show_default=True, help="Trainings of each kind.")
def command(source: Path, work: Path, words: str, seeds: int) -> None:
    """Train on raw and on cleaned recordings with the same settings, and compare."""
    for kind, options in _KINDS.items():
        run_wordspot("clean", source, work / kind, "--quiet", *options)
        if not (work / f"{kind}-features").exists():
            run_wordspot("extract", work / kind, work / f"{kind}-features", "--quiet")
    rows = []
    for seed in range(seeds):
        for kind in _KINDS:
            run = work / f"{kind}-{seed}"
            if not (run / "metrics.json").exists():
                resume = ("--resume",) if (run / "config.json").exists() else ()
                features = work / f"{kind}-features"
                run_wordspot("train", features, "--words", words, "--run", run, "--seed", str(seed), *resume)
            rows.append((kind, seed, _accuracies(run, work)))
    _print(rows)


def _accuracies(run: Path, work: Path) -> dict[str, float]:
    """Accuracy of the run's files on its own validation examples, and on the validation speakers of both folders.

    The run's own examples are the words, as many unknown words and as much silence as a word has clips; the folders
    have no silence, and all unknown words.
    """
    found = {}
    for name in ("float", "int8"):
        model = run / f"{name}.tflite"
        agreement = export(run, model, int8=name == "int8", false_accepts_per_hour=None)
        found[f"{name}, own validation"] = agreement.file_accuracy
        for judged in _KINDS:
            figures = run / f"{name}-on-{judged}.json"
            run_wordspot("evaluate", model, work / judged, "--split", "validation", "--json", figures)
            found[f"{name} on {judged}"] = _balanced(json.loads(figures.read_text()))
    return found


def _balanced(figures: dict) -> float:
    """Mean recall over the labels that have clips: unknown words are many, and would drown the rest."""
    return float(np.mean([label["recall"] for label in figures["per_label"].values() if label["clips"]]))


def _print(rows: list[tuple[str, int, dict[str, float]]]) -> None:
    for kind, seed, found in rows:
        figures = ", ".join(f"{name} {value:.2%}" for name, value in found.items())
        OUT.print(f"trained on {kind}, seed {seed}: {figures}")
    for kind in _KINDS:
        for name in rows[0][2]:
            values = [found[name] for its_kind, _, found in rows if its_kind == kind]
            OUT.print(f"trained on {kind}, {name}: mean {np.mean(values):.2%}, sd {np.std(values, ddof=1):.2%}")


if __name__ == "__main__":
    command()
