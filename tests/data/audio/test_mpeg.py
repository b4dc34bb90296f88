"""MPEG whose length stands nowhere."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.audio import Sound, read_sound, stream_sound

SECONDS = 5
NO_INFO = {"write_xing": "0", "id3v2_version": "0"}
FILES = {
    "constant.mp3": ("mp3", "libmp3lame", 16_000, 64_000, NO_INFO),
    "fast.mp3": ("mp3", "libmp3lame", 16_000, 128_000, NO_INFO),
    "slow.mp3": ("mp3", "libmp3lame", 44_100, 32_000, NO_INFO),
    "info.mp3": ("mp3", "libmp3lame", 44_100, 64_000, {}),
    "a.mp2": ("mp2", "mp2", 44_100, 192_000, {}),
    "slow.mp2": ("mp2", "mp2", 16_000, 32_000, {}),
    "mp3.wav": ("wav", "libmp3lame", 44_100, 64_000, {}),
    "mp2.wav": ("wav", "mp2", 44_100, 128_000, {}),
}


@pytest.fixture(scope="module")
def files(encoded: Callable) -> dict[str, bytes]:
    """{name: content} of five seconds each; of two of them the bit rate changes on the way."""
    made = {
        name: encoded(container, codec, rate_hz, SECONDS, bit_rate, **options)
        for name, (container, codec, rate_hz, bit_rate, options) in FILES.items()
    }
    half = [encoded("mp3", "libmp3lame", 16_000, SECONDS / 2, rate, **NO_INFO) for rate in (128_000, 16_000)]
    return made | {"falling.mp3": half[0] + half[1], "rising.mp3": half[1] + half[0]}


@pytest.mark.parametrize("name", [*FILES, "falling.mp3", "rising.mp3"])
def test_it_is_read_to_the_end(files: dict, outcome: Callable, tmp_path: Path, name: str) -> None:
    sound = outcome(files[name], name)
    assert isinstance(sound, Sound), sound
    assert sound.duration_s == pytest.approx(SECONDS, abs=0.25)
    assert sound.container == ("WAV" if name.endswith("wav") else "MP3")
    for begin in range(4_000, 72_000, 4_000):  # the tone goes on through every part
        if abs(begin - SECONDS * 8_000) > 8_000:
            level = np.sqrt(2 * np.mean((sound.samples[begin : begin + 4_000] / 32_768) ** 2))
            assert level == pytest.approx(0.4, rel=0.1)
    np.testing.assert_array_equal(np.concatenate(list(stream_sound(tmp_path / name))), sound.samples)


@pytest.mark.parametrize("name", [*FILES, "falling.mp3", "rising.mp3"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cut_short_within_a_frame_it_is_found(files: dict, outcome: Callable, name: str, share: float) -> None:
    assert str(outcome(files[name][: int(share * len(files[name])) + 1], name)).startswith("cut short: ")


@pytest.mark.parametrize("name", ["constant.mp3", "info.mp3", "a.mp2"])
@pytest.mark.parametrize(
    "tag",
    [
        b"TAG" + bytes(125),
        b"APETAGEX" + struct.pack("<IIII8x", 2000, 32, 0, 0),
        b"ID3\4\0\0\0\0\0\x10" + bytes(16),
        bytes(700),
        b"LYRICSBEGIN" + bytes(90) + b"TAG" + bytes(125),
    ],
)
def test_tags_at_the_end_are_no_sound_and_no_damage(files: dict, outcome: Callable, name: str, tag: bytes) -> None:
    whole, tagged = outcome(files[name], name), outcome(files[name] + tag, name)
    assert isinstance(whole, Sound)
    assert isinstance(tagged, Sound), tagged
    np.testing.assert_array_equal(tagged.samples, whole.samples)


def test_tags_at_the_start_are_passed_over(files: dict, outcome: Callable) -> None:
    tag = b"ID3\4\0\0\0\0\x02\x00" + b"\xff\xfb" * 128
    np.testing.assert_array_equal(outcome(tag + files["fast.mp3"]).samples, outcome(files["fast.mp3"]).samples)


def test_files_that_were_joined_are_read_to_the_end(files: dict, outcome: Callable) -> None:
    """The Info frame of the first says nothing of the second."""
    sound = outcome(files["info.mp3"] * 2, "a.mp3")
    assert isinstance(sound, Sound), sound
    assert sound.duration_s == pytest.approx(2 * SECONDS, abs=0.2)


def test_a_file_whose_info_frame_is_right_is_trimmed_by_it(files: dict, tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(files["info.mp3"])
    assert read_sound(tmp_path / "a.mp3").source_frames == SECONDS * 44_100
