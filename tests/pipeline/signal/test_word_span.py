import numpy as np
import pytest
from wordspot.pipeline.signal.word_span import word_span

RATE_HZ = 16_000


def tone_between(first: int, last: int, noise: float = 0.0) -> np.ndarray:
    """A second with a tone in a part of it, over noise: int16."""
    sound = np.random.default_rng(0).normal(0, noise, RATE_HZ)
    sound[first:last] += 3_000 * np.sin(2 * np.pi * 700 / RATE_HZ * np.arange(last - first))
    return sound.astype(np.int16)


@pytest.mark.parametrize("noise", [0.0, 30.0])
@pytest.mark.parametrize(("first", "last"), [(4_000, 10_400), (0, 8_000), (9_000, 16_000)])
def test_a_word_begins_and_ends_where_it_is_loud(first: int, last: int, noise: float) -> None:
    assert word_span(tone_between(first, last, noise), RATE_HZ) == pytest.approx((first, last), abs=200)


@pytest.mark.parametrize("length", [1, 159, 160, 16_000])
def test_where_nothing_stands_out_it_is_the_whole_clip(length: int) -> None:
    assert word_span(np.zeros(length, np.int16), RATE_HZ) == (0, length)
