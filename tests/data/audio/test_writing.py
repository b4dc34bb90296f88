import os
import wave
from pathlib import Path

import numpy as np
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wordspot.data.audio import read_sound, read_written, write_wav


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-32_768, 32_767), max_size=300), st.sampled_from([8_000, 16_000, 44_100]))
def test_write_wav_is_read_back_by_other_readers(tmp_path: Path, values: list[int], rate_hz: int) -> None:
    samples = np.array(values, np.int16)
    write_wav(tmp_path / "a.wav", samples, rate_hz)
    read, read_rate_hz = soundfile.read(tmp_path / "a.wav", dtype="int16")
    np.testing.assert_array_equal(read, samples)
    assert read_rate_hz == rate_hz
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getparams()[:4] == (1, 2, rate_hz, len(samples))


def test_write_wav_takes_every_second_sample_of_an_array(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).integers(-32_768, 32_768, 1000).astype(np.int16)[::-2]
    write_wav(tmp_path / "a.wav", samples)
    np.testing.assert_array_equal(read_sound(tmp_path / "a.wav").samples, samples)


def test_what_was_written_is_read_at_one_go_and_nothing_else(tmp_path: Path) -> None:
    samples = np.random.default_rng(2).integers(-32_768, 32_768, 1000).astype(np.int16)
    write_wav(tmp_path / "a.wav", samples)
    read = read_written(tmp_path / "a.wav", 1000)
    assert read is not None
    np.testing.assert_array_equal(read, samples)
    write_wav(tmp_path / "rate.wav", samples, 8_000)
    soundfile.write(tmp_path / "float.wav", samples[:489] / 40_000, 16_000, "FLOAT")
    (tmp_path / "cut.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:-2])
    os.mkfifo(tmp_path / "pipe.wav")
    for other in ("rate.wav", "float.wav", "cut.wav", "pipe.wav", "nothing.wav", ""):
        assert read_written(tmp_path / other, 1000) is None
    assert read_written(tmp_path / "a.wav", 999) is None
