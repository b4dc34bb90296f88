"""A maker's case: seven words, 13 recordings of each by three voices, all defaults, judged on other people.

Words of Speech Commands of which three people and more made several recordings: eight, five, one and zero are all by the
same three, each of the others has three of its own, who stand for them. Fifty clips of five other words by the same
three are `_unknown_`. Everything is real sound of training speakers. Judged on validation speakers: their clips of the seven
words; sound of words that are in none of the two, nearly all of it commands that `small`, with which training begins, tells
apart; and images of words that neither it nor the negatives that ship know as words of their own. That `small` was trained on
the seven words as `_unknown_`, and on the same speakers, flatters. Of the negatives that ship only 93 clips are left: seven of
its 20 words are the maker's.
"""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from ....data.audio import read_sound
from ....data.clips import Clip
from ....data.feature_set import FeatureSet, is_feature_set, read_feature_set, write_noise, writing_feature_set
from ....data.files import read_json
from ....data.native_output import without_native_output
from ....data.splits import assign_splits
from ....pipeline.device.recognizer import Recognizer
from ....pipeline.device.stream import StreamSettings, thresholds_of
from ....pipeline.scoring.stream_mix import Stream
from ....pipeline.scoring.stream_score import count
from ....pipeline.scoring.streams import candidates_of
from ....pipeline.training.run_folder.run import Run
from ...release.negatives import HELD_OUT_EACH
from ...terminal.console import OUT
from ...terminal.options import argument, declare

WORDS = ("eight", "five", "one", "zero", "bed", "cat", "happy")
_OTHERS = ("down", "go", "left", "right", "up")
_BY_THE_SAME = (*WORDS[:4], *_OTHERS)
_NEW = ("backward", "follow", "forward", "learn", "visual")
_VOICES = ("ada", "bela", "cleo")
_CLIPS_PER_WORD = 13
_OTHER_CLIPS = 50
_FEWEST_TAKES = 4


@declare
@argument("features", help="Feature set of the log-mel images and the recordings, of `make pretrained`.")
@argument("speech", help="Folder of read speech, a text beside each file.")
@argument("work", help="Folder for what is made on the way; finished runs are kept.")
@click.option("--seeds", "seeds", type=int, default=3, help="How many draws of voices.")
def command(features: Path, speech: Path, work: Path, seeds: int) -> None:
    """Print what the device makes of other people's words and other words, and what the product says of itself."""
    everything = read_feature_set(features)
    streams = _quiet_speech(speech)
    columns = (
        "seed",
        "recognized",
        "another word",
        "commands taken",
        "new words taken",
        "read speech",
        "its own figures",
    )
    table = Table(*columns, box=None)
    for seed in range(seeds):
        part, run = work / f"clips-{seed}", Run(work / f"seed {seed}")
        _write(part, everything, draw(everything, seed))
        recognizer = _trained(part, run)
        shares = [f"{share:.1%}" for share in judge(recognizer, everything)]
        table.add_row(str(seed), *shares, _per_hour(recognizer, streams), _own_figures(read_json(run.metrics)))
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


def _trained(features: Path, run: Run) -> Recognizer:
    """The model file of a run with all defaults."""
    with without_native_output():
        from ....pipeline.export.export import export
        from ....pipeline.training.train import train

    model = run.folder / "model.tflite"
    if not model.is_file():
        began = time.process_time()
        train(features, run.folder, WORDS, resume=True)
        OUT.print(f"{run.folder.name}: {time.process_time() - began:.0f} s of processor time")
        export(run.folder, model)
    return Recognizer.load(model)


def judge(recognizer: Recognizer, everything: FeatureSet) -> list[float]:
    """Mean recall of other people's words, the share of them taken for another one, and of two kinds of other words for any.

    As the device has it: what is below its threshold is no word.
    """
    words, commands, new = to_judge(everything)
    truth = np.array([everything.clips[row].label for row in words])
    answers, *taken = (_answers(recognizer, everything.log_mel[rows]) for rows in (words, commands, new))
    recalls = [float((answers[truth == word] == word).mean()) for word in WORDS]
    wrong = float(((answers != "") & (answers != truth)).mean())
    return [float(np.mean(recalls)), wrong, *(float((some != "").mean()) for some in taken)]


def _answers(recognizer: Recognizer, clips: np.ndarray) -> np.ndarray:
    """The word of each clip float16 [n, frames, mels]; empty: none."""
    found = np.stack([recognizer.classify_features(frames.astype(np.float32)) for frames in clips])
    best = found.argmax(axis=1)
    thresholds = thresholds_of(recognizer, StreamSettings().threshold)
    return np.where(found.max(axis=1) >= thresholds[best], np.array(recognizer.labels)[best], "")


def _quiet_speech(folder: Path) -> list[Stream]:
    """Every third speaker, whom nothing that ships was trained on, but for those that say one of the words."""
    texts = sorted(folder.glob("*.txt"))[::HELD_OUT_EACH]
    quiet = [text for text in texts if not set(WORDS) & set(text.read_text(encoding="utf-8").casefold().split())]
    return [Stream("", 0, read_sound(text.with_suffix(".opus")).samples, []) for text in quiet]


def _per_hour(recognizer: Recognizer, streams: Sequence[Stream]) -> str:
    settings = StreamSettings()
    heard = [candidates_of(recognizer, stream, settings) for stream in streams]
    score = count(heard, recognizer.labels, thresholds_of(recognizer, settings.threshold))
    return f"{score.false_accepts_per_hour:.1f}/h ({score.together.false_accepts} in {score.hours:.2f} h)"


def _own_figures(metrics: dict) -> str:
    crossed = metrics["cross_validation"]
    words, others = crossed["words"], crossed["other_words_taken"]
    return " and ".join(
        f"{some['share']:.0%} ({some['interval'][0]:.0%} to {some['interval'][1]:.0%}) of {some['clips']}"
        for some in (words, others)
    )


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


def to_judge(everything: FeatureSet) -> tuple[list[int], list[int], list[int]]:
    """Rows of validation speakers: of the words, of words that are neither the maker's nor the other ones, of new words."""
    rows = [row for row, clip in enumerate(everything.clips) if clip.split == "validation"]
    sound = [row for row in rows if _is_sound(everything.clips[row])]
    words = [row for row in sound if everything.clips[row].label in WORDS]
    others = [row for row in sound if everything.clips[row].label not in WORDS + _OTHERS]
    return words, others, [row for row in rows if everything.clips[row].label in _NEW]


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
