import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError
from wordspot.data.labels import differing_in_case, is_word, join_labels, normalize_name, parse_labels


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


@given(st.text())
def test_a_normalized_name_stays_as_it_is(name: str) -> None:
    once = normalize_name(name)
    assert normalize_name(once) == once == once.strip()


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("left,right", ["left", "right"]),
        (" left , right ,", ["left", "right"]),
        ('"yes, please",no', ["yes, please", "no"]),
        ('no, "yes, please"', ["no", "yes, please"]),
        ("turn on", ["turn on"]),
        ("cafe\u0301", ["caf\u00e9"]),
        ("", []),
        (" , ", []),
    ],
)
def test_labels_are_given_with_commas_between_them(text: str, labels: list[str]) -> None:
    assert parse_labels(text) == labels


@pytest.mark.parametrize("text", ['"yes, please', '"yes" please,no', "left\nright"])
def test_a_list_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(WordspotError, match="is no list of labels"):
        parse_labels(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"])).map(normalize_name).filter(bool)))
def test_what_is_joined_is_parsed_to_the_same(labels: list[str]) -> None:
    assert parse_labels(join_labels(labels)) == labels


def test_labels_that_differ_in_case_alone_are_found() -> None:
    assert differing_in_case(["up", "Right", "right", "RIGHT", "up", "Stra\u00dfe", "STRASSE"]) == [
        ("RIGHT", "Right", "right"),
        ("STRASSE", "Stra\u00dfe"),
    ]
    assert differing_in_case(["left", "right", "left"]) == []
