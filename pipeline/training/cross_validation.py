"""Few clips or speakers: all of them are trained on, and how good that is comes from networks that lacked some of them.

The tenth that would be held out of a hundred clips is a word or two of one person, and what it says is chance; and out of
three speakers it would take two away. So the clips are dealt into parts, by speaker (Stone 1974,
doi:10.1111/j.2517-6161.1974.tb00994.x); each is judged by a network that was trained on the others, and the one that is
kept is trained on all, where training begins with a trained network four times as long.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ...data.clips import Clip
from ...data.errors import WordspotError
from ...data.feature_set import FeatureSet
from ...data.files import replacing
from ...data.labels import SILENCE
from ...data.splits import assign_splits, hash_percent, speaker_of
from ..scoring.confusion import wilson_interval
from .examples.batches import Classes, Examples
from .network import logits
from .run_folder.run import Run

_FEWEST_CLIPS = 20  # of a word on average, and
_FEWEST_SPEAKERS = 20  # below which a tenth is less than two clips, and one person
_FEWEST_OTHERS = 30  # clips of other words
_MOST_PARTS = 5
_NAMED_VOICES = 5
_ALIKE = 0.3  # of clips of one voice; 0.12 were measured, with 0.3 the interval holds what others get (EXPERIMENTS, 2026-11-28)


@dataclass(frozen=True)
class CrossValidation:
    """Which clips are judged together, by a network that was not trained on them.

    Attributes
    ----------
    feature_set
        All clips, all of them to train on.
    part_of
        int [clips]: the part that each clip belongs to, from 0 on.
    """

    feature_set: FeatureSet
    part_of: np.ndarray

    @classmethod
    def choose(cls, feature_set: FeatureSet, classes: Classes) -> "CrossValidation | None":
        """None with enough clips and speakers, or where a person said which clips judge (split column, split lists)."""
        clips = feature_set.clips
        words = [clip for clip in clips if clip.label in classes.words]
        per_word = len(words) / len(classes.words)
        speakers = {clip.speaker for clip in words}
        few = per_word < _FEWEST_CLIPS or (feature_set.speakers_known and len(speakers) < _FEWEST_SPEAKERS)
        if not few or not _split_by_rule(clips) or len({speaker_of(clip) for clip in words}) < 2:
            return None
        return cls(_with_splits(feature_set, ["training"] * len(clips)), _deal(clips, classes))

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return int(self.part_of.max()) + 1

    def without(self, part: int) -> FeatureSet:
        """The clips with one part for validation, and the others to train on."""
        return _with_splits(self.feature_set, np.where(self.part_of == part, "validation", "training").tolist())


@dataclass(frozen=True)
class CrossValidated:
    """What cross-validation came to: the answer to every clip by a network that was not trained on it.

    Attributes
    ----------
    cross
        Which clips were judged together.
    classes
        What the networks tell apart.
    rows
        int [n]: the clips, in order. Silence is not among them: it is synthetic, and nobody's.
    logits
        float32 [n, labels]: the answer to each.
    """

    cross: CrossValidation
    classes: Classes
    rows: np.ndarray
    logits: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        """Int [n]: the class of each."""
        return np.array([self.classes.index(self.cross.feature_set.clips[row].label) for row in self.rows], int)

    @property
    def voices(self) -> list[str]:
        """Who says the words, in order; empty where that is not known of all clips."""
        feature_set = self.cross.feature_set
        if not feature_set.speakers_known:
            return []
        return sorted({clip.speaker for clip in feature_set.clips if clip.label in self.classes.words})

    def judged(self) -> tuple[Examples, np.ndarray]:
        """What the accuracy is of, and the answers: every clip of the words, and of other words as many as of one word."""
        chosen = self._chosen()
        frames = self.cross.feature_set.log_mel[self.rows[chosen]].astype(np.float32)
        names = [self.cross.feature_set.clips[row].file_name for row in self.rows[chosen]]
        return Examples(frames, self.truth[chosen], names), self.logits[chosen]

    def worth_of_judged(self) -> float:
        """How many independent clips those that were judged are worth as a sample of other people's."""
        return self._worth(self.rows[self._chosen()])

    def _chosen(self) -> np.ndarray:
        is_word = self.truth < len(self.classes.words)
        others = np.flatnonzero(~is_word)
        most = max(1, round(is_word.sum() / len(self.classes.words)))
        kept = others[np.unique(np.linspace(0, len(others) - 1, min(most, len(others))).round().astype(int))]
        return np.sort(np.concatenate([np.flatnonzero(is_word), kept]))

    def _worth(self, rows: np.ndarray) -> float:
        return worth([speaker_of(self.cross.feature_set.clips[row]) for row in rows])

    def figures(self) -> dict[str, Any]:
        """For `metrics.json`: the words that were recognized, and the other words that were taken for one, in shares of 1."""
        truth, answers, n_words = self.truth, self.logits.argmax(axis=1), len(self.classes.words)
        is_word = truth < n_words
        return {
            "parts": self.cross.parts,
            "voices": len(self.voices) or None,
            "words": self._share(answers == truth, is_word),
            "other_words_taken": self._share(answers < n_words, ~is_word),
        }

    def summary(self) -> list[str]:
        """What a person should know of the figure, and what would help most: a sentence each."""
        words, others = self.figures()["words"], self.figures()["other_words_taken"]
        voices = (
            f"{_count(len(self.voices), 'voice')} ({_in_words(self.voices)})" if self.voices else "voices not known"
        )
        without = "without that voice" if self.voices else "without that recording"
        low, high = words["interval"]
        said = [
            f"Words: {words['share']:.1%} of {_count(words['clips'], 'clip')} of {voices} were recognized, each by a network "
            f"trained {without} ({self.cross.parts}-fold cross-validation); of other people's such a network recognizes "
            f"{low:.0%} to {high:.0%} (95% interval). The one that was kept was trained on all clips, and most likely hears "
            "better than these. Synthetic silence does not count."
        ]
        if others["clips"]:
            said.append(
                f"Of {_count(others['clips'], 'other word')} {others['share']:.0%} were taken for one of yours."
            )
        return [*said, self._advice()]

    def _advice(self) -> str:
        is_word = self.truth < len(self.classes.words)
        if (~is_word).sum() < _FEWEST_OTHERS:
            return (
                "What would help most: recordings of other words, a few dozen, for whatever is said and is not known becomes "
                "one of yours."
            )
        if self.voices and len(self.voices) < _FEWEST_SPEAKERS:
            return "What would help most: recordings of more people, rather than more takes of the same."
        return "What would help most: more recordings of each word."

    def _share(self, hits: np.ndarray, among: np.ndarray) -> dict[str, Any]:
        clips = int(among.sum())
        share = float(hits[among].mean()) if clips else None
        interval = wilson_interval(share, self._worth(self.rows[among])) if share is not None else None
        return {"clips": clips, "share": share, "interval": interval and list(interval)}


