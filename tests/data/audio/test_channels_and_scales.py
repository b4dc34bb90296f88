"""Channels that cancel each other or are silent, and samples on the scale of another format."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import Mixer, Note, Sound, read_sound, stream_sound

RATE_HZ = 16_000
SPEECH = np.random.default_rng(1).normal(0, 3_000, 2 * RATE_HZ).astype(np.int16)
HISS = np.random.default_rng(2).normal(0, 20, 2 * RATE_HZ).astype(np.int16)
QUIET = np.random.default_rng(3).normal(0, 0.6, 2 * RATE_HZ).astype(np.int16)
SILENCE = np.zeros_like(SPEECH)
ODD = {
    "opposite": ([SPEECH, -SPEECH], "opposite_phase"),
    "opposite with hiss": ([SPEECH, HISS - SPEECH], "opposite_phase"),
    "opposite with an offset": ([SPEECH + 2_000, 2_000 - SPEECH], "opposite_phase"),
    "right only": ([SILENCE, SPEECH], "silent_channel"),
    "left only": ([SPEECH, SILENCE + 40], "silent_channel"),
    "no more than its own noise": ([SPEECH, QUIET], "silent_channel"),
    "one of three": ([SPEECH, SPEECH, SILENCE], "silent_channel"),
}
PLAIN = {
    "both alike": [SPEECH, SPEECH],
    "unrelated": [SPEECH, np.roll(SPEECH, 999)],
    "one quieter": [SPEECH, HISS],
    "partly opposite": [SPEECH, (-0.5 * SPEECH).astype(np.int16)],
    "silence": [SILENCE, SILENCE],
    "quiet and silent": [QUIET // 2, SILENCE],
    "eight unrelated": [np.roll(SPEECH, 999 * place) for place in range(8)],
}


def written(path: Path, channels: list[np.ndarray], rate_hz: int = RATE_HZ) -> Path:
    soundfile.write(path, np.stack(channels, axis=1).astype(np.int16), rate_hz)
    return path


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_the_channel_with_the_sound_is_taken_and_named(tmp_path: Path, name: str, ending: str) -> None:
    channels, note = ODD[name]
    sound = read_sound(written(tmp_path / f"a.{ending}", channels))
    assert [one.name for one in sound.notes] == [note]
    taken = [channel for channel in channels if np.array_equal(channel, sound.samples)]
    assert taken
    assert taken[0].std() > 1_000
    assert sound.peak == pytest.approx(np.abs(sound.samples.astype(int)).max() / 32_768)
    np.testing.assert_array_equal(np.concatenate(list(stream_sound(tmp_path / f"a.{ending}"))), sound.samples)


@pytest.mark.parametrize("name", PLAIN)
def test_other_channels_are_averaged(tmp_path: Path, name: str) -> None:
    sound = read_sound(written(tmp_path / "a.wav", PLAIN[name]))
    assert sound.notes == ()
    np.testing.assert_allclose(sound.samples, np.mean(PLAIN[name], axis=0), atol=0.51)


@pytest.mark.parametrize("name", ODD)
def test_streams_are_treated_alike(name: str) -> None:
    channels, expected = ODD[name]
    notes: list[Note] = []
    mix = Mixer(RATE_HZ, RATE_HZ, note=notes.append)
    blocks = np.split(np.stack(channels, axis=1).astype(np.float32) / 32_768, 40)
    mixed = np.concatenate([*map(mix, blocks), mix.rest()])
    assert [note.name for note in notes] == [expected]  # said once
    assert any(np.array_equal(channel, mixed) and channel.std() > 1_000 for channel in channels)


@pytest.mark.parametrize("name", PLAIN)
def test_streams_of_other_channels_are_averaged(name: str) -> None:
    notes: list[Note] = []
    mix = Mixer(RATE_HZ, RATE_HZ, note=notes.append)
    mixed = [mix(block) for block in np.split(np.stack(PLAIN[name], axis=1).astype(np.float32) / 32_768, 40)]
    assert notes == []
    np.testing.assert_allclose(np.concatenate(mixed), np.mean(PLAIN[name], axis=0), atol=0.51)


def test_a_channel_that_comes_back_is_mixed_in_again() -> None:
    mix = Mixer(RATE_HZ, RATE_HZ)
    both = np.stack([SPEECH, SPEECH], axis=1).astype(np.float32) / 32_768
    mix(both * [1, 0])
    np.testing.assert_array_equal(mix(both), SPEECH)


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("whole_numbers", [True, False])
@pytest.mark.parametrize("container", ["WAV", "AIFF"])
def test_floats_on_the_scale_of_integers_are_scaled_back(
    tmp_path: Path, bits: int, whole_numbers: bool, container: str
) -> None:
    sound = SPEECH * 2.0 ** (bits - 16) + (0 if whole_numbers else 0.3)
    soundfile.write(tmp_path / "a.wav", sound.astype(np.float64), RATE_HZ, subtype="DOUBLE", format=container)
    read = read_sound(tmp_path / "a.wav")
    np.testing.assert_array_equal(read.samples, SPEECH)
    assert read.peak < 1
    assert [note.name for note in read.notes] == ["odd_scale"]
    assert f"on the {bits}-bit scale" in read.notes[0].detail
    np.testing.assert_array_equal(np.concatenate(list(stream_sound(tmp_path / "a.wav"))), SPEECH)


@pytest.mark.parametrize("gain", [1, 3, 15])
def test_floats_that_are_only_too_loud_are_clipped(tmp_path: Path, gain: float) -> None:
    soundfile.write(tmp_path / "a.wav", gain * (SPEECH / np.abs(SPEECH).max()), RATE_HZ, subtype="FLOAT")
    read = read_sound(tmp_path / "a.wav")
    assert read.notes == ()
    assert read.peak == pytest.approx(gain)


def test_a_few_damaged_floats_do_not_change_the_scale(tmp_path: Path) -> None:
    sound = SPEECH / 32_768
    sound[1_000] = 9_999
    soundfile.write(tmp_path / "a.wav", sound, RATE_HZ, subtype="FLOAT")
    read = read_sound(tmp_path / "a.wav")
    assert read.notes == ()
    np.testing.assert_array_equal(read.samples[:1_000], SPEECH[:1_000])


@pytest.mark.parametrize("bits", [16, 24])
def test_integers_in_the_lower_part_of_wider_ones(tmp_path: Path, bits: int) -> None:
    values = SPEECH.astype(np.int32) << (bits - 16)
    values[0] |= 1
    soundfile.write(tmp_path / "a.wav", values, RATE_HZ, subtype="PCM_32")
    read = read_sound(tmp_path / "a.wav")
    assert [note.name for note in read.notes] == ["odd_scale"]
    assert f"{bits}-bit samples in the lower part of 32 bits" in read.notes[0].detail
    np.testing.assert_allclose(read.samples, SPEECH, atol=1)


@pytest.mark.parametrize("gain", [1, 256, 65_536])
def test_integers_in_the_upper_part_are_as_they_should_be(tmp_path: Path, gain: int) -> None:
    """A quiet recording of 24 bits leaves the lowest byte empty."""
    values = (np.random.default_rng(1).normal(0, 100, RATE_HZ).astype(np.int32) << 8) * gain
    soundfile.write(tmp_path / "a.wav", values, RATE_HZ, subtype="PCM_32")
    assert read_sound(tmp_path / "a.wav").notes == ()


def test_a_stream_of_floats_on_the_scale_of_integers() -> None:
    notes: list[Note] = []
    mix = Mixer(RATE_HZ, RATE_HZ, note=notes.append)
    mixed = [mix(block) for block in np.split(SPEECH.astype(np.float32)[:, None], 20)]
    np.testing.assert_array_equal(np.concatenate(mixed), SPEECH)
    assert [note.name for note in notes] == ["odd_scale"]


def test_what_was_odd_is_said_of_a_stream_of_a_file(tmp_path: Path) -> None:
    notes: list[Note] = []
    list(stream_sound(written(tmp_path / "a.wav", [SPEECH, -SPEECH]), note=notes.append))
    assert [note.name for note in notes] == ["opposite_phase"]


def test_the_note_is_a_sentence(outcome: Callable, tmp_path: Path) -> None:
    sound = outcome(written(tmp_path / "b.wav", [SPEECH, HISS - SPEECH]).read_bytes())
    assert isinstance(sound, Sound)
    assert sound.notes[0].detail.startswith("the channels cancel each other (their mix is ")
    assert sound.notes[0].detail.endswith(": took channel 1")
