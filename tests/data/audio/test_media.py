"""Files of phones and browsers: decoded with PyAV, refused by name without it, never taken for something else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.audio import Sound, read_sound, stream_sound

MADE = {
    "MPEG-4": ("ipod", "aac", 44_100, 0),
    "3GP": ("3gp", "aac", 44_100, 0),
    "AAC": ("adts", "aac", 44_100, 0),
    "WebM": ("webm", "libopus", 48_000, 0),
    "Matroska": ("matroska", "libopus", 48_000, 0),
    "AMR": ("amr", "libopencore_amrnb", 8_000, 12_200),
    "Windows Media": ("asf", "wmav2", 44_100, 64_000),
    "CAF": ("caf", "adpcm_ima_qt", 44_100, 0),
    "WAV": ("wav", "wmav2", 44_100, 64_000),
    "Flash video": ("flv", "aac", 44_100, 0),
    "WavPack": ("wv", "wavpack", 44_100, 0),
    "TTA": ("tta", "tta", 44_100, 0),
    "AC-3": ("ac3", "ac3", 48_000, 0),
    "MPEG transport stream": ("mpegts", "aac", 48_000, 0),
}
WITHOUT_PYAV = """
import sys
sys.modules["av"] = None
from wordspot.data.audio import read_sound
from wordspot.data.errors import RecordingError
try:
    read_sound(sys.argv[1])
except RecordingError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def files(encoded: Callable) -> dict[str, bytes]:
    """{name of the kind: three seconds of a tone}."""
    return {kind: encoded(*form[:3], bit_rate=form[3]) for kind, form in MADE.items()}


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("name", ["a.wav", "a.m4a", "a"])
def test_they_are_decoded_whatever_their_name(
    files: dict, outcome: Callable, tmp_path: Path, kind: str, name: str
) -> None:
    sound = outcome(files[kind], name)
    assert isinstance(sound, Sound), sound
    assert (sound.container, sound.source_rate_hz, sound.source_channels) == (kind, MADE[kind][2], 1)
    assert sound.duration_s == pytest.approx(3, abs=0.1)
    spectrum = np.abs(np.fft.rfft(sound.samples[8_000:40_000]))
    assert spectrum.argmax() / 2 == pytest.approx(440, abs=1)
    level = np.sqrt(2 * np.mean((sound.samples[8_000:40_000] / 32_768) ** 2))
    assert level == pytest.approx(0.4, rel=0.15 if kind != "AMR" else 0.3)
    np.testing.assert_array_equal(np.concatenate(list(stream_sound(tmp_path / name))), sound.samples)


@pytest.mark.parametrize("kind", MADE)
def test_without_pyav_they_are_refused_by_name_with_the_line_that_converts_them(
    files: dict, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "a.wav").write_bytes(files[kind])
    command = [sys.executable, "-c", WITHOUT_PYAV, str(tmp_path / "a.wav")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.startswith(f"{kind} needs PyAV: pip install 'wordspot[media]'; or convert it: ffmpeg -i FILE ")


def test_sound_beside_a_picture_is_found(tmp_path: Path, encoded: Callable) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        picture = output.add_stream("mpeg4", rate=25)
        picture.width = picture.height = 64  # type: ignore[attr-defined]
        sound = output.add_stream("aac", rate=44_100, layout="stereo")
        tone = 0.4 * np.sin(2 * np.pi * 440 * np.arange(88_200) / 44_100).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
        frame.sample_rate = 44_100
        image = av.VideoFrame(64, 64, "yuv420p")
        for one, content in ((picture, image), (picture, None), (sound, frame), (sound, None)):
            for packet in one.encode(content):  # type: ignore[attr-defined]
                output.mux(packet)
    assert read_sound(tmp_path / "a.mp4").duration_s == pytest.approx(2, abs=0.1)


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        picture = output.add_stream("mpeg4", rate=25)
        picture.width = picture.height = 64  # type: ignore[attr-defined]
        for content in (av.VideoFrame(64, 64, "yuv420p"), None):
            for packet in picture.encode(content):  # type: ignore[attr-defined]
                output.mux(packet)
    with pytest.raises(Exception, match="MPEG-4 that holds no sound"):
        read_sound(tmp_path / "a.mp4")


def test_pyav_is_not_loaded_for_what_libsndfile_reads(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "a.flac", np.zeros(100), 16_000)
    code = "import sys; from wordspot.data.audio import read_sound; read_sound('a.flac'); sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, timeout=60).returncode == 0
