import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly
from wordspot.data.audio import Sound, read_sound, write_wav
from wordspot.data.errors import RecordingError

PITCH_HZ, LEVEL, SECONDS = 1000, 0.4, 0.7
FORMATS = {
    "u8.wav": ("WAV", "PCM_U8"),
    "16.wav": ("WAV", "PCM_16"),
    "24.wav": ("WAV", "PCM_24"),
    "32.wav": ("WAV", "PCM_32"),
    "float.wav": ("WAV", "FLOAT"),
    "double.wav": ("WAV", "DOUBLE"),
    "extensible.wav": ("WAVEX", "PCM_16"),
    "16.flac": ("FLAC", "PCM_16"),
    "24.flac": ("FLAC", "PCM_24"),
    "16.aiff": ("AIFF", "PCM_16"),
    "vorbis.ogg": ("OGG", "VORBIS"),
    "opus.ogg": ("OGG", "OPUS"),
    "layer3.mp3": ("MP3", "MPEG_LAYER_III"),
}
RATES_HZ = {
    "opus.ogg": (8_000, 16_000, 24_000, 48_000),
    "layer3.mp3": (8_000, 11_025, 16_000, 22_050, 44_100, 48_000),
}
ALL_RATES_HZ = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000)
CASES = [(name, rate_hz) for name in FORMATS for rate_hz in RATES_HZ.get(name, ALL_RATES_HZ)]
PIECEMEAL = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tone(rate_hz: int, seconds: float = SECONDS) -> np.ndarray:
    return LEVEL * np.sin(2 * np.pi * PITCH_HZ * np.arange(round(seconds * rate_hz)) / rate_hz)


def noise(size: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-32_768, 32_768, size).astype(np.int16)


def pitch_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * 16_000 / len(samples)


def written(path: Path, data: np.ndarray, rate_hz: int = 16_000, **options: Any) -> bytes:
    soundfile.write(path, data, rate_hz, **options)
    return path.read_bytes()


def sound_or_message(path: Path) -> Sound | str:
    try:
        return read_sound(path)
    except RecordingError as error:
        return str(error)


def refusal(path: Path) -> str:
    message = sound_or_message(path)
    assert isinstance(message, str)
    assert message.splitlines() == [message]
    return message


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("name", "rate_hz"), CASES)
def test_every_format_keeps_length_level_and_pitch(tmp_path: Path, name: str, rate_hz: int, channels: int) -> None:
    container, subtype = FORMATS[name]
    data = np.repeat(tone(rate_hz)[:, None], channels, axis=1)
    soundfile.write(tmp_path / name, data, rate_hz, format=container, subtype=subtype)
    sound = read_sound(tmp_path / name)
    lossy = container in ("OGG", "MP3")
    assert (sound.container, sound.source_rate_hz, sound.source_channels) == (container, rate_hz, channels)
    assert sound.samples.dtype == np.int16
    assert sound.duration_s == pytest.approx(SECONDS, abs=0.15 if container == "MP3" else 1e-4)
    assert len(sound.samples) == pytest.approx(sound.duration_s * 16_000, abs=1)
    middle = sound.samples[3000:8000] / 32_768
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(LEVEL, rel=0.1 if lossy else 0.01)
    assert sound.peak == pytest.approx(np.abs(soundfile.read(tmp_path / name)[0]).max(), rel=0.02)
    assert pitch_hz(sound.samples) == pytest.approx(PITCH_HZ, abs=3)


@pytest.mark.parametrize("ending", ["wav", "flac", "aiff"])
def test_16_bit_mono_at_16_khz_comes_back_sample_for_sample(tmp_path: Path, ending: str) -> None:
    samples = np.concatenate([noise(30_000), np.array([-32_768, 32_767, 0], np.int16)])
    written(tmp_path / f"a.{ending}", samples)
    sound = read_sound(tmp_path / f"a.{ending}")
    np.testing.assert_array_equal(sound.samples, samples)
    assert sound.peak == 1.0
    assert sound.source_frames == len(samples)


def test_resampling_agrees_with_scipy(tmp_path: Path) -> None:
    slow = resample_poly(np.random.default_rng(2).normal(0, 0.1, 8_000), 6, 1)  # nothing above 4 kHz, at 48 kHz
    written(tmp_path / "a.wav", slow, 48_000, subtype="FLOAT")
    ours = read_sound(tmp_path / "a.wav").samples[500:-500] / 32_768
    np.testing.assert_allclose(ours, resample_poly(slow, 1, 3)[500:-500], atol=0.002)


