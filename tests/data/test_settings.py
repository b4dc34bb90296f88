from dataclasses import FrozenInstanceError, dataclass, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError
from wordspot.data.settings import Settings, setting


@dataclass(frozen=True)
class Example(Settings):
    share: float = setting(0.5, "A share.", minimum=0, maximum=1)
    count: int = setting(3, "A count.", minimum=1)
    name: str | None = setting(None, "A name.")


@settings(deadline=None)
@given(st.floats(), st.integers())
def test_a_value_is_taken_exactly_when_it_lies_in_its_range(share: float, count: int) -> None:
    if 0 <= share <= 1 and count >= 1:
        assert Example(share, count).share == share
    else:
        with pytest.raises(WordspotError):
            Example(share, count)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": 2}, "share is 2; it must be at least 0 and at most 1"),
        ({"share": float("nan")}, "share is nan; it must be at least 0"),
        ({"share": "0.5"}, 'share is "0.5"; it must be a number, at least 0 and at most 1'),
        ({"share": True}, "share is true; it must be a number"),
        ({"share": 1j}, "share is .*1j"),
        ({"count": 0}, "count is 0; it must be at least 1$"),
        ({"count": None}, "count is null; it must be a whole number, at least 1$"),
        ({"count": 2.5}, r"count is 2\.5; it must be a whole number"),
        ({"count": "x" * 1000}, r"count is \"x{59}\.\.\.; it must be"),
    ],
)
def test_the_error_gives_the_value_and_the_range(values: dict, message: str) -> None:
    with pytest.raises(WordspotError, match=message):
        Example(**values)


def test_numbers_of_numpy_are_numbers() -> None:
    assert Example(np.float32(0.5), np.int64(3)).count == 3  # type: ignore[arg-type]


def test_settings_are_frozen_and_know_their_help() -> None:
    with pytest.raises(FrozenInstanceError):
        Example().share = 0.1  # type: ignore[misc]
    assert [field.metadata["help"] for field in fields(Example)] == ["A share.", "A count.", "A name."]
