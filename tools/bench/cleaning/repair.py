"""What repairing labels is worth: a network trained on wrong labels, on repaired ones, and on the right ones.

Judged on the validation speakers, whose labels stay as they came, by the last epoch's network, which nothing was chosen by.
Every accuracy is kept as it comes: stopped and run again, it goes on.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from ....data.clips import Clip
from ....data.feature_set import FeatureSet, is_feature_set, read_feature_set
from ....data.files import read_json, write_json
from ....models import pretrained
from ....pipeline.curation.audit import SURE, Audit, Suspicion, judge, still_doubtful
from ....pipeline.curation.embedding import DEFAULT, embed
from ....pipeline.device.model_file import read_model
from ....pipeline.features.extract import extract
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ...terminal.progress import progress_bar
from .mislabeling import Planted, plant

_DOUBTFUL = 0.5  # suspicion from which a clip is dropped
_HOP_MS = 20.0  # half the frames: half the time


@declare
@argument("clips", metavar="CLIPS", help="Clean folder of Speech Commands.")
@argument("work", help="Folder for what is made on the way.")
@click.option("--words", "words", type=str, default="bed,cat,happy,eight,five,one,zero", help="With commas.")
@click.option("--size", "size", type=int, default=300, show_default=True, help="Clips per word.")
@click.option("--shares", "shares", type=str, default="0.15,0.06", show_default=True, help="Of wrong labels.")
@click.option("--epochs", "epochs", type=int, default=16, show_default=True, help="Of each training.")
@click.option("--seeds", "seeds", type=int, default=3, show_default=True, help="Of errors, clips and weights.")
def command(clips: Path, work: Path, words: str, size: int, shares: str, epochs: int, seeds: int) -> None:
    """Train on labels of every kind from several seeds, and print accuracies: mean, and each seed."""
    from .retraining import Retraining  # here, because TensorFlow takes long to load

    everything, points = _opened(clips, work)
    results = work / f"{words}, {size} clips, {epochs} epochs.json"
    accuracies: dict[str, list[float]] = {}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        rows = _draw(everything, words.split(","), size, rng)
        retraining = Retraining(everything, words.split(","), epochs, seed)
        for name, labels in _variants(everything, points, rows, [float(share) for share in shares.split(",")], rng):
            wrong = np.mean([label != everything.clips[row].label for row, label in labels.items()])
            known = read_json(results) if results.is_file() else {}
            if (key := f"{name}, seed {seed}") not in known:
                write_json(results, known := known | {key: retraining.accuracy(labels)})
            accuracies.setdefault(name, []).append(known[key])
            OUT.print(f"{key}: {known[key]:.2%}; of {len(labels):,} labels {wrong:.2%} are wrong")
    for name, values in accuracies.items():
        OUT.print(f"{name}: {np.mean(values):.2%} ({', '.join(f'{value:.2%}' for value in values)})")


def _opened(clips: Path, work: Path) -> tuple[FeatureSet, np.ndarray]:
    """The features, and the embedding of every clip, which are made once."""
    features, embedded = work / "features", work / "embedding.npy"
    if not is_feature_set(features):
        front_end = read_model(pretrained.path_of(DEFAULT)).description.front_end
        extract(clips, features, dataclasses.replace(front_end, hop_ms=_HOP_MS), progress=progress_bar("extracting"))
    if not embedded.is_file():
        np.save(embedded, embed(clips, DEFAULT, progress=progress_bar("embedding"))[0])
    return read_feature_set(features), np.load(embedded)


def _draw(everything: FeatureSet, words: list[str], size: int, rng: np.random.Generator) -> list[int]:
    """Rows of training speakers, `size` of each word."""
    usable = [i for i, clip in enumerate(everything.clips) if clip.split == "training"]
    return [
        int(row)
        for word in words
        for row in rng.permutation([i for i in usable if everything.clips[i].label == word])[:size]
    ]


def _variants(
    everything: FeatureSet, points: np.ndarray, rows: list[int], shares: list[float], rng: np.random.Generator
) -> Iterator[tuple[str, dict[int, str]]]:
    """Names, and {row: label} of what is trained on."""
    clips = [everything.clips[row] for row in rows]
    yield "right labels", _labels(rows, clips)
    for share in shares:
        planted = plant(clips, share, rng)
        yield f"{share:.0%} wrong", _labels(rows, planted.clips)
        for name, repaired in _repairs(planted, points[rows]).items():
            kept = [(row, clip) for row, clip in zip(rows, repaired, strict=True) if clip.label]
            yield f"{share:.0%} wrong, {name}", _labels([row for row, _ in kept], [clip for _, clip in kept])


def _labels(rows: list[int], clips: list[Clip]) -> dict[int, str]:
    return {row: clip.label for row, clip in zip(rows, clips, strict=True)}


def _repairs(planted: Planted, points: np.ndarray) -> dict[str, list[Clip]]:
    """The clips by ways of repair; an empty label is a clip that was dropped."""
    found = judge(points, planted.clips, {})
    heard = {one.file_name for one in found.suspicions[: 2 * len(planted.truth)]}
    right = {name: label for name, label in planted.truth.items() if name in heard}
    accepted = _relabeled(planted.clips, {one.file_name: one.suggested for one in _from(found, SURE)})
    return {
        "suggestions accepted unheard": accepted,
        "then the doubtful dropped": _relabeled(
            accepted, dict.fromkeys(still_doubtful(points, planted.clips, {}, found), "")
        ),
        "suspicious dropped": _relabeled(planted.clips, {one.file_name: "" for one in _from(found, _DOUBTFUL)}),
        "2k most suspicious heard": _relabeled(planted.clips, right),
    }


def _from(found: Audit, suspicion: float) -> list[Suspicion]:
    return [one for one in found.suspicions if one.suspicion >= suspicion]


def _relabeled(clips: list[Clip], labels: dict[str, str]) -> list[Clip]:
    return [dataclasses.replace(clip, label=labels.get(clip.file_name, clip.label)) for clip in clips]


if __name__ == "__main__":
    command()