@pytest.mark.parametrize("rate_hz", ALL_RATES_HZ)
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_the_native_samples_are_those_of_the_file_at_its_own_rate(tmp_path: Path, rate_hz: int, ending: str) -> None:
    samples = noise(20_001)
    written(tmp_path / f"a.{ending}", samples, rate_hz)
    sound = read_sound(tmp_path / f"a.{ending}")
    np.testing.assert_array_equal(sound.native, samples)
    assert sound.native_rate_hz == rate_hz


def test_of_a_long_recording_the_native_samples_are_not_kept(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros((1 << 23) + 1, np.int16), 44_100)
    sound = read_sound(tmp_path / "a.wav")
    assert sound.native is sound.samples
    assert sound.native_rate_hz == pytest.approx(16_000, rel=1e-6)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("channels", [2, 5])
def test_channels_are_averaged(tmp_path: Path, channels: int, subtype: str) -> None:
    data = noise(channels * 1000).reshape(-1, channels)
    written(tmp_path / "a.wav", data, subtype=subtype)
    sound = read_sound(tmp_path / "a.wav")
    np.testing.assert_allclose(sound.samples, data.mean(axis=1), atol=0.51)
    assert sound.peak == pytest.approx(np.abs(data.mean(axis=1)).max() / 32_768, rel=1e-5)


def test_sound_in_one_channel_alone_is_not_lost(tmp_path: Path) -> None:
    written(tmp_path / "a.wav", np.stack([tone(16_000), 0 * tone(16_000)], axis=1))
    sound = read_sound(tmp_path / "a.wav")
    assert sound.peak == pytest.approx(LEVEL, abs=1e-3)
    assert [note.name for note in sound.notes] == ["silent_channel"]


def test_a_file_of_many_blocks_joins_without_a_seam(tmp_path: Path) -> None:
    samples = noise(700_001)
    written(tmp_path / "a.flac", samples)
    np.testing.assert_array_equal(read_sound(tmp_path / "a.flac").samples, samples)
    written(tmp_path / "b.flac", tone(44_100, seconds=20), 44_100, subtype="PCM_24")
    expected = np.rint(tone(16_000, seconds=20) * 32_768)
    np.testing.assert_allclose(read_sound(tmp_path / "b.flac").samples[1000:-1000], expected[1000:-1000], atol=3)


def test_a_wav_too_large_for_the_fast_path_is_the_same(tmp_path: Path) -> None:
    samples = noise(9 << 20)
    write_wav(tmp_path / "a.wav", samples)
    sound = read_sound(tmp_path / "a.wav")
    assert sound.source_frames == len(samples)
    np.testing.assert_array_equal(sound.samples, samples)


def test_floats_beyond_full_scale_are_clipped_and_told_by_the_peak(tmp_path: Path) -> None:
    written(tmp_path / "a.wav", np.array([0.0, 3.0, -3.0, 0.5]), subtype="FLOAT")
    sound = read_sound(tmp_path / "a.wav")
    assert sound.samples.tolist() == [0, 32_767, -32_768, 16_384]
    assert sound.peak == 3.0


def test_another_rate_can_be_asked_for(tmp_path: Path) -> None:
    written(tmp_path / "a.wav", tone(16_000))
    assert len(read_sound(tmp_path / "a.wav", 8_000).samples) == pytest.approx(SECONDS * 8_000, abs=1)


def test_a_wrong_ending_does_not_matter(tmp_path: Path) -> None:
    written(tmp_path / "a.mp3", tone(44_100), 44_100)
    (tmp_path / "a.mp3").rename(tmp_path / "a.wav")
    assert pitch_hz(read_sound(tmp_path / "a.wav").samples) == pytest.approx(PITCH_HZ, abs=3)


@pytest.mark.parametrize("name", [b"\xff\xfe.wav", b"\xff\xfe.flac"])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows such names")
def test_a_name_that_is_not_utf8_does_not_matter(tmp_path: Path, name: bytes) -> None:
    plain = tmp_path / f"a{Path(os.fsdecode(name)).suffix}"
    written(plain, tone(16_000))
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    plain.rename(path)
    assert read_sound(path).duration_s == SECONDS


