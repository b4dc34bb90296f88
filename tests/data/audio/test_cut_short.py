"""Every container that can be made here, whole and cut short."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import Sound

LENGTH_UNKNOWN = {"PAF", "PVF", "IRCAM", "XI"}  # nothing in the file says how long it is
ELSEWHERE = {"RAW", "SD2", "HTK", "MP3"}  # without a header; not read by libsndfile itself; in test_mpeg.py
CONTAINERS = sorted(set(soundfile.available_formats()) - ELSEWHERE)
FFMPEG = {
    "mp4": ("mp4", "aac", 44_100, {}),
    "fragments": ("mp4", "aac", 44_100, {"movflags": "+frag_keyframe+empty_moov"}),
    "3gp": ("3gp", "aac", 44_100, {}),
    "aac": ("adts", "aac", 44_100, {}),
    "webm": ("webm", "libopus", 48_000, {}),
    "live webm": ("webm", "libopus", 48_000, {"live": "1"}),
    "amr": ("amr", "libopencore_amrnb", 8_000, {}),
    "caf": ("caf", "alac", 44_100, {}),
    "avi": ("avi", "libmp3lame", 44_100, {}),
    "ogg": ("ogg", "libopus", 48_000, {}),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_libsndfile_writes(tmp_path: Path, outcome: Callable, container: str) -> None:
    for subtype in soundfile.available_subtypes(container):
        sound = np.random.default_rng(1).normal(0, 0.1, 16_000)
        try:
            soundfile.write(tmp_path / "a", sound, 16_000, format=container, subtype=subtype)
        except soundfile.SoundFileError:  # it has rates or channels of its own
            continue
        content = (tmp_path / "a").read_bytes()
        assert isinstance(outcome(content), Sound), (subtype, outcome(content))
        for share in (0.2, 0.5, 0.9):
            part = outcome(content[: int(share * len(content))])
            assert isinstance(part, str) or container in LENGTH_UNKNOWN, subtype


@pytest.mark.parametrize("name", FFMPEG)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_what_phones_and_browsers_write(encoded: Callable, outcome: Callable, name: str, share: float) -> None:
    container, codec, rate_hz, options = FFMPEG[name]
    content = encoded(container, codec, rate_hz, bit_rate=12_200 if name == "amr" else 0, **options)
    whole = outcome(content)
    assert isinstance(whole, Sound), whole
    assert whole.duration_s == pytest.approx(3, abs=0.2)
    assert str(outcome(content[: int(share * len(content))])).startswith("cut short: ")


def test_an_ogg_without_its_last_page_is_found_even_where_a_page_ends(tmp_path: Path, outcome: Callable) -> None:
    soundfile.write(tmp_path / "a.ogg", np.random.default_rng(1).normal(0, 0.1, 48_000), 16_000)
    content = (tmp_path / "a.ogg").read_bytes()
    assert outcome(content[: content.rindex(b"OggS")]) == "cut short: the last of its Ogg pages is missing"


def test_what_libsndfile_prints_of_damage_is_kept_off_standard_output(tmp_path: Path) -> None:
    """But what is printed between two blocks, as `listen` does, is not."""
    soundfile.write(tmp_path / "a.sds", np.random.default_rng(1).normal(0, 0.1, 16_000), 16_000, format="SDS")
    content = bytearray((tmp_path / "a.sds").read_bytes())
    content[21 + 127 * 50] ^= 1  # the mark of a packet
    (tmp_path / "a.sds").write_bytes(content)
    code = "from wordspot.data.audio import stream_sound\nfor block in stream_sound('a.sds'): print(len(block) > 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert set(done.stdout.split()) == {"True", "False"}  # the last block, of the resampler, is empty
