"""Makes the models that ship: `make pretrained` repeats it."""

import subprocess
import sys
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from ...data.feature_set import is_feature_set, read_feature_set
from ...data.files import read_json, replacing
from ...data.front_end import FrontEnd
from ...data.join import join_feature_sets
from ...models import pretrained
from ...pipeline.device.model_file import pack_model, read_model
from ...pipeline.device.recognizer import Recognizer
from ...pipeline.training.examples.batches import Classes, SplitClips
from ...pipeline.training.run_folder.run import Run
from ...pipeline.training.settings import AugmentSettings
from ..terminal.console import OUT
from ..terminal.options import PATH, argument, declare
from ..terminal.progress import progress_bar
from .model_card import write_card
from .steps import RECORDINGS, SOFT_LABELS_BY, STEPS, WORDS, FineTuning

if TYPE_CHECKING:
    from ...pipeline.training.trained_network import TrainedNetwork
    from .fine_tune import NegativeBatches


@dataclass(frozen=True)
class Folders:
    """Where things are: features, running speech, what is kept on the way, and the model files."""

    features: Path
    speech: Path
    work: Path
    out: Path


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
    runs = {
        name: [train_step(features, work, name, seed) for seed in range(seeds if step.ships else 1)]
        for name, step in STEPS.items()
    }
    for name, step in STEPS.items():
        if step.fine_tuning:
            _ship(name, step.fine_tuning, runs, Folders(features, data / "read_speech", work, out))
    pretrained.write_checksums(out)


def joined_features(data: Path, work: Path) -> Path:
    """The log-mel images and the real recordings as one feature set, with the front end of the images."""
    joined, images = work / "features", work / "images"
    if is_feature_set(joined):
        return joined
    if not is_feature_set(images):
        subprocess.run([sys.executable, data / "unpack_log_mel.py", images], check=True)
    front_end = FrontEnd.from_dict(read_json(images / "front_end.json"), str(images))
    from ...pipeline.features.extract import extract

    parts = [images]
    for source in RECORDINGS:
        _wordspot("clean", data / source, work / "clips" / source, "--quiet")
        parts.append(work / source)
        extract(work / "clips" / source, parts[-1], front_end)
    join_feature_sets(parts, joined)
    return joined


def train_step(features: Path, work: Path, name: str, seed: int) -> Path:
    """The finished run of one step; what is there of it is not repeated."""
    from ...pipeline.training.loop import Epoch, TrainingCallbacks
    from ...pipeline.training.train import train
    from ...pipeline.training.trained_network import TrainedNetwork

    step = STEPS[name]
    settings, augmentation = replace(step.recipe.settings, seed=seed), step.recipe.augmentation
    run = work / (f"{name}_seed_{seed}" if seed else name)

    def tell(epoch: Epoch) -> None:
        OUT.print(
            f"{run.name}: epoch {epoch.figures.epoch} of {settings.epochs}, accuracy "
            f"{epoch.figures.validation_accuracy:.2%}, {epoch.pace.examples_per_s:.0f} examples/s"
        )

    if not Run(run).metrics.is_file():
        teacher = TrainedNetwork.load(str(work / step.teacher)) if step.teacher else None
        callbacks = TrainingCallbacks(on_epoch=tell)
        train(features, run, WORDS, settings, augmentation, teacher=teacher, resume=True, callbacks=callbacks)
    return run


def _ship(name: str, how: FineTuning, runs: dict[str, list[Path]], folders: Folders) -> None:
    """Fine-tunes the network of a run, and writes its model files, weights and card."""
    from ...pipeline.export.export import export
    from ...pipeline.training.distillation import soft_labels_of
    from ...pipeline.training.trained_network import TrainedNetwork
    from .fine_tune import NegativeBatches, fine_tune

    feature_set = read_feature_set(folders.features)
    classes = Classes.choose(feature_set, WORDS)
    trained, teacher = (TrainedNetwork.load(str(runs[step][0])) for step in (name, SOFT_LABELS_BY))
    soft_labels = soft_labels_of(teacher, feature_set, classes)
    batches = NegativeBatches(feature_set, classes, soft_labels, folders.speech)
    deque(progress_bar(f"fine-tuning {name}")(fine_tune(trained.network, batches, how), how.steps), maxlen=0)
    files = {"float": folders.out / f"{name}.tflite", "int8": folders.out / f"{name}_int8.tflite"}
    for kind, file in files.items():
        # for its description; graph and thresholds are the fine-tuned network's
        export(runs[name][0], file, int8=kind == "int8", false_accepts_per_hour=None)
        _exchange_graph(file, trained, batches, STEPS[name].threshold, int8=kind == "int8")
    trained.save_weights(folders.out / f"{name}.npz")
    examples = SplitClips(feature_set, classes, "validation", AugmentSettings()).fixed_examples()
    real = np.array([file_name.startswith(RECORDINGS) for file_name in examples.file_names])
    write_card(folders.out / f"{name}.md", runs[name], files, examples, real)


def _exchange_graph(
    file: Path, trained: "TrainedNetwork", batches: "NegativeBatches", threshold: float, *, int8: bool
) -> None:
    from ...pipeline.export.convert import convert
    from ...pipeline.export.graph import remove_mel_reshapes, remove_tensor_names
    from ...pipeline.export.quantize import quantize_body

    graph = convert(trained.network, trained.front_end)
    if int8:
        graph = quantize_body(graph, batches.batch(0)[0])
    description = read_model(file).description
    description = replace(description, thresholds=dict.fromkeys(description.words, threshold))
    with replacing(file) as temporary:
        temporary.write_bytes(pack_model(remove_tensor_names(remove_mel_reshapes(graph)), description))
        Recognizer.load(temporary)


def _wordspot(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "wordspot.tools.cli", *map(str, arguments)], check=True)


if __name__ == "__main__":
    command()
