"""What a model file says of itself: `model.json` and `labels.txt`, checked once, so that nothing later has to doubt them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...data.errors import WordspotError
from ...data.front_end import FrontEnd
from ...data.labels import is_word, normalize_name

FORMAT = 1
_MOST_LABELS = 10_000
_LONGEST_LABEL = 200  # characters: a label becomes the name of a folder
_NO_FOLDER = (".", "..")


@dataclass(frozen=True)
class ModelDescription:
    """What a model recognizes, from what sound, and how it was made.

    Attributes
    ----------
    labels
        What the outputs stand for, in order; unique, printable, each fit to be the name of a folder.
    front_end
        How a waveform becomes log-mel frames.
    thresholds
        {word: smallest probability of a detection, in [0, 1]}; words that it lacks take the default.
    threshold_choice
        What they were chosen on, as JSON has it, for people: hours, budget, misses; empty where that is not known.
    quantization, made_by
        In words, for people.
    training, metrics
        Settings, versions and figures of the training run, as JSON has them; for people and for transfer learning.
    training_clips
        A sample of the names of the clips it was trained on (see `data.clips.sketch`).
    graph_sha256
        Of the `.tflite` graph, 64 hexadecimal digits; empty in files of older versions.

    Raises
    ------
    WordspotError
        Labels or thresholds that cannot be meant.

    Examples
    --------
    >>> ModelDescription(("left", "right", "_unknown_"), FrontEnd(), thresholds={"left": 0.8}).words
    ['left', 'right']
    >>> ModelDescription(("../left",), FrontEnd())
    Traceback (most recent call last):
    wordspot.data.errors.WordspotError: the label '../left' cannot be the name of a folder: rename it
    """

    labels: tuple[str, ...]
    front_end: FrontEnd
    thresholds: Mapping[str, float] = field(default_factory=dict)
    quantization: str = ""
    made_by: str = ""
    training: Mapping[str, Any] = field(default_factory=dict, repr=False)
    metrics: Mapping[str, Any] = field(default_factory=dict, repr=False)
    training_clips: tuple[str, ...] = field(default=(), repr=False)
    graph_sha256: str = ""
    threshold_choice: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_labels(self.labels)
        _check_thresholds(self.thresholds, self.labels)

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the waveform that the model takes."""
        return self.front_end.sample_rate_hz

    @property
    def clip_samples(self) -> int:
        """Length of the waveform that `classify` takes."""
        return self.front_end.clip_samples

    @property
    def words(self) -> list[str]:
        """The labels that can be detected: all but `_unknown_` and `_silence_`."""
        return [label for label in self.labels if is_word(label)]

    def to_json(self) -> dict[str, Any]:
        """The content of `model.json`; the labels stand in `labels.txt`."""
        values: dict[str, Any] = {
            "format": FORMAT,
            "sample_rate_hz": self.sample_rate_hz,
            "clip_samples": self.clip_samples,
            "front_end": self.front_end.to_dict(),
            "quantization": self.quantization,
            "made_by": self.made_by,
            "training": dict(self.training),
            "training_clips": list(self.training_clips),
            "metrics": dict(self.metrics),
            "graph_sha256": self.graph_sha256,
        }
        if self.thresholds:
            values["thresholds"] = dict(self.thresholds)
        if self.threshold_choice:
            values["threshold_choice"] = dict(self.threshold_choice)
        return values

    @classmethod
    def from_json(cls, labels: tuple[str, ...], values: Any, where: str) -> "ModelDescription":
        """The reverse of `to_json`; `where` names the file in errors.

        Raises
        ------
        WordspotError
            A newer format, something missing, of another type, or that cannot be meant.
        """
        if not isinstance(values, dict):
            raise WordspotError(f"{where}: model.json holds no JSON object: export the model again")
        if values.get("format") != FORMAT:
            raise WordspotError(
                f"{where} has format {values.get('format')}, this version reads {FORMAT}: update wordspot"
            )
        front_end = FrontEnd.from_dict(_part(values, "front_end", dict, where), f"{where}: front end")
        for name, expected in (("sample_rate_hz", front_end.sample_rate_hz), ("clip_samples", front_end.clip_samples)):
            if values.get(name) != expected:
                raise WordspotError(f"{where}: {name} is {values.get(name)!r}, but its front end gives {expected}")
        try:
            return cls(
                tuple(map(normalize_name, labels)),  # of a model made before labels were written so
                front_end,
                thresholds={
                    normalize_name(label): value
                    for label, value in _part(values, "thresholds", dict, where, {}).items()
                },
                quantization=_part(values, "quantization", str, where, ""),
                made_by=_part(values, "made_by", str, where, ""),
                training=_part(values, "training", dict, where, {}),
                metrics=_part(values, "metrics", dict, where, {}),
                training_clips=tuple(map(str, _part(values, "training_clips", list, where, []))),
                graph_sha256=_part(values, "graph_sha256", str, where, ""),
                threshold_choice=_part(values, "threshold_choice", dict, where, {}),
            )
        except WordspotError as error:
            raise WordspotError(f"{where}: {error}") from error


def check_labels(labels: tuple[str, ...]) -> None:
    """Raises `WordspotError` unless each label can be shown, differs from the others, and can be the name of a folder."""
    if not 1 <= len(labels) <= _MOST_LABELS:
        raise WordspotError(f"the model has {len(labels):,} labels; expected 1 to {_MOST_LABELS:,}")
    for label in labels:
        if not label or len(label) > _LONGEST_LABEL or not label.isprintable() or normalize_name(label) != label:
            raise WordspotError(
                f"the label {label[:_LONGEST_LABEL]!r} is empty, too long, or has characters that cannot be shown"
            )
        if label in _NO_FOLDER or "/" in label or "\\" in label:
            raise WordspotError(f"the label {label!r} cannot be the name of a folder: rename it")
    label, count = Counter(labels).most_common(1)[0]
    if count > 1:
        raise WordspotError(f"the label {label!r} stands {count} times: the model cannot mean two outputs by one name")


def _check_thresholds(thresholds: Mapping[str, float], labels: tuple[str, ...]) -> None:
    if not isinstance(thresholds, Mapping):
        raise WordspotError(f"thresholds are {str(thresholds)[:60]!r}; expected a number for each word")
    for label, value in thresholds.items():
        if label not in labels or not is_word(label):
            words = ", ".join(filter(is_word, labels))
            raise WordspotError(f"there is a threshold for {label!r}; the model's words are {words}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise WordspotError(f"the threshold of {label!r} is {value!r}; expected a number from 0 to 1")


def _part(values: dict[str, Any], name: str, kind: type, where: str, default: Any = None) -> Any:
    value = values.get(name, default)
    if not isinstance(value, kind):
        raise WordspotError(f"{where}: {name} is {str(value)[:60]!r} in model.json: export the model again")
    return value
