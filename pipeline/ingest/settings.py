"""What decides how a recording becomes a clip."""

from dataclasses import dataclass
from typing import Literal

from ...data.clips import SPEAKER_PATTERN, speaker_pattern
from ...data.errors import WordspotError
from ...data.settings import Settings, setting
from .check_names import CHECK_NAMES


@dataclass(frozen=True)
class CleanSettings(Settings):
    """What decides how a recording becomes a clip.

    Examples
    --------
    >>> "near_silent" in CleanSettings(flag="near_silent").discarding
    False
    """

    window_ms: float = setting(1000.0, "Length of a clip.", minimum=100, maximum=10_000)
    window: Literal["centered", "loudest"] = setting(
        "centered", "Which window of a longer recording: the one with the word in its middle, or simply the loudest."
    )
    min_volume: float = setting(
        0.004,
        "A clip whose mean |x| is below this share of full scale is near-silent (0 finds none).",
        minimum=0,
        maximum=1,
    )
    discard: str = setting(
        "", f"Checks whose findings leave a recording out, joined by commas; of: {', '.join(CHECK_NAMES)}."
    )
    flag: str = setting("", "Checks whose findings are only noted in the table.")
    speaker_pattern: str = setting(
        SPEAKER_PATTERN, "Regular expression; its first group, found in the path below the label, is the speaker."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        speaker_pattern(self.speaker_pattern)
        if self.window not in ("centered", "loudest"):
            raise WordspotError(f"window is {self.window}; it must be centered or loudest")
        both = _names(self.discard) & _names(self.flag)
        if both:
            raise WordspotError(f"{', '.join(sorted(both))}: named by discard and by flag; name each in one of them")
        if "unreadable" in _names(self.flag):
            raise WordspotError("unreadable recordings cannot be kept with a flag: there is no sound to make a clip of")

    @property
    def window_samples(self) -> int:
        """Length of a clip in samples."""
        from ...data.audio import SAMPLE_RATE_HZ  # here, like the next: naming the options must not load NumPy

        return round(self.window_ms * SAMPLE_RATE_HZ / 1000)

    @property
    def discarding(self) -> frozenset[str]:
        """Names of the checks whose findings leave a recording out."""
        from .checks import CHECKS

        usual = {check.name for check in CHECKS if check.discards}
        return frozenset(usual - _names(self.flag) | _names(self.discard))


def _names(joined: str) -> set[str]:
    """The checks of a list, written with either dashes or underscores; raises `WordspotError` for an unknown one."""
    names = {name.strip().replace("-", "_") for name in joined.split(",") if name.strip()}
    unknown = names.difference(CHECK_NAMES)
    if unknown:
        raise WordspotError(f"no check is named {', '.join(sorted(unknown))}; there are: {', '.join(CHECK_NAMES)}")
    return names
