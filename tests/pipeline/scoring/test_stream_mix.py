import dataclasses

import numpy as np
import pytest
from wordspot.pipeline.scoring.stream_mix import Deck, MixSettings, mix_streams

RATE_HZ = 16_000
SETTINGS = MixSettings(hours=0.02, stream_minutes=0.6, words_per_hour=600, others_per_hour=600)


def tone(level: float, seconds: float = 0.4) -> np.ndarray:
    """A clip of one second with a tone in its middle: int16."""
    clip = np.zeros(RATE_HZ)
    size = round(seconds * RATE_HZ)
    clip[4_000 : 4_000 + size] = level * np.sin(2 * np.pi * 700 / RATE_HZ * np.arange(size))
    return clip.astype(np.int16)


@pytest.fixture(scope="module")
def noises() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(0, level, 15 * RATE_HZ).astype(np.int16) for level in (20, 2_000)]


def mixed(noises: list[np.ndarray], settings: MixSettings = SETTINGS, snr_db: float = 10) -> list:
    words, others = [("left", tone(3_000)), ("right", tone(100))], [("house", tone(9_000))]
    return list(mix_streams(words, others, noises, [snr_db], settings, RATE_HZ))


def test_the_same_seed_gives_the_same_streams_and_another_does_not(noises: list[np.ndarray]) -> None:
    first, again, other = mixed(noises), mixed(noises), mixed(noises, dataclasses.replace(SETTINGS, seed=1))
    assert len(first) == 2
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples)
        assert a.spoken == b.spoken
    assert first[0].spoken != other[0].spoken
    assert not np.array_equal(first[0].samples, first[1].samples)


def test_words_lie_where_the_labels_say_and_do_not_overlap(noises: list[np.ndarray]) -> None:
    for stream in mixed(noises, snr_db=40):
        assert len(stream.samples) == 0.6 * 60 * RATE_HZ
        assert {word.label for word in stream.spoken} == {"left", "right", "house"}
        ends = [0.0] + [word.end_s for word in stream.spoken]
        for word, end_s in zip(stream.spoken, ends, strict=False):
            assert word.start_s >= end_s + 1
            assert word.end_s - word.start_s == pytest.approx(0.4, abs=0.03)
            inside = stream.samples[round(word.start_s * RATE_HZ) : round(word.end_s * RATE_HZ)].astype(float)
            before = stream.samples[round((word.start_s - 0.2) * RATE_HZ) : round(word.start_s * RATE_HZ)].astype(float)
            assert np.mean(inside**2) > 100 * np.mean(before**2)


def test_words_stand_as_far_above_the_noise_as_wanted(noises: list[np.ndarray]) -> None:
    """Words of any level in noise of any level: what the tone adds to the power of the noise around it."""
    ratios = []
    for stream in mixed(noises[:1], snr_db=10):
        for word in stream.spoken:
            start, end = round(word.start_s * RATE_HZ), round(word.end_s * RATE_HZ)
            inside, around = stream.samples[start + 200 : end - 200], stream.samples[start - 3_000 : start - 300]
            noise = np.mean(around.astype(float) ** 2)
            ratios.append(10 * np.log10((np.mean(inside.astype(float) ** 2) - noise) / noise))
    assert np.median(ratios) == pytest.approx(10, abs=1)


def test_a_deck_deals_every_clip_before_one_comes_again() -> None:
    deck = Deck([(str(i), np.zeros(1, np.int16)) for i in range(7)], np.random.default_rng(0))
    for _ in range(3):
        assert sorted(deck.deal()[0] for _ in range(7)) == [str(i) for i in range(7)]


def test_without_other_words_or_without_words_there_is_only_noise(noises: list[np.ndarray]) -> None:
    for stream in mix_streams([], [], noises, [10.0], SETTINGS, RATE_HZ):
        assert stream.spoken == []
        assert stream.samples.any()
