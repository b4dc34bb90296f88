import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.front_end import FrontEnd
from wordspot.pipeline.features.log_mel import log_mel, mel_centers_hz
from wordspot.pipeline.training.examples import augmentation as augment

FRONT_END = FrontEnd()
SEEDS = st.integers(0, 1000)


def frames_of(seed: int, count: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(-6, 3, (count, 98, 40)).astype(np.float32)


def test_mixing_powers_is_mixing_waveforms() -> None:
    """The claim that training stands on: adding mel powers gives what adding the sounds would have given."""
    rng = np.random.default_rng(0)
    speech = 0.2 * np.sin(2 * np.pi * 500 * np.arange(16_000) / 16_000) + rng.normal(0, 1e-3, 16_000)
    noise = rng.normal(0, 0.05, 16_000)
    of_speech, of_noise = (log_mel(sound.astype(np.float32), FRONT_END)[None] for sound in (speech, noise))
    difference = augment.mean_log_power(of_speech) - augment.mean_log_power(of_noise)
    mixed = augment.mix(of_speech, of_noise, difference / augment.NATS_PER_DB)[0]
    expected = log_mel((speech + noise).astype(np.float32), FRONT_END)
    # the cross term averages out over a band: the mean is right, single values are not
    assert abs((mixed - expected).mean()) < 0.05
    assert np.corrcoef(mixed.ravel(), expected.ravel())[0, 1] > 0.98


@given(SEEDS, st.floats(-10, 40))
def test_noise_is_mixed_in_at_the_ratio_given(seed: int, snr_db: float) -> None:
    speech, noise = frames_of(seed), frames_of(seed + 1)
    mixed = augment.mix(speech, noise, np.full(4, snr_db))
    added = np.exp(mixed.astype(np.float64)) - np.exp(speech.astype(np.float64))
    ratio = np.exp(speech.astype(np.float64)).mean(axis=(1, 2)) / added.mean(axis=(1, 2))
    np.testing.assert_allclose(10 * np.log10(ratio), snr_db, atol=0.05)


@given(SEEDS)
def test_mean_log_power_is_the_log_of_the_mean_power(seed: int) -> None:
    frames = frames_of(seed)
    expected = np.log(np.exp(frames.astype(np.float64)).mean(axis=(1, 2)))
    np.testing.assert_allclose(augment.mean_log_power(frames), expected, rtol=1e-4)


@settings(deadline=None)
@given(SEEDS, st.integers(0, 30))
def test_shifting_moves_whole_frames_and_repeats_the_edge(seed: int, largest: int) -> None:
    frames = frames_of(seed, 8)
    shifted = augment.shift(frames, largest, np.random.default_rng(seed))
    for before, after in zip(frames, shifted, strict=True):
        offsets = [
            by
            for by in range(-largest, largest + 1)
            if np.array_equal(after, before[np.clip(np.arange(98) - by, 0, 97)])
        ]
        assert offsets


@given(SEEDS, st.sampled_from([1, 2]), st.integers(0, 200))
def test_a_mask_covers_one_stretch_at_most_that_long(seed: int, axis: int, largest: int) -> None:
    frames = frames_of(seed)
    masked = augment.mask(frames, axis, largest, -99, np.random.default_rng(seed))
    for before, after in zip(frames, masked, strict=True):
        covered = (after == -99).all(axis=2 - axis)
        positions = np.flatnonzero(covered)
        assert len(positions) <= min(largest, frames.shape[axis])
        assert len(positions) == 0 or np.ptp(positions) == len(positions) - 1
        kept = after if axis == 1 else after.T
        original = before if axis == 1 else before.T
        np.testing.assert_array_equal(kept[~covered], original[~covered])


@pytest.mark.parametrize("largest_db", [0.0, 6.0])
def test_gain_changes_the_level_alone_and_within_bounds(largest_db: float) -> None:
    frames = frames_of(1, 500)
    change_db = (augment.gain(frames, largest_db, np.random.default_rng(1)) - frames) / augment.NATS_PER_DB
    assert np.ptp(change_db, axis=(1, 2)).max() < 1e-4
    assert abs(change_db).max() <= largest_db + 1e-4
    assert abs(change_db).max() >= 0.9 * largest_db


def test_tilt_leaves_the_middle_and_is_a_straight_line() -> None:
    frames = np.zeros((100, 98, 41), np.float32)
    tilted = augment.tilt(frames, 10, np.random.default_rng(2)) / augment.NATS_PER_DB
    np.testing.assert_allclose(tilted[:, :, 20], 0, atol=1e-5)
    np.testing.assert_allclose(np.diff(tilted, 2, axis=2), 0, atol=1e-4)
    assert 8 < abs(tilted[:, 0, 0]).max() <= 10


def tone_frames(frequency_hz: float) -> np.ndarray:
    sound = 0.2 * np.sin(2 * np.pi * frequency_hz * np.arange(16_000) / 16_000)
    return log_mel(sound.astype(np.float32), FRONT_END)[None]


@pytest.mark.parametrize("change", [0.1, -0.1])
def test_another_vocal_tract_moves_a_tone_by_its_share(change: float) -> None:
    """A warped tone has its peak where a tone of the other frequency has it."""

    class Fixed(np.random.Generator):
        def uniform(self, *args: object, **options: object) -> np.ndarray:  # type: ignore[override]
            return np.array([[change]])

    warped = augment.warp(tone_frames(1_100), 0.1, mel_centers_hz(FRONT_END), Fixed(np.random.PCG64()))
    expected = tone_frames(1_100 / (1 + change))
    assert abs(int(warped[0, 50].argmax()) - int(expected[0, 50].argmax())) <= 1


@given(SEEDS)
def test_no_change_of_voice_leaves_frames_as_they_are(seed: int) -> None:
    frames, rng = frames_of(seed), np.random.default_rng(seed)
    np.testing.assert_allclose(augment.warp(frames, 0.0, mel_centers_hz(FRONT_END), rng), frames, atol=1e-4)
    np.testing.assert_allclose(augment.stretch(frames, 0.0, rng), frames, atol=1e-4)


@settings(deadline=None)
@given(SEEDS, st.floats(0.01, 0.3))
def test_stretching_moves_time_about_the_middle(seed: int, largest: float) -> None:
    ramp = np.tile(np.arange(99, dtype=np.float32)[None, :, None], (8, 1, 40))
    stretched = augment.stretch(ramp, largest, np.random.default_rng(seed))
    np.testing.assert_allclose(stretched[:, 49], 49, atol=1e-3)
    steps = np.diff(stretched[:, 30:69, 0], axis=1)
    assert ((steps > 1 - largest - 1e-3) & (steps < 1 + largest + 1e-3)).all()
    np.testing.assert_allclose(steps - steps[:, :1], 0, atol=1e-3)


@given(SEEDS)
def test_a_room_adds_a_tail_that_dies_away_and_nothing_before_the_sound(seed: int) -> None:
    frames = np.full((3, 98, 40), -13.0, np.float32)
    frames[:, 40] = 0.0  # a clap
    in_room = augment.reverberate(frames, 10.0, np.random.default_rng(seed))
    assert frames.max(initial=-99, where=np.arange(98)[None, :, None] != 40) == -13.0  # the argument is left alone
    tail = in_room[:, 41:].mean(axis=2)
    assert (np.diff(tail, axis=1) <= 1e-4).all()
    assert (tail[:, 0] > -13).all()
    energy = (np.exp(in_room[:, 41:].astype(np.float64)) - np.exp(-13)).sum(axis=1).mean()
    assert energy < 1.1
