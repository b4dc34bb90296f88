"""Makes the models that ship: `make pretrained` repeats it."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np

from ...data.feature_set import is_feature_set, read_feature_set
from ...data.files import read_json
from ...data.front_end import FrontEnd
from ...data.join import join_feature_sets
from ...models import pretrained
from ...pipeline.training.batches import Classes, SplitClips
from ...pipeline.training.recipe import Recipe
from ...pipeline.training.run import Run
from ...pipeline.training.settings import AugmentSettings, TrainSettings
from ..terminal.console import OUT
from ..terminal.options import PATH, argument, declare
from .model_card import write_card

WORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")


@dataclass(frozen=True)
class Step:
    """One training of those that lead to the models that ship.

    Attributes
    ----------
    recipe
        How to train.
    teacher
        Name of an earlier step, whose answers are learned as well as the labels.
    ships
        Its network becomes a model that ships, of the step's name.
    """

    recipe: Recipe
    teacher: str | None = None
    ships: bool = True


_SMALL = AugmentSettings(noise_share=0.4, time_mask_ms=0, mel_mask=0)  # less, for there is less to hold it
_LARGE = AugmentSettings(noise_share=0.5, time_mask_ms=60, mel_mask=3)
_TEACHERS = TrainSettings(model="bc_resnet_3_t2", epochs=40, patience=40, learning_rate=4e-3, label_smoothing=0.05)
STEPS = {
    "first_teacher": Step(Recipe(replace(_TEACHERS, epochs=22, patience=22), _LARGE), ships=False),
    "second_teacher": Step(Recipe(_TEACHERS, _LARGE), teacher="first_teacher", ships=False),
    "accurate": Step(
        Recipe(TrainSettings(model="bc_resnet_3_t2", epochs=40, patience=40), _LARGE), teacher="second_teacher"
    ),
    "small": Step(
        Recipe(TrainSettings(model="bc_resnet_1_late_t2", epochs=80, patience=80), _SMALL), teacher="second_teacher"
    ),
}


@declare
@argument("data", help="Folder with the recordings and the log-mel images of Speech Commands.")
@argument("work", help="Folder for features and runs; kept, so that an interrupted run goes on.")
@click.option(
    "--out",
    "out",
    type=PATH,
    default=Path(pretrained.__file__).parent,
    show_default=True,
    help="Folder for the model files and cards.",
)
@click.option(
    "--seeds",
    "seeds",
    type=int,
    default=1,
    show_default=True,
    help="Trainings of each model that ships; the first one ships, the others tell its chance.",
)
def command(data: Path, work: Path, out: Path, seeds: int) -> None:
    """Train on everything there is of Speech Commands, and write the model files, their cards and checksums."""
    features = joined_features(data, work)
    for name, step in STEPS.items():
        runs = [train_step(features, work, name, seed) for seed in range(seeds if step.ships else 1)]
        if step.ships:
            _ship(name, runs, features, out)
    pretrained.write_checksums(out)


def joined_features(data: Path, work: Path) -> Path:
    """The log-mel images and the real recordings as one feature set, with the front end of the images."""
    joined, images, sounds = work / "features", work / "images", work / "recordings"
    if is_feature_set(joined):
        return joined
    if not is_feature_set(images):
        subprocess.run([sys.executable, data / "unpack_log_mel.py", images], check=True)
    front_end = FrontEnd.from_dict(read_json(images / "front_end.json"), str(images))
    _wordspot("clean", data / "speech_commands_v0.01_subset", work / "clips", "--quiet")
    from ...pipeline.features.extract import extract

    extract(work / "clips", sounds, front_end)
    join_feature_sets([images, sounds], joined)
    return joined


def train_step(features: Path, work: Path, name: str, seed: int) -> Path:
    """The finished run of one step; what is there of it is not repeated."""
    from ...pipeline.training.train import Epoch, TrainingCallbacks, train
    from ...pipeline.training.transfer import TrainedNetwork

    step = STEPS[name]
    settings, augmentation = replace(step.recipe.settings, seed=seed), step.recipe.augmentation
    run = work / (f"{name}_seed_{seed}" if seed else name)

    def tell(epoch: Epoch) -> None:
        OUT.print(
            f"{run.name}: epoch {epoch.row['epoch']:.0f} of {settings.epochs}, accuracy "
            f"{epoch.row['validation_accuracy']:.2%}, {epoch.pace.examples_per_s:.0f} examples/s"
        )

    if not Run(run).metrics.is_file():
        teacher = TrainedNetwork.load(str(work / step.teacher)) if step.teacher else None
        watcher = TrainingCallbacks(on_epoch=tell)
        train(features, run, WORDS, settings, augmentation, teacher=teacher, resume=True, watcher=watcher)
    return run


def _ship(name: str, runs: list[Path], features: Path, out: Path) -> None:
    from ...pipeline.export.export import export
    from ...pipeline.training.transfer import TrainedNetwork

    files = {"float": out / f"{name}.tflite", "int8": out / f"{name}_int8.tflite"}
    for kind, file in files.items():
        OUT.print(str(export(runs[0], file, int8=kind == "int8")))
    TrainedNetwork.load(str(runs[0])).save_weights(out / f"{name}.npz")
    feature_set = read_feature_set(features)
    examples = SplitClips(
        feature_set, Classes.choose(feature_set, WORDS), "validation", AugmentSettings()
    ).fixed_examples()
    real = np.array([file_name.startswith("recordings/") for file_name in examples.file_names])
    write_card(out / f"{name}.md", runs, files, examples, real)


def _wordspot(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "wordspot.tools.cli", *map(str, arguments)], check=True)


if __name__ == "__main__":
    command()
