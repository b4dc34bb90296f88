import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.data.errors import RecordingError, WordspotError, WordspotWarning
from wordspot.data.text import one_line


@given(st.text())
def test_any_text_fits_one_line_of_a_terminal(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not any(ord(character) < 32 for character in line)
    line.encode("utf-8")


@pytest.mark.parametrize("kind", [WordspotError, RecordingError, WordspotWarning])
def test_messages_are_of_one_line_whatever_is_in_them(kind: type[Exception]) -> None:
    error = kind("no column 'a\r\n  b'; found \x1b[31m")
    assert str(error) == r"no column 'a b'; found \x1b[31m"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
