"""Where `tune` looks for better settings; light to import."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from ...data.errors import WordspotError
from ...data.settings import check_range
from ..training.recipe import Recipe
from ..training.settings import AugmentSettings, TrainSettings

_FIELDS = {field.name: field for part in (TrainSettings, AugmentSettings) for field in dataclasses.fields(part)}


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; `log`: every factor is as likely as any other of its size."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class SearchSpace:
    """What is tuned: each name, with its unit, is a field of `TrainSettings` or `AugmentSettings`.

    The level and tilt of silence are not among them: they change the silence that is judged on, so that the trials could
    not be compared.
    """

    learning_rate: Range = Range(1e-3, 5e-2, log=True)
    weight_decay: Range = Range(1e-5, 1e-1, log=True)
    label_smoothing: Range = Range(0, 0.2)
    unknown_share: Range = Range(1, 8, log=True)
    shift_ms: Range = Range(0, 200)
    gain_db: Range = Range(0, 20)
    noise_share: Range = Range(0, 1)
    min_snr_db: Range = Range(-10, 20)
    time_mask_ms: Range = Range(0, 250)
    mel_mask: Range = Range(0, 12)

    def __post_init__(self) -> None:
        for name, range_ in self.items():
            for bound in (range_.low, range_.high):
                check_range(_FIELDS[name], bound)
            if not range_.low < range_.high:
                raise WordspotError(
                    f"the range of {name} goes from {range_.low:g} to {range_.high:g}; expected low < high"
                )

    def items(self) -> list[tuple[str, Range]]:
        """Every name with its range."""
        return [(field.name, getattr(self, field.name)) for field in dataclasses.fields(self)]


def is_whole(name: str) -> bool:
    """Whether a setting takes whole numbers only."""
    return _FIELDS[name].type is int


def values_of(recipe: Recipe, search_space: SearchSpace) -> dict[str, float]:
    """The recipe's values of what is tuned."""
    values = dataclasses.asdict(recipe.settings) | dataclasses.asdict(recipe.augmentation)
    return {name: values[name] for name, _ in search_space.items()}


def with_values(recipe: Recipe, values: dict[str, Any]) -> Recipe:
    """The recipe with other values of what is tuned."""
    return Recipe(
        dataclasses.replace(recipe.settings, **_of(recipe.settings, values)),
        dataclasses.replace(recipe.augmentation, **_of(recipe.augmentation, values)),
    )


def _of(part: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if hasattr(part, name)}
