"""Which recipe is most accurate, how fast it trains, and what its first ten minutes come to.

Every recipe is trained from several seeds, and the network that is kept judged on the validation speakers.
Finished runs are kept, and repeated only where the recipe has changed since.
"""

import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from ....data.feature_set import FeatureSet, read_feature_set
from ....data.files import read_json, write_json
from ....data.native_output import without_native_output
from ....pipeline.training.recipe import Recipe
from ....pipeline.training.settings import AugmentSettings, TrainSettings
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ..parts import Part, write_part

_SHORT_S = 600
RECIPES = {
    "as it is": Recipe(),
    "ds_cnn_small": Recipe(TrainSettings(model="ds_cnn_small")),
    "bc_resnet_1_late_t2": Recipe(TrainSettings(model="bc_resnet_1_late_t2")),
    "bc_resnet_3_t2": Recipe(TrainSettings(model="bc_resnet_3_t2")),
    "a quarter of the rate": Recipe(TrainSettings(learning_rate=3e-3)),
    "twice the rate": Recipe(TrainSettings(learning_rate=2.4e-2)),
    "no weight decay": Recipe(TrainSettings(weight_decay=0.0)),
    "weight decay 0.05": Recipe(TrainSettings(weight_decay=0.05)),
    "label smoothing 0.05": Recipe(TrainSettings(label_smoothing=0.05)),
    "label smoothing 0.1": Recipe(TrainSettings(label_smoothing=0.1)),
    "no masks": Recipe(augmentation=AugmentSettings(time_mask_ms=0, mel_mask=0)),
    "nine tenths the teacher's": Recipe(TrainSettings(teacher_share=0.9)),
    "half the masks": Recipe(augmentation=AugmentSettings(time_mask_ms=60, mel_mask=3)),
    "noise in 4 of 10": Recipe(augmentation=AugmentSettings(noise_share=0.4)),
    "no noise": Recipe(augmentation=AugmentSettings(noise_share=0.0)),
    "no gain": Recipe(augmentation=AugmentSettings(gain_db=0.0)),
    "no shift": Recipe(augmentation=AugmentSettings(shift_ms=0.0)),
}


@declare
@argument("features", help="Feature set to train on.")
@argument("work", help="Folder for what is made on the way.")
@click.option(
    "--words", "words", type=str, default="down,go,left,right,up", show_default=True, help="Words, with commas."
)
@click.option(
    "--names",
    "names",
    type=str,
    default=",".join(RECIPES),
    show_default=True,
    help="Recipes, with commas; default: all.",
)
@click.option(
    "--share", "share", type=float, default=1.0, show_default=True, help="Share of the training speakers to train on."
)
@click.option("--epochs", "epochs", type=int, default=40, show_default=True, help="Epochs of each run.")
@click.option("--seeds", "seeds", type=int, default=3, show_default=True, help="Runs of each recipe.")
@click.option("--teacher", "teacher", type=str, help="Distill all of them from a run, small or accurate.")
def command(
    features: Path, work: Path, words: str, names: str, share: float, epochs: int, seeds: int, teacher: str | None
) -> None:
    """Train every recipe from several seeds, and print accuracy, minutes and speed: means and standard deviation."""
    if share < 1:
        everything, features = read_feature_set(features), work / "features"
        write_part(features, everything, draw(everything, share))
    table = Table("recipe", "accuracy", "in 10 min", "minutes", "examples/s", "waiting", box=None)
    for name in names.split(","):
        results = []
        for seed in range(seeds):
            settings = replace(RECIPES[name].settings, epochs=epochs, seed=seed)
            recipe = replace(RECIPES[name], settings=settings)
            distilled = f", distilled from {Path(teacher).name}" if teacher else ""
            results.append(
                _train(recipe, teacher, features, words.split(","), work / f"{name}{distilled}, seed {seed}")
            )
        mean = {key: float(np.mean([figures[key] for figures in results])) for key in results[0]}
        spread = np.std([figures["accuracy"] for figures in results], ddof=min(1, seeds - 1))
        accuracy = f"{mean['accuracy']:.2%} ± {spread:.2%}"
        speed = f"{mean['minutes']:.1f}", f"{mean['examples_per_s']:.0f}", f"{mean['waiting_share']:.1%}"
        table.add_row(name, accuracy, f"{mean['short']:.2%}", *speed)
        OUT.print(f"{name}: {accuracy}")
    OUT.print(table)


def draw(everything: FeatureSet, share: float) -> Part:
    """All clips of validation speakers, and those of a share of the training speakers."""
    speakers = sorted({clip.speaker for clip in everything.clips if clip.split == "training"})
    chosen = set(np.random.default_rng(0).permutation(speakers)[: round(share * len(speakers))].tolist())
    return [
        (row, clip.split)
        for row, clip in enumerate(everything.clips)
        if clip.split == "validation" or (clip.split == "training" and clip.speaker in chosen)
    ]


def _train(recipe: Recipe, teacher: str | None, features: Path, words: list[str], folder: Path) -> dict[str, float]:
    with without_native_output():
        from ....pipeline.training.loop import Epoch, TrainingCallbacks
        from ....pipeline.training.train import train
        from ....pipeline.training.trained_network import TrainedNetwork
    figures = folder.with_name(f"{folder.name}.json")
    if figures.is_file() and (known := read_json(figures))["recipe"] == asdict(recipe):
        return known["figures"]
    shutil.rmtree(folder, ignore_errors=True)  # an interrupted run begins anew: its minutes count
    rows: list[tuple[float, Epoch]] = []
    began = time.perf_counter()
    train(
        *(features, folder, words, recipe.settings, recipe.augmentation),
        teacher=TrainedNetwork.load(teacher) if teacher else None,
        callbacks=TrainingCallbacks(on_epoch=lambda epoch: rows.append((time.perf_counter() - began, epoch))),
    )
    kept = [(seconds, epoch.figures.validation_accuracy) for seconds, epoch in rows if epoch.is_best]
    found = {
        "accuracy": kept[-1][1],
        "short": [accuracy for seconds, accuracy in kept if seconds <= _SHORT_S][-1],
        "minutes": (time.perf_counter() - began) / 60,
        "examples_per_s": float(np.median([epoch.pace.examples_per_s for _, epoch in rows])),
        "waiting_share": float(np.median([epoch.pace.waiting_share for _, epoch in rows])),
    }
    write_json(figures, {"recipe": asdict(recipe), "figures": found})
    return found


if __name__ == "__main__":
    command()
