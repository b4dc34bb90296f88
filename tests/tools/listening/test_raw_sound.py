"""The pace of a stream, by a clock that the test sets."""

import numpy as np
import pytest
from wordspot.tools.listening.raw_sound import Pace, note_when_muted

RATE_HZ = 16_000


def note_of(samples_per_s: float, waiting_share: float = 1, seconds: float = 20) -> list[str]:
    """What is said of a source that brings so many samples per second, of whoever waits for it for a share of the time."""
    now = 0.0
    pace, notes = Pace(RATE_HZ, lambda: now), []
    for _ in range(round(seconds * 20)):
        with pace.waiting():
            now += 0.05 * waiting_share
        notes.append(pace.add(round(0.05 * samples_per_s)))
        now += 0.05 * (1 - waiting_share)
    return [note for note in notes if note]


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 32_000, 44_100, 48_000, 96_000])
def test_a_live_source_of_another_rate_is_noted_once(rate_hz: int) -> None:
    (note,) = note_of(rate_hz)
    assert f"comes {rate_hz / RATE_HZ:.2f} times as fast as real time, like {rate_hz} Hz" in note


@pytest.mark.parametrize("rate_hz", [15_900, 16_000, 16_100])
def test_a_live_source_of_the_right_rate_is_not(rate_hz: int) -> None:
    assert note_of(rate_hz) == []


def test_a_file_that_comes_as_fast_as_it_is_taken_is_not() -> None:
    assert note_of(50 * RATE_HZ, waiting_share=0.05) == []


def test_too_little_is_not_judged() -> None:
    assert note_of(48_000, seconds=4.9) == []


@pytest.mark.parametrize(
    ("seconds", "value", "notes"), [(9.9, 0, 0), (10.1, 0, 1), (10.1, -7, 1), (60, 0, 1), (0, 0, 0)]
)
@pytest.mark.parametrize("block", [160, 1_600, 16_000, 32_768])
def test_a_muted_microphone(seconds: float, value: int, notes: int, block: int) -> None:
    rng = np.random.default_rng(1)
    sound = rng.integers(-9, 10, 1_000)
    stream = np.concatenate([sound, np.full(round(seconds * RATE_HZ), value), sound]).astype(np.int16)
    said: list[str] = []
    blocks = [stream[begin : begin + block] for begin in range(0, len(stream), block)]
    passed = np.concatenate(list(note_when_muted(iter(blocks), RATE_HZ, said.append)))
    np.testing.assert_array_equal(passed, stream)
    assert len(said) == notes