def test_a_flac_written_to_a_pipe_has_no_length_in_its_header_and_is_read(tmp_path: Path) -> None:
    samples = noise(48_000)
    content = bytearray(written(tmp_path / "a.flac", samples))
    content[21] &= 0xF0  # the 36 bits of STREAMINFO that count samples
    content[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(content)
    np.testing.assert_array_equal(read_sound(tmp_path / "a.flac").samples, samples)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3.3e38])
@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (16_000, 2), (44_100, 1), (44_100, 2)])
def test_samples_that_are_no_numbers_are_refused(
    tmp_path: Path, subtype: str, value: float, rate_hz: int, channels: int
) -> None:
    data = np.zeros((1000, channels))
    data[500] = value
    written(tmp_path / "a.wav", data, rate_hz, subtype=subtype)
    assert "NaN, infinite or absurdly large" in refusal(tmp_path / "a.wav")


@pytest.mark.parametrize(
    "content", [b"hello\n" * 100, b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(500), b"RIFF", b"\0" * 5000]
)
@pytest.mark.parametrize("ending", ["wav", "raw", "mp3"])
def test_what_is_no_sound_is_unreadable(tmp_path: Path, content: bytes, ending: str) -> None:
    (tmp_path / f"a.{ending}").write_bytes(content)
    assert refusal(tmp_path / f"a.{ending}") == "not readable as audio: Format not recognised"


def test_what_holds_no_samples_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.wav").write_bytes(b"")
    assert refusal(tmp_path / "bytes.wav") == "the file has zero bytes"
    written(tmp_path / "mono.wav", np.zeros(0))
    written(tmp_path / "stereo.wav", np.zeros((0, 2)), 44_100)
    written(tmp_path / "float.wav", np.zeros(0), subtype="FLOAT")
    for name in ("mono.wav", "stereo.wav", "float.wav"):
        assert refusal(tmp_path / name) == "the file holds no samples"


