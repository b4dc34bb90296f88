"""What training begins with where nobody says: with few clips a model that ships, with many random weights. Light to import."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...data.audio import read_sound
from ...data.clips import find_clip_table, read_clip_table
from ...data.feature_set import is_feature_set, read_feature_set
from ...data.labels import is_word, normalize_name
from ...models import pretrained
from ..device.model_file import read_model
from .recipe import Recipe
from .run_folder.run import Run
from .settings import OTHER_PEOPLE, TRANSFER_SETTINGS, AugmentSettings, TrainSettings

FROM_SCRATCH = "none"  # the start that stands for random weights
_BEGUN_WITH = "small"
_ENOUGH_CLIPS = 50  # of a word, to begin with random weights (models/EXPERIMENTS.md, 2026-11-26 and -28)

_ENOUGH_PEOPLE = 10  # for the clips to stand for themselves


@dataclass(frozen=True)
class Start:
    """What training begins with.

    Attributes
    ----------
    network
        The name of a model that ships, or the run folder; None: random weights.
    why
        A sentence; empty where there is nothing to say.
    few_people
        Whether so few speak that their clips shall also stand for other people's.
    """

    network: str | None
    why: str = ""
    few_people: bool = False

    @property
    def recipe(self) -> Recipe:
        """How to train from there."""
        return Recipe(
            TRANSFER_SETTINGS if self.network else TrainSettings(),
            OTHER_PEOPLE if self.few_people else AugmentSettings(),
        )


def choose_start(data: Path, words: Sequence[str] = (), run_folder: Path | None = None) -> Start:
    """What to begin with: `small` where words have fewer than 50 clips on average and its front end can be had.

    Parameters
    ----------
    data
        A clean folder or a feature set; of anything else there is nothing to choose, and training says what is wrong.
    words
        Labels to recognize; empty: every label.
    run_folder
        A run to go on with: then what it was begun with.

    Raises
    ------
    WordspotError
        A damaged clip table, feature set or run.
    """
    if run_folder and Run(run_folder).config.is_file():
        config = Run(run_folder).read_config()
        return Start(config.start, few_people=config.augmentation == OTHER_PEOPLE)
    is_extracted = is_feature_set(data)
    if not is_extracted and find_clip_table(data) is None:
        return Start(None)
    feature_set = read_feature_set(data) if is_extracted else None
    clips = feature_set.clips if feature_set else read_clip_table(data)
    chosen = {normalize_name(word) for word in words}
    counts = Counter(clip.label for clip in clips if is_word(clip.label) and (not chosen or clip.label in chosen))
    per_word = counts.total() / max(1, len(chosen or counts))
    if not 0 < per_word < _ENOUGH_CLIPS:
        return Start(None)
    few = f"{per_word:.0f} clips per word are few"
    front_end = read_model(pretrained.path_of(_BEGUN_WITH)).description.front_end
    if feature_set and feature_set.front_end != front_end:
        return Start(
            None,
            f"{few}, but {data} has another front end than {_BEGUN_WITH}, which ships: begins with random weights. Trained on "
            "the clean folder, it would begin with that and do better",
        )
    if not feature_set and len(read_sound(data / clips[0].file_name).samples) != front_end.clip_samples:
        return Start(None, f"{few}, but of another length than those of {_BEGUN_WITH}: begins with random weights")
    speakers = {clip.speaker for clip in clips}  # those that are not known count as one
    why = f"{few}: begins with {_BEGUN_WITH}, which ships (transfer learning)"
    return Start(_BEGUN_WITH, why, few_people=len(speakers) < _ENOUGH_PEOPLE)
