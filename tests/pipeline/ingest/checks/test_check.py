import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wordspot.pipeline.ingest.checks import CHECKS, Check

MEASURING = [check for check in CHECKS if check.measure]
VALUES = st.integers(-32_768, 32_767)


def sparse(size: int, values: dict[int, int]) -> np.ndarray:
    samples = np.zeros(size, np.int16)
    for place, value in values.items():
        samples[place % size] = value
    return samples


SPARSE = st.builds(
    sparse,
    st.integers(1, 40_000),
    st.dictionaries(st.one_of(st.just(0), st.just(-1), st.integers(0, 40_000)), VALUES, max_size=5),
)
NOISE = st.builds(
    lambda size, level, seed: np.random.default_rng(seed).integers(-level - 1, level + 1, size).astype(np.int16),
    st.integers(1, 20_000),
    st.sampled_from([0, 1, 3, 100, 32_767]),
    st.integers(0, 99),
)
FLAT = st.builds(lambda size, value: np.full(size, value, np.int16), st.integers(1, 20_000), VALUES)


@settings(deadline=None, max_examples=150)
@example(sparse(16_000, {0: 5_000, -1: 5_000}), 16_000)
@example(sparse(16_000, {0: 1, -1: 1}), 44_100)
@example(np.zeros(16_000, np.int16), 16_000)
@given(samples=st.one_of(SPARSE, NOISE, FLAT), rate_hz=st.sampled_from([8_000, 16_000, 44_100]))
def test_every_check_gives_a_finite_value_for_any_samples(
    cut_recording_of: Callable, samples: np.ndarray, rate_hz: int
) -> None:
    if len(samples) * 16_000 < rate_hz:
        return  # not one sample at 16 kHz: unreadable
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cut = cut_recording_of(samples, rate_hz)
        for check in MEASURING:
            value = check.value(cut)
            assert isinstance(value, str) or math.isfinite(value), check.name
            assert check.finds(value) in (True, False)


def test_names_titles_and_columns_are_unique_and_every_check_gives_advice() -> None:
    for attribute in ("name", "title", "column"):
        assert len({getattr(check, attribute) for check in CHECKS}) == len(CHECKS)
    assert all(check.advice.endswith(".") for check in CHECKS)


def test_only_what_can_be_no_clip_is_discarded_unless_chosen_otherwise() -> None:
    assert [check.name for check in CHECKS if check.discards] == ["unreadable", "too_short", "near_silent"]


def check(limit: float | str, **options) -> Check:
    return Check(name="x", title="x", column="some_value", limit=limit, advice="", measure=None, **options)


@pytest.mark.parametrize(("below", "found"), [(False, [False, False, True]), (True, [True, False, False])])
def test_a_value_at_the_limit_is_no_finding(below: bool, found: list[bool]) -> None:
    assert [check(2.0, below=below).finds(value) for value in (1.9, 2.0, 2.1)] == found


def test_any_text_is_a_finding() -> None:
    assert check("").finds("FLAC, not wav")
    assert not check("").finds("")


def test_the_finding_is_of_the_value_as_the_table_has_it(cut_recording_of: Callable) -> None:
    rounding = Check("x", "x", "x", limit=2.0, advice="", measure=lambda stack: [2.04], digits=1)
    assert rounding.value(cut_recording_of(np.zeros(10, np.int16))) == 2.0
    assert not rounding.finds(rounding.value(cut_recording_of(np.zeros(10, np.int16))))


def test_the_detail_tells_what_was_seen_and_what_is_wanted() -> None:
    assert check(2.0).detail(2.5) == "some_value is 2.5; wanted at most 2"
    assert check(2.0, below=True).detail(1.5) == "some_value is 1.5; wanted at least 2"
    assert check("").detail("left/a.wav") == "some value left/a.wav"