@pytest.mark.parametrize("frames", range(1, 8))
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_handful_of_samples_gives_some_or_is_refused(tmp_path: Path, frames: int, ending: str) -> None:
    written(tmp_path / f"a.{ending}", np.full(frames, 0.5), 96_000)
    outcome = sound_or_message(tmp_path / f"a.{ending}")
    if isinstance(outcome, Sound):
        assert len(outcome.samples) in (1, 2)
        assert len(outcome.native) == frames
    else:
        assert frames < 3  # less than half a sample at 16 kHz
        assert f"holds {frames} sample" in outcome


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.wav", {}), ("b.wav", {"subtype": "PCM_24"}), ("a.flac", {}), ("a.aiff", {}), ("a.au", {}), ("a.mp3", {})],
)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_cut_short_is_unreadable(tmp_path: Path, name: str, options: dict, share: float) -> None:
    content = written(tmp_path / name, noise(48_000) // 4, **options)
    (tmp_path / name).write_bytes(content[: int(share * len(content))])
    assert ("flac decoder lost sync" if name == "a.flac" else "cut short: ") in refusal(tmp_path / name)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("promised", [0xFFFF_FFFF, 0x7FFF_F000])
def test_a_wav_whose_header_was_written_before_its_length_was_known_is_read(
    tmp_path: Path, subtype: str, promised: int
) -> None:
    samples = noise(5000)
    path = with_data_size(tmp_path / "a.wav", samples, subtype, promised)
    np.testing.assert_array_equal(read_sound(path).samples[:5000], samples)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_a_small_file_that_claims_hours_is_unreadable(tmp_path: Path, subtype: str) -> None:
    path = with_data_size(tmp_path / "a.wav", noise(5000), subtype, 10 * 3600 * 32_000)
    assert refusal(path).endswith("where its header promises 1152000000")


def with_data_size(path: Path, samples: np.ndarray, subtype: str, promised: int) -> Path:
    content = bytearray(written(path, samples, subtype=subtype))
    place = content.index(b"data") + 4
    content[4:8] = content[place : place + 4] = struct.pack("<I", promised)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("rate_hz", [0, 1, 999, 768_001, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("bits", [16, 24])
def test_an_absurd_rate_is_unreadable(tmp_path: Path, rate_hz: int, bits: int) -> None:
    (tmp_path / "a.wav").write_bytes(raw_wav(1, rate_hz, bits, bytes(6000)))
    message = refusal(tmp_path / "a.wav")
    assert message.startswith((f"a sample rate of {rate_hz} Hz; expected 1000 to 768000", "not readable as audio: "))


@pytest.mark.parametrize("channels", [0, 65_535])
def test_an_absurd_number_of_channels_is_refused(tmp_path: Path, channels: int) -> None:
    (tmp_path / "a.wav").write_bytes(raw_wav(channels, 16_000, 16, bytes(6000)))
    assert refusal(tmp_path / "a.wav") in ("not readable as audio: Channel count is zero", "the file holds no samples")


def raw_wav(channels: int, rate_hz: int, bits: int, data: bytes) -> bytes:
    frame = channels * bits // 8 % 65_536
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * frame % 2**32, frame, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_more_than_an_hour_is_refused(tmp_path: Path, name: str) -> None:
    written(tmp_path / name, np.zeros(3601 * 1000), 1000)
    assert refusal(tmp_path / name).startswith("longer than an hour")


def test_what_is_no_regular_file_is_unreadable_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "broken.wav").symlink_to("nowhere.wav")
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    for name in ("pipe.wav", "folder.wav"):
        assert refusal(tmp_path / name) == "not a regular file"
    for name in ("broken.wav", "loop.wav"):
        assert refusal(tmp_path / name).startswith("cannot be opened: ")


def test_a_path_that_names_nothing_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_sound(tmp_path / "missing.wav")


def test_a_file_that_may_not_be_read_is_unreadable(unprivileged: Path) -> None:
    written(unprivileged / "a.wav", tone(16_000))
    (unprivileged / "a.wav").chmod(0)
    assert refusal(unprivileged / "a.wav") == "cannot be opened: Permission denied"


def edited(content: bytes, edits: list[tuple[int, int]], length: float) -> bytes:
    changed = bytearray(content)
    for place, value in edits:
        changed[place % len(changed)] = value
    return bytes(changed[: int(length * len(changed))])


def damages(near_header: bool) -> st.SearchStrategy:
    places = st.integers(0, 63) if near_header else st.integers(0, 1 << 20)
    lengths = st.one_of(st.just(1.0), st.floats(0, 1))
    return st.tuples(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6), lengths)


@pytest.mark.parametrize(
    ("name", "rate_hz", "options"),
    [
        ("a.wav", 16_000, {}),
        ("a.wav", 44_100, {"subtype": "FLOAT"}),
        ("a.wav", 22_050, {"subtype": "PCM_24"}),
        ("a.flac", 16_000, {}),
        ("a.ogg", 16_000, {}),
        ("a.aiff", 16_000, {}),
    ],
)
@PIECEMEAL
@given(damage=st.one_of(damages(True), damages(False)))
def test_damaged_bytes_are_refused_or_give_a_sound_of_bounded_size(
    tmp_path: Path, name: str, rate_hz: int, options: dict, damage: tuple
) -> None:
    original = tmp_path / f"original-{name}"
    if not original.exists():
        written(original, noise(2 * 3000).reshape(-1, 2) // 4, rate_hz, **options)
    (tmp_path / name).write_bytes(edited(original.read_bytes(), *damage))
    outcome = sound_or_message(tmp_path / name)
    assert isinstance(outcome, str) or is_sane(outcome, original.stat().st_size)


def is_sane(sound: Sound, size_bytes: int) -> bool:
    """Bounded by what the file says, and that by the file's size: no codec packs more than 512 frames into a byte."""
    frames_wanted = sound.duration_s * 16_000
    return (
        sound.samples.dtype == np.int16
        and 0 < len(sound.samples) <= frames_wanted + 2
        and sound.source_frames <= size_bytes * 512
        and len(sound.native) == sound.source_frames
        and sound.native_rate_hz == sound.source_rate_hz
        and np.isfinite(sound.peak)
    )


@pytest.mark.parametrize("make", [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"hello" * 99)])
def test_errors_cross_a_process_border_whole(tmp_path: Path, make: Callable[[Path], int]) -> None:
    import pickle

    make(tmp_path / "a.wav")
    with pytest.raises(RecordingError) as caught:
        read_sound(tmp_path / "a.wav")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


def test_reading_16_khz_wav_imports_no_resampler(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", noise(100))
    code = (
        "import sys; from wordspot.data.audio import read_sound; read_sound('a.wav'); sys.exit('soxr' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, timeout=60).returncode == 0