def cross_validate(
    cross: CrossValidation,
    classes: Classes,
    run: Run,
    fit: Callable[[Run, FeatureSet], keras.Model],
    on_part: Callable[[int, int], None],
) -> CrossValidated:
    """Trains a network for each part of the clips, and has it answer to them; a part that was finished is not repeated.

    Parameters
    ----------
    cross, classes
        What to train on and to judge.
    run
        Its folder gets one for each part, with a run and the answers.
    fit
        Trains in a run folder on the training clips of a feature set, from the checkpoint there if any.
    on_part
        Called before each part, counted from 1, with how many there are.
    """
    rows, answers = [], []
    spoken = np.array([clip.label != SILENCE for clip in cross.feature_set.clips])
    for part in range(cross.parts):
        held_out = np.flatnonzero((cross.part_of == part) & spoken)
        of_part = Run(run.folder / f"part_{part + 1}")
        path = of_part.folder / "answers.npy"
        if not path.is_file():
            on_part(part + 1, cross.parts)
            of_part.folder.mkdir(exist_ok=True)
            network = fit(of_part, cross.without(part))
            found = logits(network, cross.feature_set.log_mel[held_out].astype(np.float32))
            with replacing(path) as temporary, open(temporary, "wb") as file:
                np.save(file, found)
        rows.append(held_out)
        answers.append(np.load(path))
    order = np.argsort(np.concatenate(rows))
    return CrossValidated(cross, classes, np.concatenate(rows)[order], np.concatenate(answers)[order])


def worth(speakers: Sequence[str]) -> float:
    """How many independent clips those of these speakers are worth: clips of one voice are recognized or missed together.

    The design effect of clusters (Kish 1965): 1 + (m - 1) times the correlation, m the clips of the speaker of a clip. The
    correlation stands for two things: that voices differ, and that a network is better with the voices it lacked here.

    Examples
    --------
    >>> round(worth(["ada"] * 35 + ["bela"] * 35)), worth(["ada", "bela"])
    (6, 2.0)
    """
    counts = np.array(list(Counter(speakers).values()), float)
    alike = (counts**2).sum() / counts.sum()
    return float(counts.sum() / (1 + (alike - 1) * _ALIKE))


def _deal(clips: Sequence[Clip], classes: Classes) -> np.ndarray:
    """The part of each clip, int [clips]: whole speakers, and of each label about as many clips in each part."""
    speakers = [speaker_of(clip) for clip in clips]
    labels = sorted({clip.label for clip in clips})
    counts = {speaker: np.zeros(len(labels)) for speaker in speakers}
    for clip, speaker in zip(clips, speakers, strict=True):
        counts[speaker][labels.index(clip.label)] += 1
    of_words = {speaker for clip, speaker in zip(clips, speakers, strict=True) if clip.label in classes.words}
    parts = np.zeros((min(_MOST_PARTS, len(of_words)), len(labels)))
    chosen = {}
    for speaker in sorted(
        counts, key=lambda name: (name not in of_words, -counts[name].sum(), hash_percent(name), name)
    ):
        crowding = [(float(part @ counts[speaker]), float(part.sum()), i) for i, part in enumerate(parts)]
        chosen[speaker] = min(crowding)[-1]
        parts[chosen[speaker]] += counts[speaker]
    return np.array([chosen[speaker] for speaker in speakers], int)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _in_words(names: Sequence[str]) -> str:
    if len(names) > _NAMED_VOICES:
        return f"{', '.join(names[:_NAMED_VOICES])} and {len(names) - _NAMED_VOICES} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _with_splits(feature_set: FeatureSet, splits: Sequence[str]) -> FeatureSet:
    clips = [dataclasses.replace(clip, split=split) for clip, split in zip(feature_set.clips, splits, strict=True)]
    return dataclasses.replace(feature_set, clips=clips)


def _split_by_rule(clips: Sequence[Clip]) -> bool:
    """Whether the splits are those that clips get by themselves."""
    try:
        return assign_splits([dataclasses.replace(clip, split="") for clip in clips]) == [clip.split for clip in clips]
    except WordspotError:  # of one speaker there are none
        return False
