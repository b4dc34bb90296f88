import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError
from wordspot.pipeline.ingest.checks import CHECKS
from wordspot.pipeline.ingest.settings import CleanSettings

USUAL = {"unreadable", "too_short", "near_silent"}
NAMES = [check.name for check in CHECKS]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"window_ms": 0}, "window_ms"),
        ({"window_ms": float("nan")}, "window_ms"),
        ({"window_ms": 10_001}, "at most 10000"),
        ({"window": "middle"}, "centered or loudest"),
        ({"min_volume": -0.1}, "at least 0"),
        ({"min_volume": 2}, "at most 1"),
        ({"speaker_pattern": "("}, "not a regular expression"),
        ({"speaker_pattern": "x"}, "needs a group"),
        ({"discard": "hiss"}, "no check is named hiss; there are: unreadable, .*near_duplicate"),
        ({"flag": "clipped,hum,buzz"}, "no check is named buzz, hum"),
        ({"discard": "clipped", "flag": "clipped"}, "named by discard and by flag"),
        ({"discard": "near-silent,dc_offset", "flag": "clipped, near_silent"}, "near_silent: named by"),
        ({"flag": "unreadable"}, "no sound to make a clip of"),
    ],
)
def test_what_cannot_be_is_refused_in_words(values: dict, words: str) -> None:
    with pytest.raises(WordspotError, match=words):
        CleanSettings(**values)


def test_unless_chosen_otherwise_only_what_makes_no_clip_is_left_out() -> None:
    assert CleanSettings().discarding == USUAL


@pytest.mark.parametrize("written", ["near-duplicate,cut-off", "near_duplicate, cut_off", " cut_off ,,near-duplicate,"])
def test_names_are_taken_with_either_dash_and_with_spaces(written: str) -> None:
    assert CleanSettings(discard=written).discarding == USUAL | {"near_duplicate", "cut_off"}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["discard", "flag"])))
def test_what_is_named_is_as_chosen_and_the_rest_as_usual(chosen: dict[str, str]) -> None:
    chosen.pop("unreadable", None)
    discard, flag = (",".join(name for name in chosen if chosen[name] == action) for action in ("discard", "flag"))
    discarding = CleanSettings(discard=discard, flag=flag).discarding
    assert {name for name in NAMES if name not in chosen and name in discarding} == USUAL - set(chosen)
    assert all((name in discarding) is (action == "discard") for name, action in chosen.items())


def test_the_length_of_a_clip_in_samples_follows_from_its_milliseconds() -> None:
    for window_ms, rounded in itertools.product((100, 1_000, 333.3), (1,)):
        assert CleanSettings(window_ms=window_ms).window_samples == pytest.approx(window_ms * 16, abs=rounded)
