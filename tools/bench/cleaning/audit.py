"""Wrong labels planted in real clips, and how many of them `wordspot audit` puts first.

Real errors of the recordings count against it. Random errors take any other word; confusable ones the word that each is most
often taken for.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np
from rich.table import Table
from sklearn.metrics import average_precision_score

from ....data.clips import Clip
from ....pipeline.curation.audit import judge
from ....pipeline.curation.embedding import DEFAULT, embed
from ....pipeline.curation.label_probabilities import label_probabilities
from ...terminal.console import OUT
from ...terminal.options import argument, declare
from ...terminal.progress import progress_bar
from .mislabeling import plant

OTHER_WORDS = ("bed", "cat", "happy", "eight", "five", "one", "zero")  # the body knew them as `_unknown_` alone
COMMANDS = ("down", "go", "left", "right", "up")
_OFTEN_SAID = ("eight", "five", "one", "zero", "down", "go", "left", "right")  # by one speaker, the others once each
_SIZES = (13, 100, 300)  # clips per word
_FEW, _FEW_SPEAKERS, _FEWEST_TAKES, _MOST_TAKES = 13, 3, 4, 5
_SHARE, _SHARE_OF_FEW = 0.06, 12 / 104  # of wrong labels
_SEEDS = 3
_COLUMNS = (
    "words",
    "clips per word",
    "errors",
    "average precision",
    "precision in k",
    "recall in 2k",
    "believed wrong",
)


@declare
@argument("clips", metavar="CLIPS", help="Clean folder of Speech Commands.")
def command(clips: Path) -> None:
    """Plant wrong labels, three seeds of each kind, and print where the audit ranks them."""
    points, everything = embed(clips, DEFAULT, progress=progress_bar("embedding"))
    table = Table(*_COLUMNS, box=None)
    for name, words in (("others", OTHER_WORDS), ("others and commands", OTHER_WORDS + COMMANDS)):
        for size in _SIZES:
            for confusable in (False, True):
                found = [_score(points, everything, words, size, confusable, seed) for seed in range(_SEEDS)]
                precision, in_k, in_2k, believed, planted = np.mean(found, axis=0)
                kind = "confusable" if confusable else "random"
                figures = (
                    f"{precision:.3f}",
                    f"{in_k:.1%}",
                    f"{in_2k:.1%}",
                    f"{believed:.0f} of {planted:.0f} planted",
                )
                table.add_row(name, str(size), kind, *figures)
    OUT.print(table)


def _score(
    points: np.ndarray, everything: list[Clip], words: tuple[str, ...], size: int, confusable: bool, seed: int
) -> tuple[float, float, float, int, int]:
    """Average precision, precision in the k most suspicious, recall in 2k, labels believed wrong, and k."""
    rng = np.random.default_rng(seed)
    words = tuple(word for word in words if size != _FEW or word in _OFTEN_SAID)
    rows = draw(everything, words, size, rng)
    clips, share = [everything[row] for row in rows], _SHARE_OF_FEW if size == _FEW else _SHARE
    planted = plant(clips, share, rng, confusions(points[rows], clips) if confusable else None)
    found = judge(points[rows], planted.clips, {})
    wrong = [one.file_name in planted.truth for one in found.suspicions]
    k = len(planted.truth)
    precision = average_precision_score(wrong, [one.suspicion for one in found.suspicions])
    return float(precision), sum(wrong[:k]) / k, sum(wrong[: 2 * k]) / k, found.wrong, k


def draw(clips: list[Clip], words: tuple[str, ...], size: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of `size` clips of each word, of any speakers; 13 are of three people who say all words, five takes at most."""
    if size == _FEW:
        return _few(clips, words, size, rng)
    rows = [np.flatnonzero([clip.label == word for clip in clips]) for word in words]
    return np.concatenate([rng.permutation(of_word)[:size] for of_word in rows])


def _few(clips: list[Clip], words: tuple[str, ...], size: int, rng: np.random.Generator) -> np.ndarray:
    takes: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, clip in enumerate(clips):
        takes[clip.speaker, clip.label].append(row)
    everybody = sorted({clip.speaker for clip in clips})
    usable = [who for who in everybody if all(len(takes[who, word]) >= _FEWEST_TAKES for word in words)]
    chosen = [str(who) for who in rng.permutation(usable)[:_FEW_SPEAKERS]]
    of_words = ([row for who in chosen for row in takes[who, word][:_MOST_TAKES]][:size] for word in words)
    return np.array([row for rows in of_words for row in rows])


def confusions(points: np.ndarray, clips: list[Clip]) -> dict[str, str]:
    """{word: the word that its clips are most often taken for}, by the probabilities under the labels as they came."""
    words, classes = np.unique([clip.label for clip in clips], return_inverse=True)
    probabilities = label_probabilities(points, classes, [clip.speaker for clip in clips])
    means = np.stack([probabilities[classes == word].mean(axis=0) for word in range(len(words))])
    np.fill_diagonal(means, -1)
    return {str(words[i]): str(words[j]) for i, j in enumerate(means.argmax(axis=1))}


if __name__ == "__main__":
    command()
