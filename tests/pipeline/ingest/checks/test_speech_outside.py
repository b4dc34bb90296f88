from collections.abc import Callable

import numpy as np
import pytest
from wordspot.pipeline.ingest.checks.speech_outside import CHECK


def value(cut_recording_of: Callable, sound: np.ndarray) -> float:
    found = CHECK.value(cut_recording_of(sound))
    assert isinstance(found, float)
    return found


def in_faint_noise(words: list[np.ndarray], gap: int = 8_000) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.concatenate([np.concatenate([rng.normal(0, 0.0015, gap), word]) for word in words])


def test_one_word_lies_in_the_clip_wherever_it_is(cut_recording_of: Callable, take: Callable) -> None:
    for seed in range(4):
        sound = in_faint_noise([take(seed)], 20_000)
        for recording in (take(seed), sound, sound[::-1].copy(), np.pad(sound, (9_000, 9_000))):
            assert not CHECK.finds(value(cut_recording_of, recording))


@pytest.mark.parametrize("count", [2, 3, 10])
def test_other_words_are_counted_in_seconds(cut_recording_of: Callable, take: Callable, count: int) -> None:
    found = value(cut_recording_of, in_faint_noise([take(seed) for seed in range(count)]))
    assert CHECK.finds(found)
    assert 0.1 * (count - 1) < found < 0.7 * (count - 1)


def test_noise_alone_and_silence_hold_no_speech(cut_recording_of: Callable) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 48_000)
    for sound in (noise, np.zeros(48_000), np.pad(noise[:300], 30_000), np.full(48_000, 0.1)):
        assert value(cut_recording_of, sound) == 0
