"""Frozen dataclasses are the only configuration; their fields know their help text and range.

The command line makes its options from these fields, and every settings object checks itself, so that a value out of
range is refused the same way wherever it comes from.
"""

import dataclasses
import difflib
import json
import numbers
from typing import Any

from .errors import WordspotError

_KINDS: dict[Any, tuple[str, type]] = {  # of a field: in words, and what values it takes
    float: ("a number", numbers.Real),
    int: ("a whole number", numbers.Integral),
    str: ("text", str),
    bool: ("true or false", bool),
}
_LONGEST_SHOWN = 60  # characters of a wrong value


def setting(default: Any, help: str, *, minimum: float | None = None, maximum: float | None = None) -> Any:
    """A dataclass field with its help text and inclusive range; write `None` for an open end.

    Units stand in the field's name (`window_ms`), as everywhere.
    """
    return dataclasses.field(default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum})


class Settings:
    """Base of the settings dataclasses: checks the type and the range of every field when made.

    Raises
    ------
    WordspotError
        A value of another type or out of range; says the field, the value and what it must be.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            _check_type(field, getattr(self, field.name))
            check_range(field, getattr(self, field.name))


def check_range(field: dataclasses.Field, value: Any) -> None:
    """Raises `WordspotError` naming the field, the value and the range when the value lies outside."""
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if (low is not None and not value >= low) or (high is not None and not value <= high):  # true for NaN, too
        raise WordspotError(f"{field.name} is {value}; it must be {_range_of(field)}")


def _check_type(field: dataclasses.Field, value: Any) -> None:
    kind, accepted = _KINDS.get(field.type, ("", object))
    if not isinstance(value, accepted) or (kind and isinstance(value, bool) and field.type is not bool):
        expected = ", ".join(filter(None, (kind, _range_of(field))))
        raise WordspotError(f"{field.name} is {_shown(value)}; it must be {expected}")


def settings_from_json(defaults: Any, values: Any, where: str) -> Any:
    """Settings of the fields that a JSON object gives; the others are those of `defaults`.

    Raises
    ------
    WordspotError
        No JSON object, an unknown field, a value of the wrong type or out of its range; says `where`, and what is expected.
    """
    if not isinstance(values, dict):
        raise WordspotError(f"{where}: this is {_shown(values)}; expected names and values in braces")
    fields = {field.name for field in dataclasses.fields(defaults)}
    for name in values:
        if name not in fields:
            near = difflib.get_close_matches(name, fields, 1) or sorted(fields)
            raise WordspotError(f"{where}: {name} is not a setting; did you mean {' or '.join(near)}?")
    try:
        return dataclasses.replace(defaults, **values)
    except WordspotError as error:
        raise WordspotError(f"{where}: {error}") from error


def _range_of(field: dataclasses.Field) -> str:
    bounds = (("at least", field.metadata.get("minimum")), ("at most", field.metadata.get("maximum")))
    return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


def _shown(value: Any) -> str:
    """As JSON has it, if that is not too long."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
