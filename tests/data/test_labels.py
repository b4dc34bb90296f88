import pytest
from wordspot.data.labels import is_word


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("left", True),
        ("nine_", True),
        ("", True),
        ("_silence_", False),
        ("_unknown_", False),
        ("_background_noise_", False),
    ],
)
def test_what_begins_with_an_underscore_is_no_word(label: str, word: bool) -> None:
    assert is_word(label) == word
