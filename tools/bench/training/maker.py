"""A maker's case: seven words, 13 recordings of each by three voices, judged on other people.

Words of Speech Commands of which three people and more made several recordings: eight, five, one and zero are all by the
same three, each of the others has three of its own, who stand for them. Fifty clips of five other words by the same
three are `_unknown_`. Everything is real sound of training speakers. Judged on the sound of validation speakers: their
clips of the seven words, and their clips of words that are in none of the two. What ships was trained on the same words as
`_unknown_`, and on the same speakers: without that, starting from it would gain less.
"""

import dataclasses
from collections import defaultdict

import numpy as np

from ....data.clips import Clip
from ....data.feature_set import FeatureSet

WORDS = ("eight", "five", "one", "zero", "bed", "cat", "happy")
_OTHERS = ("down", "go", "left", "right", "up")
_BY_THE_SAME = (*WORDS[:4], *_OTHERS)
_VOICES = ("ada", "bela", "cleo")
_CLIPS_PER_WORD = 13
_OTHER_CLIPS = 50
_FEWEST_TAKES = 4


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
