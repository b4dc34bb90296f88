import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.recordings.annotations import Annotation
from wordspot.pipeline.scoring.stream_score import StreamCandidates, TimedLabel, count, fire, judge
from wordspot.pipeline.scoring.thresholds import GRID, ThresholdSearch, common_curve, expected, reaching

LABELS = ("left", "right", "_unknown_")
WORDS = LABELS[:2]


def stream_of(
    best: list[int], value: list[float], spoken: Sequence[Annotation] = (), hold_off: int = 10
) -> StreamCandidates:
    times_s = 1 + np.arange(len(best)) / 10
    return StreamCandidates(
        np.array(best), np.array(value, np.float32), times_s, hold_off / 10, 1 + len(best) / 10, spoken
    )


def kinds(detections: list[tuple[str, float]], spoken: list[Annotation]) -> list[str]:
    return [one.kind for one in judge([TimedLabel(*one) for one in detections], spoken, WORDS)]


@pytest.mark.parametrize(
    ("detections", "expected_kinds"),
    [
        ([("left", 2.4)], ["hit"]),
        ([("left", 3.4)], ["hit"]),  # a second after the end of the word
        ([("left", 3.6)], ["false"]),  # later than that
        ([("left", 1.9)], ["false"]),  # before it began
        ([("right", 2.4)], ["wrong"]),
        ([("left", 2.2), ("left", 3.2)], ["hit", "false"]),  # a word counts once
        ([("right", 2.2), ("left", 3.2)], ["false", "hit"]),  # and was not taken for another when that was detected too
        ([], []),
    ],
)
def test_what_becomes_of_detections_around_one_word(
    detections: list[tuple[str, float]], expected_kinds: list[str]
) -> None:
    assert kinds(detections, [Annotation(2, 2.5, "left")]) == expected_kinds


def test_other_words_are_nobodys_hits() -> None:
    spoken = [Annotation(2, 2.5, "house"), Annotation(4, 4.5, "left")]
    assert kinds([("right", 2.4), ("left", 4.4)], spoken) == ["false", "hit"]
    score = count(
        [stream_of([1] + [2] * 40, [0.9] * 41, [Annotation(0.5, 0.9, "house")])], LABELS, np.array([0.5, 0.5, np.inf])
    )
    assert (score.together.false_accepts, score.together.at_other_words) == (1, 1)
    assert np.isnan(score.together.miss_rate)


def test_counts_add_up_and_rates_are_per_hour() -> None:
    spoken = [Annotation(1, 1.3, "left"), Annotation(4, 4.4, "right"), Annotation(7, 7.3, "left")]
    best, value = [2] * 100, [0.9] * 100
    best[4], best[35], best[90] = 0, 0, 1  # left at 1.4 s, left where right was said, right at nothing
    score = count([stream_of(best, value, spoken)], LABELS, np.array([0.5, 0.5, np.inf]))
    assert score.hours == pytest.approx(11 / 3_600)
    assert (score.together.said, score.together.hits, score.together.wrong, score.together.misses) == (3, 1, 1, 1)
    assert score.together.miss_rate == pytest.approx(2 / 3)
    assert score.false_accepts_per_hour == pytest.approx(3_600 / 11)
    assert score.per_label["left"].delays_s == pytest.approx([0.1])


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1, width=32)), max_size=60), st.integers(0, 12), st.floats(0, 1)
)
def test_fires_as_the_rule_says(windows: list[tuple[int, float]], hold_off: int, threshold: float) -> None:
    """The rule of stream.py, written down once more."""
    thresholds = np.array([threshold, 0.5, np.inf])
    right, last = [], None
    for k, (label, value) in enumerate(windows):
        if np.float32(value) >= thresholds[label] and (last is None or k - last >= hold_off):
            right.append((LABELS[label], round(1 + k / 10, 6)))
            last = k
    best, value = [list(column) for column in zip(*windows, strict=True)] or [[], []]
    found = fire(stream_of(best, value, hold_off=hold_off), LABELS, thresholds) if windows else []
    assert [(one.label, round(one.time_s, 6)) for one in found] == right


def noisy_stream(seed: int, hours: float = 0.5) -> StreamCandidates:
    """Words that are recognized with 0.5 to 1, and noise that reaches higher values ever more rarely."""
    rng = np.random.default_rng(seed)
    size = round(hours * 36_000)
    best, value = rng.integers(0, 3, size), np.minimum(rng.exponential(0.08, size), 0.999)
    spoken = []
    for start in range(100, size - 100, 300):
        label = int(rng.integers(2))
        best[start], value[start] = label, rng.uniform(0.5, 1)
        spoken.append(Annotation(start / 10 + 0.5, start / 10 + 0.9, LABELS[label]))
    return stream_of(best.tolist(), value.tolist(), spoken)


def test_a_higher_threshold_fires_less_often() -> None:
    curve = common_curve([noisy_stream(0)], LABELS)
    fired = [point.score.together.hits + point.score.together.false_accepts for point in curve]
    assert len(curve) == len(GRID)
    assert fired == sorted(fired, reverse=True)
    point = reaching(curve, 5)
    assert point is not None
    assert point.score.false_accepts_per_hour <= 5
    assert reaching(curve, -1) is None


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1_000))
def test_chosen_thresholds_keep_the_limit_and_a_tighter_one_misses_no_less(seed: int) -> None:
    chooser = ThresholdSearch([noisy_stream(seed)], LABELS, WORDS)
    points = [chooser.choose(limit) for limit in (1, 10, 100)]
    misses = [point.score.together.miss_rate for point in points]
    assert misses == sorted(misses, reverse=True)
    for point, limit in zip(points, (1, 10, 100), strict=True):
        assert np.isinf(point.thresholds[2])
        assert point.score.false_accepts_per_hour <= 1.3 * limit + 4  # half an hour holds few to count


@given(st.lists(st.integers(0, 500), min_size=len(GRID), max_size=len(GRID)))
def test_what_is_expected_never_rises_nor_is_nothing(counts: list[int]) -> None:
    rates = expected(counts)
    assert (np.diff(rates) <= 1e-9).all()
    assert (rates > 0).all()


def test_a_word_that_is_not_chosen_for_keeps_its_threshold_and_is_counted_with_it() -> None:
    streams, kept = [noisy_stream(3)], np.array([0.6, 0.7, np.inf])
    point = ThresholdSearch(streams, LABELS, ["left"], kept).choose(5)
    assert list(point.thresholds[1:]) == [0.7, np.inf]
    assert point.thresholds[0] != 0.6
    assert point.score == count(streams, LABELS, point.thresholds)
    assert point.score.per_label["right"].hits > 0


def test_labels_that_are_no_words_are_never_chosen_for() -> None:
    streams = [dataclasses.replace(noisy_stream(3), spoken=[Annotation(1, 2, "_unknown_"), Annotation(3, 4, "left")])]
    assert list(np.isinf(ThresholdSearch(streams, LABELS, LABELS).choose(5).thresholds)) == [False, True, True]
