"""What counts of decisions where several listeners must agree."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.data.decisions import Decision, replay
from wordspot.data.votes import replay_agreed

SAID = st.tuples(st.sampled_from(["keep", "relabel", "drop", "unsure", "note"]), st.sampled_from("abc"))


def say(*said: tuple[str, str]) -> list[Decision]:
    """(listener, what): keep, drop, unsure or another label, one after the other; the folder's label is "on"."""
    decisions, label = [], "on"
    for number, (who, what) in enumerate(said):
        kind = what if what in ("keep", "drop", "unsure", "note") else "relabel"
        after = what if kind == "relabel" else ""
        when = f"2026-01-01T00:00:{number:02}Z"
        decisions.append(Decision(kind, "ab", "on/1.wav", label, after, who, when))  # type: ignore[arg-type]
        label = after or label
    return decisions


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("anna", "off")], ("unsure", "")),
        ([("anna", "off"), ("ben", "off")], ("relabel", "off")),
        ([("anna", "off"), ("ben", "keep")], ("relabel", "off")),  # keeps what anna made of it
        ([("anna", "off"), ("ben", "on")], ("unsure", "")),
        ([("anna", "off"), ("ben", "up")], ("unsure", "")),
        ([("anna", "off"), ("ben", "up"), ("cleo", "up")], ("relabel", "up")),
        ([("anna", "off"), ("ben", "off"), ("cleo", "on"), ("dora", "on")], ("unsure", "")),
        ([("anna", "off"), ("anna", "off")], ("unsure", "")),  # one listener is one
        ([("anna", "off"), ("anna", "on")], ("keep", "")),
        ([("anna", "keep")], ("keep", "")),
        ([("anna", "drop")], ("unsure", "")),
        ([("anna", "drop"), ("ben", "drop")], ("drop", "")),
        ([("anna", "drop"), ("ben", "unsure")], ("unsure", "")),
        ([("anna", "unsure"), ("ben", "keep")], ("unsure", "")),
        ([("anna", "off"), ("ben", "off"), ("cleo", "keep"), ("dora", "note")], ("relabel", "off")),
    ],
)
def test_two_must_agree_before_a_label_is_changed(said: list[tuple[str, str]], expected: tuple[str, str]) -> None:
    state = replay_agreed(say(*said), 2)["ab"]
    assert (state.what, state.label) == expected
    assert state.dropped == (frozenset({"on/1.wav"}) if expected[0] == "drop" else frozenset())


@given(st.lists(SAID, max_size=8), st.integers(0, 9))
def test_the_order_of_the_lines_makes_no_difference_and_one_is_the_last_decision(said: list, seed: int) -> None:
    decisions = say(*((who, "off" if what == "relabel" else what) for what, who in said))
    mixed = decisions.copy()
    random.Random(seed).shuffle(mixed)
    for agreement in (2, 3):
        assert replay_agreed(mixed, agreement) == replay_agreed(decisions, agreement)
    assert replay_agreed(mixed, 1) == replay(decisions)


def test_of_several_recordings_with_one_content_those_are_dropped_that_two_dropped() -> None:
    decisions = [Decision("drop", "ab", path, "on", who=who) for who in ("anna", "ben") for path in ("1.wav", "2.wav")]
    assert replay_agreed(decisions[:3], 2)["ab"].dropped == {"1.wav"}
    assert replay_agreed(decisions, 2)["ab"].dropped == {"1.wav", "2.wav"}
