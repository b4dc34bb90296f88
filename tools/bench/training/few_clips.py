"""New words from few clips: trained on from networks that never saw them, and from scratch.

The networks of the models that ship are trained on everything but the new words. Then, for every number of clips and
every seed, clips of real recordings of training speakers are drawn, and trained on from each of them, and from scratch
with the default network. Judged on the real recordings of all validation speakers. Finished runs are kept and not
repeated.
"""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table

from ....data.feature_set import FeatureSet, read_feature_set
from ....data.files import read_json
from ....data.native_output import without_native_output
from ....pipeline.training.recipe import Recipe
from ....pipeline.training.run_folder.run import Run
from ....pipeline.training.settings import TRANSFER_SETTINGS, TrainSettings
from ...release.pretrain import joined_features
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ..parts import Part, write_part

_NEW_WORDS = ("eight", "five", "happy", "zero")
_COUNTS = (5, 10, 20, 50)
_TO_VALIDATE = 10  # clips per word of other speakers, to see how it goes, whatever the number to train on
_SEEDS = 3
_EPOCHS = 12  # of the networks to begin with
_BODIES = {"as from small": "bc_resnet_1_late_t2", "as from accurate": "bc_resnet_3_t2"}  # the networks that ship
_SCRATCH = "from scratch"


@declare
@argument("data", help="Folder with the recordings and the log-mel images of Speech Commands.")
@argument("pretrained", help="Work folder of `make pretrained`; what it lacks is made.")
@argument("work", help="Folder for what is made on the way.")
def command(data: Path, pretrained: Path, work: Path) -> None:
    """Print the mean recall of four new words, unknown ones and silence, by number of clips and way of training."""
    everything = read_feature_set(joined_features(data, pretrained))
    bodies = {_SCRATCH: None} | {way: _pretrain(everything, work, model) for way, model in _BODIES.items()}
    found: dict[tuple[str, int], list[float]] = {}
    for count in _COUNTS:
        for seed in range(_SEEDS):
            features = work / f"{count}-{seed}"
            write_part(features, everything, draw(everything, count, np.random.default_rng([seed, count])))
            for way, body in bodies.items():
                recipe = Recipe(dataclasses.replace(TRANSFER_SETTINGS if body else TrainSettings(), seed=seed))
                recall = _train(features, work / f"{count} clips, {way}, seed {seed}", _NEW_WORDS, recipe, body)
                found.setdefault((way, count), []).append(recall)
    _print(found)


def draw(everything: FeatureSet, count: int, rng: np.random.Generator) -> Part:
    """Rows of real recordings for one run.

    `count` clips per new word to train on and `_TO_VALIDATE` to validate on, by speakers of the training split, other
    ones for the second; of unknown words as many as of all new ones together. To judge: every clip of the validation split.
    """
    clips = everything.clips
    real = [row for row, clip in enumerate(clips) if not clip.file_name.startswith("images/")]
    part = [(row, "testing") for row in real if clips[row].split == "validation"]
    rows = [row for row in rng.permutation(real).tolist() if clips[row].split == "training"]
    speakers = rng.permutation(sorted({clips[row].speaker for row in rows})).tolist()
    validating = set(speakers[: len(speakers) // 4])
    for split, clip_count in (("training", count), ("validation", _TO_VALIDATE)):
        by_these = [row for row in rows if (clips[row].speaker in validating) == (split == "validation")]
        for word in _NEW_WORDS:
            part += [(row, split) for row in by_these if clips[row].label == word][:clip_count]
        others = [(row, split) for row in by_these if clips[row].label not in _NEW_WORDS]
        part += others[: len(_NEW_WORDS) * clip_count]
    return part


def _pretrain(everything: FeatureSet, work: Path, model: str) -> Path:
    """The run of a network to begin with: every word a class, but for the new ones."""
    features, run = work / "pretraining", work / f"pretrained {model}"
    clips = everything.clips
    write_part(
        features, everything, [(row, clip.split) for row, clip in enumerate(clips) if clip.label not in _NEW_WORDS]
    )
    _train(features, run, (), Recipe(TrainSettings(model=model, epochs=_EPOCHS)))
    return run


def _train(features: Path, run: Path, words: Sequence[str], recipe: Recipe, start: Path | None = None) -> float:
    """Mean recall over all classes of the best epoch's network."""
    with without_native_output():
        from ....pipeline.training.train import train
        from ....pipeline.training.trained_network import TrainedNetwork

    if not Run(run).metrics.is_file():
        began = time.process_time()
        begin_with = TrainedNetwork.load(str(start)) if start else None
        train(features, run, words, recipe.settings, recipe.augmentation, start=begin_with, resume=True)
        OUT.print(f"{run.name}: {time.process_time() - began:.0f} s of processor time")
    per_label = read_json(Run(run).metrics)["per_label"]
    return float(np.mean([label["recall"] for label in per_label.values()]))


def _print(found: dict[tuple[str, int], list[float]]) -> None:
    ways = (_SCRATCH, *_BODIES)
    table = Table("clips per word", *ways, box=None)
    for count in _COUNTS:
        cells = (f"{np.mean(found[way, count]):.1%} ± {np.std(found[way, count], ddof=1):.1%}" for way in ways)
        table.add_row(str(count), *cells)
    OUT.print(table)


if __name__ == "__main__":
    command()
