"""A run to one model file that has been run and answers as the network does."""

import dataclasses
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ...data.buckets import here
from ...data.clips import find_clip_table, sketch
from ...data.errors import WordspotError, WordspotWarning
from ...data.feature_set import FeatureSet, is_feature_set, read_feature_set
from ...data.files import read_json, replacing
from ..device.model_description import ModelDescription
from ..device.model_file import pack_model
from ..device.recognizer import Recognizer
from ..device.trial_run import remember
from ..features.extract import clips_folder_of, extract, is_extracted_from
from ..progress import Progress, no_progress
from ..scoring.running_speech import RunningSpeech
from ..training.examples.batches import Classes, Examples, SplitClips
from ..training.network import load_network
from ..training.run_folder.run import Run
from ..training.run_folder.run_config import RunConfig
from ..training.settings import AugmentSettings
from .convert import convert
from .graph import remove_mel_reshapes, remove_tensor_names
from .held_out import HeldOut, choose_held_out
from .verify import Agreement, compare, refuse_disagreement

_CHECKED_CLIPS = 1_000
_CALIBRATION_CLIPS = 500
_KEPT_METRICS = ("split", "clips", "accuracy", "interval", "per_label")


def export(
    run_folder: Path | str,
    out: Path | str,
    *,
    int8: bool = False,
    false_accepts_per_hour: float | None = 1.0,
    negatives: Path | str | None = None,
    progress: Progress = no_progress,
) -> Agreement:
    """Writes the run's best network as one model file, with its front end and the thresholds of its words inside.

    The file appears only after it has been run and its answers agree with the network's. The thresholds are chosen on clips
    and running speech that were not trained on; what they rest on stands in the file (`ModelDescription.threshold_choice`).

    Parameters
    ----------
    run_folder
        A run with at least one finished epoch.
    out
        The `.tflite` file to write.
    int8
        Quantize the network (not the front end), calibrated on training clips.
    false_accepts_per_hour
        How often it may fire at nothing, to choose thresholds by; None: the file has none.
    negatives
        A folder of long recordings without any of the words, besides those that the data has (`_negatives_`). Where there
        are neither, the running speech that ships is taken.
    progress
        Shows how far listening has come, in streams.

    Raises
    ------
    WordspotError
        No such run, negatives without sound, or a file whose answers disagree.
    """
    run, out = Run(here(run_folder)), here(out)
    negatives = here(negatives) if negatives is not None else None
    config = run.read_config()
    network = load_network(run.model)
    feature_set = _open_features(run, config)
    classes = Classes(config.classes, config.words)
    graph = convert(network, config.front_end)
    if int8:
        from .quantize import quantize_body  # here, because only this needs the quantizer

        graph = quantize_body(graph, _examples(feature_set, classes, "training", _CALIBRATION_CLIPS).frames)
    graph = remove_tensor_names(remove_mel_reshapes(graph))
    description = _describe(run, config, feature_set, int8=int8)
    held_out = _held_out(run, config, feature_set, classes, negatives)
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        temporary.write_bytes(pack_model(graph, description))
        remember(graph)  # it was made here
        recognizer = Recognizer.load(temporary)
        examples = _examples(feature_set, classes, "validation", _CHECKED_CLIPS)
        agreement = compare(recognizer, network, examples, config.front_end, temporary.stat().st_size)
        refuse_disagreement(agreement, int8=int8)
        if false_accepts_per_hour is not None:
            if config.cross_validated:
                text = (
                    "every clip was trained on, none was held out: more of other people's words are missed than is said"
                )
                warnings.warn(text, WordspotWarning, stacklevel=2)
            chosen = choose_held_out(recognizer, held_out, false_accepts_per_hour, negatives, progress=progress)
            description = dataclasses.replace(description, thresholds=chosen.thresholds, threshold_choice=chosen.choice)
            temporary.write_bytes(pack_model(graph, description))
    return dataclasses.replace(agreement, size_bytes=out.stat().st_size)


def _held_out(
    run: Run, config: RunConfig, feature_set: FeatureSet, classes: Classes, negatives: Path | None
) -> HeldOut:
    splits = {clip.split for clip in feature_set.clips if clip.label in config.words}
    split = "testing" if "testing" in splits else "validation"
    folder = _clips_folder(run, config)
    examples = _examples(feature_set, classes, split, _CHECKED_CLIPS)
    return HeldOut(folder, split, examples, RunningSpeech.find(folder, negatives, config.words))


def _clips_folder(run: Run, config: RunConfig) -> Path | None:
    """The clean folder that the run was trained on; None where it is gone or has changed, or was of no sound."""
    features = run.features if is_feature_set(run.features) else config.data
    folder = clips_folder_of(features) if features == config.data else config.data
    is_there = folder is not None and find_clip_table(folder) is not None and is_extracted_from(features, folder)
    return folder if is_there else None


def _open_features(run: Run, config: RunConfig) -> FeatureSet:
    """What the run was trained on: needed to calibrate, and to compare the file with the network.

    Features of a clean folder that were removed from the run are made again.

    Raises
    ------
    WordspotError
        The data are gone, their clips or their front end have changed.
    """
    feature_set = read_feature_set(_features_folder(run, config))
    if feature_set.checksum != config.clips:
        raise WordspotError(
            f"the clips of {config.data} have changed since {run.folder} was trained: train again, or bring them back"
        )
    if feature_set.front_end != config.front_end:
        raise WordspotError(
            f"{config.data} has another front end than {run.folder} was trained with: "
            f"{feature_set.front_end.unlike(config.front_end)}"
        )
    return feature_set


def _features_folder(run: Run, config: RunConfig) -> Path:
    if is_feature_set(run.features):
        return run.features
    if not config.data.exists():
        raise WordspotError(
            f"{run.folder} was trained on {config.data}, which is gone: move it back, its clips check the file"
        )
    if find_clip_table(config.data) is None:
        return config.data
    extract(config.data, run.features, config.front_end)
    return run.features


def _describe(run: Run, config: RunConfig, feature_set: FeatureSet, *, int8: bool) -> ModelDescription:
    values = config.to_dict()
    metrics = read_json(run.metrics) if run.metrics.is_file() else {}
    return ModelDescription(
        labels=config.classes,
        front_end=config.front_end,
        quantization="int8 network, float32 front end" if int8 else "none, float32",
        made_by=f"wordspot {version('wordspot')}",
        training={name: values[name] for name in ("settings", "augmentation", "versions")},
        metrics={name: metrics[name] for name in _KEPT_METRICS if name in metrics},
        training_clips=tuple(
            sketch(clip for clip in feature_set.clips if config.cross_validated or clip.split == "training")
        ),
    )


def _examples(feature_set: FeatureSet, classes: Classes, split: str, most: int) -> Examples:
    """An even spread of at most `most` examples of a split."""
    examples = SplitClips(feature_set, classes, split, AugmentSettings()).fixed_examples()
    chosen = np.unique(np.linspace(0, len(examples.classes) - 1, most).round().astype(int))
    return Examples(examples.frames[chosen], examples.classes[chosen], [examples.file_names[i] for i in chosen])
