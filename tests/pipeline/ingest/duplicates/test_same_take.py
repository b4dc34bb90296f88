import numpy as np
import pytest
from wordspot.pipeline.ingest.duplicates.fingerprints import Relation, relate
from wordspot.pipeline.ingest.duplicates.same_take import agreement

TIME_S = np.arange(16_000) / 16_000
RNG = np.random.default_rng(5)


def int16(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)


def utterance(seed: int) -> np.ndarray:
    """A second in which one strong low vowel, the same in every take of this speaker, is louder than all that differs."""
    rng = np.random.default_rng(seed)
    vowel = sum(np.sin(2 * np.pi * hz * TIME_S) for hz in (440, 660, 880)) * np.exp(-(((TIME_S - 0.5) / 0.1) ** 2))
    pieces = np.repeat(rng.uniform(0, 1, 10), 1_600)
    return int16(9_000 * vowel + 900 * pieces * rng.normal(0, 1, 16_000))


def test_takes_that_share_a_strong_low_vowel_are_not_one_take() -> None:
    one, other = utterance(1), utterance(2)
    assert np.corrcoef(one, other)[0, 1] > 0.8
    assert agreement(one, other) < 0.5
    assert relate(one, other) == Relation.NONE


@pytest.mark.parametrize("gain", [0.2, 0.5, 1])
def test_one_take_agrees_with_itself_at_any_gain_and_in_a_little_noise(gain: float) -> None:
    one = utterance(1)
    assert agreement(one, int16(gain * one)) > 0.9
    noisy = int16(gain * (one + RNG.normal(0, 60, 16_000)))
    assert agreement(one, noisy) > 0.9
    assert relate(one, noisy) == Relation.NEAR


def test_a_turned_take_does_not_agree_and_less_than_a_frame_agrees_with_nothing() -> None:
    one = utterance(1)
    assert agreement(one, -one) < -0.9
    assert agreement(one[:511], one[:511]) == agreement(one[:0], one[:0]) == 0
    assert agreement(np.zeros(600, np.int16), np.zeros(600, np.int16)) == 0


def test_a_steady_sound_without_a_quiet_moment_agrees_with_itself_alone() -> None:
    one, other = (int16(RNG.normal(0, 3_000, 16_000)) for _ in range(2))
    assert agreement(one, one) > 0.99
    assert abs(agreement(one, other)) < 0.2
