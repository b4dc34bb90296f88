"""How a network is trained, as a file: `train --config` reads it, a run's `config.json` and `tune` write it."""

from dataclasses import dataclass, field
from pathlib import Path

from ...data.errors import WordspotError
from ...data.files import read_json
from ...data.settings import settings_from_json
from .run_folder import run_config
from .settings import AugmentSettings, TrainSettings

_PARTS = ("settings", "augmentation")
TUNED = "tuned"  # what a recipe of `tune` says of its trial


@dataclass(frozen=True)
class Recipe:
    """All that decides how a network is trained, but for the data."""

    settings: TrainSettings = field(default_factory=TrainSettings)
    augmentation: AugmentSettings = field(default_factory=AugmentSettings)


def read_recipe(path: Path, defaults: Recipe = Recipe()) -> Recipe:
    """Reads a recipe: a JSON object with `settings` and `augmentation`, each with any of their fields, or none.

    What it lacks is that of `defaults`. What else stands in the `config.json` of a run, or in what `tune` writes, is passed
    over.

    Raises
    ------
    WordspotError
        Not JSON, an unknown name, a value of the wrong type or out of its range: says which, and what is expected.
    """
    values = read_json(path)
    unknown = [name for name in values if name not in (*run_config.NAMES, TUNED)]
    if unknown:
        raise WordspotError(
            f"{path}: {unknown[0]} is not known here; expected {' and '.join(_PARTS)}, with their fields"
        )
    return Recipe(
        settings_from_json(defaults.settings, values.get("settings", {}), f"{path}, settings"),
        settings_from_json(defaults.augmentation, values.get("augmentation", {}), f"{path}, augmentation"),
    )
