"""Headers of WAV that are wrong while all samples are there, and those that are right while some are missing."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import Sound, read_sound, stream_sound

SAMPLES = np.random.default_rng(1).integers(-20_000, 20_000, 16_000).astype(np.int16)
KINDS = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]


@pytest.fixture
def wav(tmp_path: Path) -> Callable[[str], bytearray]:
    """Gives a WAV file of one of the kinds."""

    def make(kind: str) -> bytearray:
        soundfile.write(tmp_path / "original.wav", SAMPLES, 16_000, subtype=kind)
        return bytearray((tmp_path / "original.wav").read_bytes())

    return make


def with_sizes(content: bytearray, riff: int | None = None, data: int | None = None) -> bytes:
    """The file with other sizes in its header; None leaves them."""
    changed, place = bytearray(content), content.index(b"data") + 4
    if riff is not None:
        changed[4:8] = struct.pack("<I", riff)
    if data is not None:
        changed[place : place + 4] = struct.pack("<I", data)
    return bytes(changed)


def sizes(content: bytearray) -> tuple[int, int]:
    place = content.index(b"data") + 4
    return len(content) - 8, int.from_bytes(content[place : place + 4], "little")


def assert_whole(sound: Sound | str, kind: str) -> None:
    assert isinstance(sound, Sound), sound
    np.testing.assert_allclose(sound.samples, SAMPLES, atol=256 if kind == "PCM_U8" else 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", [-8, -1, 1, 8, 100_000])
def test_the_size_of_the_file_in_its_header_does_not_matter(
    wav: Callable, outcome: Callable, kind: str, by: int
) -> None:
    content = wav(kind)
    assert_whole(outcome(with_sizes(content, riff=sizes(content)[0] + by)), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", [1, 2, 8, 36, 44])
@pytest.mark.parametrize("riff_too", [True, False])
def test_a_size_of_the_samples_that_is_a_little_too_large_does_not_matter(
    wav: Callable, outcome: Callable, kind: str, by: int, riff_too: bool
) -> None:
    content = wav(kind)
    riff, data = sizes(content)
    assert_whole(outcome(with_sizes(content, riff + by if riff_too else None, data + by)), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("riff", "data"), [(0, 0), (None, 0), (0xFFFF_FFFF, 0xFFFF_FFFF), (0x7FFF_F024, 0x7FFF_F000)])
def test_recorders_that_were_never_stopped_and_streams(
    wav: Callable, outcome: Callable, kind: str, riff: int | None, data: int
) -> None:
    assert_whole(outcome(with_sizes(wav(kind), riff, data)), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_behind_no_samples_are_no_samples(wav: Callable, outcome: Callable, kind: str) -> None:
    content = wav(kind)
    begin = content.index(b"data") + 8
    empty = with_sizes(content, data=0)[:begin] + b"LIST" + struct.pack("<I", 10) + b"INFOISFT\0\0"
    assert outcome(empty) == "the file holds no samples"


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_behind_the_samples_are_passed_over(wav: Callable, outcome: Callable, kind: str) -> None:
    assert_whole(outcome(bytes(wav(kind)) + b"LIST" + struct.pack("<I", 10) + b"INFOISFT\0\0"), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.97])
@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
def test_samples_that_are_missing_are_found(
    tmp_path: Path, outcome: Callable, kind: str, share: float, container: str
) -> None:
    soundfile.write(tmp_path / "original.wav", SAMPLES, 16_000, subtype=kind, format=container)
    content = (tmp_path / "original.wav").read_bytes()
    whole = outcome(content)
    assert isinstance(whole, Sound)
    assert whole.container == container
    assert str(outcome(content[: int(share * len(content))])).startswith("cut short: ")


@pytest.mark.parametrize("kind", KINDS)
def test_our_numbers_are_those_of_libsndfile(tmp_path: Path, kind: str) -> None:
    data = np.random.default_rng(2).normal(0, 0.2, (5_000, 2))
    soundfile.write(tmp_path / "a.wav", data, 44_100, subtype=kind)
    expected = soundfile.read(tmp_path / "a.wav", dtype="float32")[0].mean(axis=1)
    sound = read_sound(tmp_path / "a.wav")
    np.testing.assert_array_equal(sound.native, np.clip(np.rint(expected * 32_768), -32_768, 32_767))


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_of_the_file_is_the_same(tmp_path: Path, wav: Callable, kind: str) -> None:
    (tmp_path / "a.wav").write_bytes(with_sizes(wav(kind), 0, 0))
    blocks = np.concatenate(list(stream_sound(tmp_path / "a.wav")))
    np.testing.assert_array_equal(blocks, read_sound(tmp_path / "a.wav").samples)
