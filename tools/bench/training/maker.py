"""A maker's case: seven words, 13 recordings of each by three voices, judged on other people.

Words of Speech Commands of which three people and more made several recordings: eight, five, one and zero are all by the
same three, each of the others has three of its own, who stand for them. Fifty clips of five other words by the same
three are `_unknown_`. Everything is real sound of training speakers. Judged on the sound of validation speakers: their
clips of the seven words, and their clips of words that are in none of the two. What ships was trained on the same words as
`_unknown_`, and on the same speakers: without that, starting from it would gain less.
"""

import dataclasses
import time
from collections import defaultdict
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from ....data.clips import Clip
from ....data.feature_set import FeatureSet, is_feature_set, read_feature_set, write_noise, writing_feature_set
from ....data.files import read_json
from ....data.native_output import without_native_output
from ....data.splits import assign_splits
from ....pipeline.training.recipe import Recipe
from ....pipeline.training.run_folder.run import Run
from ....pipeline.training.settings import OTHER_PEOPLE, TRANSFER_SETTINGS
from ...terminal.console import OUT
from ...terminal.options import argument, declare

WORDS = ("eight", "five", "one", "zero", "bed", "cat", "happy")
_OTHERS = ("down", "go", "left", "right", "up")
_BY_THE_SAME = (*WORDS[:4], *_OTHERS)
_VOICES = ("ada", "bela", "cleo")
_CLIPS_PER_WORD = 13
_OTHER_CLIPS = 50
_FEWEST_TAKES = 4


@dataclasses.dataclass(frozen=True)
class Way:
    """A way of training: from what, how, and whether on all clips, which cross-validation then judges."""

    start: str | None
    recipe: Recipe
    on_all: bool


_WAYS = {
    "from scratch, one voice trains": Way(None, Recipe(), on_all=False),  # the default until 2026-11-28
    "from small, one voice trains": Way("small", Recipe(TRANSFER_SETTINGS), on_all=False),
    "from small, all train": Way("small", Recipe(TRANSFER_SETTINGS), on_all=True),
    "the same, as other people": Way("small", Recipe(TRANSFER_SETTINGS, OTHER_PEOPLE), on_all=True),
}


@declare
@argument("features", help="Feature set of the log-mel images and the recordings, of `make pretrained`.")
@argument("work", help="Folder for what is made on the way; finished runs are kept.")
@click.option("--seeds", "seeds", type=int, default=3, help="How many draws of voices.")
def command(features: Path, work: Path, seeds: int) -> None:
    """Print what is recognized of other people's words, what is taken for one, and what the product says of itself."""
    everything = read_feature_set(features)
    table = Table("seed", "way", "words", "others taken", "its own figure", box=None)
    for seed in range(seeds):
        part = work / f"clips-{seed}"
        _write(part, everything, draw(everything, seed))
        for name, way in _WAYS.items():
            run = Run(work / f"{name}, seed {seed}")
            _train(part, run, way, seed)
            words, taken = judge(run, everything)
            metrics = read_json(run.metrics)
            low, high = metrics["interval"]
            own = f"{metrics['accuracy']:.0%} ({low:.0%} to {high:.0%}) of {metrics['clips']}"
            table.add_row(str(seed), name, f"{words:.1%}", f"{taken:.1%}", own)
    OUT.print(table)


def _write(folder: Path, everything: FeatureSet, clips: list[Clip]) -> None:
    if is_feature_set(folder):
        return
    rows = {clip.file_name: row for row, clip in enumerate(everything.clips)}
    clips = [dataclasses.replace(clip, split=split) for clip, split in zip(clips, assign_splits(clips), strict=True)]
    with writing_feature_set(folder, everything.front_end, clips) as (frames, unfinished):
        for i, clip in enumerate(clips):
            frames[i] = everything.log_mel[rows[clip.file_name]]
        write_noise(unfinished, [f"{i}" for i in range(len(everything.noise))], everything.noise)


def _train(features: Path, run: Run, way: Way, seed: int) -> None:
    with without_native_output():
        from ....pipeline.training.train import train

    if run.metrics.is_file():
        return
    began = time.process_time()
    settings = dataclasses.replace(way.recipe.settings, seed=seed)
    start, augmentation = way.start, way.recipe.augmentation
    train(features, run.folder, WORDS, settings, augmentation, start=start, resume=True, judged_on_all=way.on_all)
    OUT.print(f"{run.folder.name}: {time.process_time() - began:.0f} s of processor time")


def judge(run: Run, everything: FeatureSet) -> tuple[float, float]:
    """Mean recall of the words of other people, and the share of their other words that is taken for one."""
    from ....pipeline.training.network import load_network, logits

    network, labels = load_network(run.model), run.read_config().classes
    words, others = to_judge(everything)
    answers = [
        np.array(labels)[logits(network, everything.log_mel[rows].astype(np.float32)).argmax(axis=1)]
        for rows in (words, others)
    ]
    truth = np.array([everything.clips[row].label for row in words])
    recalls = [float((answers[0][truth == word] == word).mean()) for word in WORDS]
    return float(np.mean(recalls)), float(np.isin(answers[1], WORDS).mean())


def draw(everything: FeatureSet, seed: int) -> list[Clip]:
    """The maker's clips, named as in `everything`, each by one of three voices; no split is given."""
    rng = np.random.default_rng(seed)
    takes = _takes(everything)
    same = rng.permutation(sorted(set.intersection(*(set(takes[word]) for word in _BY_THE_SAME))))[: len(_VOICES)]
    clips = []
    for word in _BY_THE_SAME + WORDS[4:]:
        people = same if word in _BY_THE_SAME else rng.permutation(sorted(takes[word]))[: len(_VOICES)]
        count = _CLIPS_PER_WORD if word in WORDS else _OTHER_CLIPS // len(_OTHERS)
        clips += _by_turns(
            [
                [dataclasses.replace(clip, speaker=voice, split="") for clip in takes[word][person]]
                for voice, person in zip(_VOICES, people, strict=True)
            ],
            count,
        )
    return clips


def to_judge(everything: FeatureSet) -> tuple[list[int], list[int]]:
    """Rows of validation speakers: of the words, and of words that are neither the maker's nor among the other ones."""
    rows = [row for row, clip in enumerate(everything.clips) if clip.split == "validation" and _is_sound(clip)]
    words = [row for row in rows if everything.clips[row].label in WORDS]
    return words, [row for row in rows if everything.clips[row].label not in WORDS + _OTHERS]


def _takes(everything: FeatureSet) -> dict[str, dict[str, list[Clip]]]:
    """{word: {training speaker with many takes of it: those}}."""
    found: dict[str, dict[str, list[Clip]]] = defaultdict(lambda: defaultdict(list))
    for clip in everything.clips:
        if clip.split == "training" and _is_sound(clip):
            found[clip.label][clip.speaker].append(clip)
    return {
        word: {speaker: clips for speaker, clips in by_speaker.items() if len(clips) >= _FEWEST_TAKES}
        for word, by_speaker in found.items()
    }


def _is_sound(clip: Clip) -> bool:
    return not clip.file_name.startswith("images/")


def _by_turns(by_voice: list[list[Clip]], count: int) -> list[Clip]:
    """The first clip of each voice, then the second ones, up to so many."""
    longest = max(map(len, by_voice))
    return [clips[i] for i in range(longest) for clips in by_voice if i < len(clips)][:count]


if __name__ == "__main__":
    command()
