"""Everything needed to repeat a run, as its `config.json` has it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....data.errors import WordspotError
from ....data.front_end import FrontEnd
from ....data.settings import settings_from_json
from ..settings import WITHOUT_NEGATIVES, AugmentSettings, TrainSettings


@dataclass(frozen=True)
class RunConfig:
    """Everything needed to repeat a run.

    Attributes
    ----------
    data
        The clean folder or feature set, absolute.
    words, classes
        What to recognize, and all labels of the network in the order of its outputs.
    settings, augmentation
        How to train.
    clips
        Checksum of the clips (see `FeatureSet.checksum`).
    front_end
        What made the frames.
    start, teacher
        Names of the network whose body it began with, and of the one whose answers it learned; None: none.
    versions
        {package: version}.
    negatives
        Which negatives it was trained on, in words.
    cross_validated
        Whether all clips were trained on, and judged by networks that lacked some of them.
    """

    data: Path
    words: tuple[str, ...]
    classes: tuple[str, ...]
    settings: TrainSettings
    augmentation: AugmentSettings
    clips: str
    front_end: FrontEnd
    start: str | None
    teacher: str | None
    versions: Mapping[str, str]
    negatives: str = "none"
    cross_validated: bool = False

    def __post_init__(self) -> None:
        for word in self.words:
            if word not in self.classes:
                raise WordspotError(f"the word {word!r} is not among the classes {', '.join(self.classes)}")

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `config.json`."""
        return {
            "data": str(self.data),
            "words": list(self.words),
            "classes": list(self.classes),
            "settings": dataclasses.asdict(self.settings),
            "augmentation": dataclasses.asdict(self.augmentation),
            "clips": self.clips,
            "front_end": self.front_end.to_dict(),
            "start": self.start,
            "teacher": self.teacher,
            "versions": dict(self.versions),
            "negatives": self.negatives,
            "cross_validated": self.cross_validated,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str) -> "RunConfig":
        """The reverse of `to_dict`; `where` names the file in errors.

        Settings that an older version did not have yet take their defaults, which are what it did.

        Raises
        ------
        WordspotError
            Something missing, of another type or out of its range.
        """
        for name, kind in _KINDS.items():
            if not isinstance(values.get(name), kind):
                raise WordspotError(
                    f"{where} lacks {name!r}, or holds something else there: it is damaged, train again"
                )
        return cls(
            Path(values["data"]),
            tuple(map(str, values["words"])),
            tuple(map(str, values["classes"])),
            settings_from_json(WITHOUT_NEGATIVES, values["settings"], f"{where}, settings"),
            settings_from_json(AugmentSettings(), values["augmentation"], f"{where}, augmentation"),
            values["clips"],
            FrontEnd.from_dict(values["front_end"], where),
            values.get("start"),
            values.get("teacher"),
            {str(name): str(version) for name, version in values["versions"].items()},
            str(values.get("negatives") or "none"),
            bool(values.get("cross_validated")),
        )

    def check_same(self, other: "RunConfig", where: object) -> None:
        """Raises `WordspotError` naming the first value of the run in `where`, this one, that `other` has not."""
        before = _flat(self.to_dict())
        for name, value in _flat(other.to_dict()).items():
            if before.get(name) != value:
                raise WordspotError(
                    f"{where} was begun with {name} {before.get(name)!r}, not {value!r}: resume it with the same data, words "
                    "and settings, or choose another run folder"
                )


_KINDS: dict[str, Any] = {
    "data": str,
    "words": list,
    "classes": list,
    "settings": dict,
    "augmentation": dict,
    "clips": str,
    "front_end": dict,
    "start": str | None,
    "teacher": str | None,
    "versions": dict,
    "negatives": str | None,
    "cross_validated": bool | None,
}
NAMES = tuple(_KINDS)  # of all that stands in a `config.json`


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    flat = {}
    for name, value in config.items():
        flat |= {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
    return flat
