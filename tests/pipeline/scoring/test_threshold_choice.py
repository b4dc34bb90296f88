import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.data.recordings.annotations import Annotation
from wordspot.pipeline.scoring.stream_score import StreamCandidates, count
from wordspot.pipeline.scoring.threshold_choice import (
    MOST_LOST,
    careful_threshold,
    choose_point,
    hours_to_show,
    most_per_hour,
)
from wordspot.pipeline.scoring.thresholds import GRID

LABELS = ("left", "right", "_unknown_")
WORDS = LABELS[:2]
DEFAULT = np.array([0.5, 0.5, np.inf])


def stream(hours: float, seed: int, *, words: bool, strength: float = 0.08) -> StreamCandidates:
    """Noise or speech that reaches higher values ever more rarely, and words that are recognized with 0.5 to 1."""
    rng = np.random.default_rng(seed)
    size = round(hours * 36_000)
    best, value = rng.integers(0, 2, size), np.minimum(rng.exponential(strength, size), 0.999)
    spoken = []
    for start in range(100, size - 100, 300) if words else ():
        best[start], value[start] = int(rng.integers(2)), rng.uniform(0.5, 1)
        spoken.append(Annotation(start / 10 + 0.5, start / 10 + 0.9, LABELS[best[start]]))
    return StreamCandidates(best, value, 1 + np.arange(size) / 10, 1.0, size / 10, spoken)


@given(st.integers(0, 200), st.floats(0.01, 100))
def test_the_upper_end_is_that_of_the_poisson_interval(count: int, hours: float) -> None:
    mean = most_per_hour(count, hours) * hours
    below = np.exp(-mean + np.cumsum(np.log(np.r_[1, np.full(count, mean)] / np.r_[1, 1 : count + 1]))).sum()
    assert below == pytest.approx(0.05, rel=1e-6)


def test_three_hours_without_a_false_accept_show_one_per_hour() -> None:
    assert hours_to_show(1) == pytest.approx(3, abs=0.01)
    assert most_per_hour(0, hours_to_show(0.5)) == pytest.approx(0.5)


@given(st.lists(st.floats(0, 1), min_size=len(GRID), max_size=len(GRID)), st.integers(0, 132), st.floats(0.31, 0.99))
def test_a_careful_threshold_loses_few_words_and_is_no_lower_than_the_default(
    drawn: list[float], heard_up_to: int, start: float
) -> None:
    detected = sorted(drawn, reverse=True)
    heard = [int(place < heard_up_to) for place in range(len(GRID))]
    threshold = careful_threshold(detected, heard, start)
    first, place = np.searchsorted(GRID, start), np.searchsorted(GRID, threshold)
    assert threshold >= start
    assert detected[place] >= detected[first] - MOST_LOST - 1e-9
    assert careful_threshold([1.0] * len(GRID), heard, start) > GRID[max(0, heard_up_to - 1)]


def test_with_enough_speech_the_budget_holds_in_an_hour_of_it_and_in_one_of_noise() -> None:
    mixed, speech = [stream(4, 0, words=True)], [stream(4, 1, words=False, strength=0.12)]
    points = [choose_point(mixed, speech, LABELS, WORDS, DEFAULT, limit) for limit in (1, 5, 50)]
    for point, limit in zip(points, (1, 5, 50), strict=True):
        assert point.speech is not None
        assert point.speech.false_accepts_per_hour <= limit
        assert point.score.false_accepts_per_hour <= limit
    misses = [point.score.together.miss_rate for point in points]
    assert misses == sorted(misses, reverse=True)
    alone = choose_point(mixed, [], LABELS, WORDS, DEFAULT, 1)
    assert alone.speech is None
    assert alone.score.together.miss_rate <= misses[0]


def test_with_little_speech_the_threshold_is_above_what_was_heard_but_the_words_stay_usable() -> None:
    mixed = [stream(0.2, 0, words=True)]
    quiet = [stream(0.05, 1, words=False, strength=0.01)]
    loud = [dataclasses.replace(quiet[0], value=np.full(len(quiet[0].value), 0.98))]
    before, careful, bounded = (choose_point(mixed, speech, LABELS, WORDS, DEFAULT, 1) for speech in ([], quiet, loud))
    for point in (before, careful, bounded):
        assert point.thresholds[0] == point.thresholds[1] > 0.5  # too little to tell words apart
    assert careful.speech is not None
    assert careful.speech.together.false_accepts == 0
    assert bounded.speech is not None
    assert bounded.speech.together.false_accepts > 0
    at_default = count(mixed, LABELS, DEFAULT).together.miss_rate
    assert bounded.score.together.miss_rate <= at_default + MOST_LOST + 1e-9
