"""Frozen dataclasses are the only configuration; their fields know their help text and range.

The command line makes its options from these fields, and every settings object checks itself, so that a value out of
range is refused the same way wherever it comes from.
"""

import dataclasses
from typing import Any

from .errors import WordspotError


def setting(default: Any, help: str, *, minimum: float | None = None, maximum: float | None = None) -> Any:
    """A dataclass field with its help text and inclusive range; write `None` for an open end."""
    return dataclasses.field(default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum})


class Settings:
    """Base of the settings dataclasses: checks every field against its range when made."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            check_range(field, getattr(self, field.name))


def check_range(field: dataclasses.Field, value: Any) -> None:
    """Raises `WordspotError` naming the field, the value and the range when the value lies outside."""
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if low is None and high is None:
        return
    if value is None or (low is not None and not value >= low) or (high is not None and not value <= high):
        wanted = " and ".join(
            f"{word} {bound:g}" for word, bound in (("at least", low), ("at most", high)) if bound is not None
        )
        raise WordspotError(f"{field.name} is {value}; it must be {wanted}")
