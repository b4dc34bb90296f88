"""The training runs that lead to the models that ship."""

from dataclasses import dataclass, replace

from ...pipeline.training.recipe import Recipe
from ...pipeline.training.settings import WITHOUT_NEGATIVES, AugmentSettings

RECORDINGS = ("speech_commands_v0.01_subset", "speech_commands_v0.01_more")
SOFT_LABELS_BY = "accurate"
WORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")


@dataclass(frozen=True)
class FineTuning:
    """How long and how far.

    Attributes
    ----------
    steps
        Of training, 200 examples each.
    learning_rate
        The highest one; it falls to a hundredth.
    kept_share
        Share of the fine-tuned weights in the mean with those it began with: the mean is more accurate on clips.
    unknown_logit
        Taken off `_unknown_` at the end: in training far more than its share was unknown.
    """

    steps: int
    learning_rate: float
    kept_share: float
    unknown_logit: float


@dataclass(frozen=True)
class Step:
    """One training of those that lead to the models that ship.

    Attributes
    ----------
    recipe
        How to train.
    teacher
        Name of an earlier step, whose answers are learned as well as the labels.
    fine_tuning
        How its network is trained on beside negatives, to become a model that ships, of the step's name; None: it is a
        teacher only.
    threshold
        Of the words of the model that ships, chosen on held-out running speech.
    """

    recipe: Recipe
    teacher: str | None = None
    fine_tuning: FineTuning | None = None
    threshold: float = 0.5

    @property
    def ships(self) -> bool:
        """Whether it becomes a model that ships."""
        return self.fine_tuning is not None


_SMALL = AugmentSettings(noise_share=0.4, time_mask_ms=0, mel_mask=0)  # less, for there is less to hold it
_LARGE = AugmentSettings(noise_share=0.5, time_mask_ms=60, mel_mask=3)
_TEACHERS = replace(
    WITHOUT_NEGATIVES, model="bc_resnet_3_t2", epochs=40, patience=40, learning_rate=4e-3, label_smoothing=0.05
)
STEPS = {
    "first_teacher": Step(Recipe(replace(_TEACHERS, epochs=22, patience=22), _LARGE)),
    "second_teacher": Step(Recipe(_TEACHERS, _LARGE), teacher="first_teacher"),
    "accurate": Step(
        Recipe(replace(WITHOUT_NEGATIVES, model="bc_resnet_3_t2", epochs=40, patience=40), _LARGE),
        teacher="second_teacher",
        fine_tuning=FineTuning(steps=600, learning_rate=5e-4, kept_share=1.0, unknown_logit=2.0),
        threshold=0.75,
    ),
    "small": Step(
        Recipe(replace(WITHOUT_NEGATIVES, model="bc_resnet_1_late_t2", epochs=80, patience=80), _SMALL),
        teacher="second_teacher",
        fine_tuning=FineTuning(steps=6_000, learning_rate=4e-3, kept_share=0.8, unknown_logit=1.0),
        threshold=0.65,
    ),
}
