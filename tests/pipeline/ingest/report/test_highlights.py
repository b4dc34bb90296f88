import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.data.recordings.folders import Recording
from wordspot.pipeline.ingest.checks import CHECKS
from wordspot.pipeline.ingest.outcome import Outcome
from wordspot.pipeline.ingest.report.highlights import Highlight, Highlights, Histogram, decibels

BY_NAME = {check.name: check for check in CHECKS}


def histogram(*values: float, limit: float | None = None) -> Histogram:
    """Bars of 0.5 from -10 to 20."""
    made = Histogram("some", "units", -10, 0.5, [0] * 60, limit)
    for value in values:
        made.add(value)
    return made


def add(highlights: Highlights, path: str, *findings: str, discarded_for: str = "", **measured: float) -> None:
    outcome = Outcome(path, path.split("/")[0], "", path, findings, discarded_for, measured=measured)
    highlights.add(Recording(path, 0, 0), outcome)


def paths(found: list[Highlight]) -> list[str]:
    return [highlight.recording.path for highlight in found]


@given(st.lists(st.floats(-40, 40)))
def test_every_value_is_counted_in_the_bar_that_holds_it_or_in_the_last_one(values: list[float]) -> None:
    made = histogram(*values)
    assert sum(made.counts) == len(values)
    for value in values:
        bar = histogram(value).counts.index(1)
        assert made.edge(bar) <= value + 1e-6 or bar == 0
        assert value < made.edge(bar + 1) + 1e-6 or bar == 59


def test_what_is_shown_begins_and_ends_with_ticks_around_what_was_counted_and_the_limit() -> None:
    assert histogram(0.1).ticks == [0, 5]
    assert histogram(0.1, 9.9).ticks == [0, 5, 10]
    assert histogram(0.1, limit=-7).ticks == [-10, -5, 0, 5]
    assert histogram(-99, 99).shown == range(60)
    for wide in (histogram(0.1), histogram(-99, 99)):
        assert len(wide.shown) == 10 * (len(wide.ticks) - 1)


def test_the_limit_lies_between_the_bars_it_parts() -> None:
    made = histogram(0.1, 9.9, limit=2.5)
    assert made.limit_share == pytest.approx(0.25)
    assert [bar for bar in made.shown if made.finds(bar)] == [20, 21, 22, 23, 24]
    assert histogram(0.1).limit_share is None
    assert not any(histogram(0.1).finds(bar) for bar in range(60))
    assert histogram(0.1, limit=-50).limit_share == 0


def test_the_worst_twenty_are_kept_and_of_equals_the_first() -> None:
    highlights = Highlights(CHECKS)
    for number in range(50):
        add(highlights, f"left/{number}.wav", "clipped", "low_snr", clipped_share=number // 10, snr_db=-(number % 7))
    assert paths(highlights.worst(BY_NAME["clipped"])) == [
        f"left/{number}.wav" for number in (*range(40, 50), *range(30, 40))
    ]
    assert [shown.outcome.measured["snr_db"] for shown in highlights.worst(BY_NAME["low_snr"])] == [-6] * 7 + [
        -5
    ] * 7 + [-4] * 6


def test_a_discard_is_shown_below_its_reason_alone_and_counts_as_no_flag() -> None:
    highlights = Highlights(CHECKS)
    add(
        highlights, "left/a.wav", "near_silent", "clipped", discarded_for="near_silent", volume=0.001, clipped_share=0.5
    )
    add(highlights, "left/b.wav", "clipped", "dropouts", clipped_share=0.1, dropout_ms=3)
    add(highlights, "left/c.wav")
    add(highlights, "right/d.wav", "clipped", clipped_share=0.2)
    worst = {check.name: paths(highlights.worst(check)) for check in CHECKS}
    assert {name: found for name, found in worst.items() if found} == {
        "near_silent": ["left/a.wav"],
        "clipped": ["right/d.wav", "left/b.wav"],
        "dropouts": ["left/b.wav"],
    }
    assert highlights.flagged == {"left": 1, "right": 1}


def test_decibels_have_a_floor() -> None:
    assert decibels(1) == 0
    assert decibels(0.5) == pytest.approx(-6.02, abs=0.01)
    assert decibels(0) == -120
