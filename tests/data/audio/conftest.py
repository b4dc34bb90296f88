"""Shared by the tests of decoding: files that soundfile and PyAV write."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from wordspot.data.audio import Sound, read_sound
from wordspot.data.errors import RecordingError

PITCH_HZ = 440


def _tone(rate_hz: int, seconds: float, level: float = 0.4) -> np.ndarray:
    return (level * np.sin(2 * np.pi * PITCH_HZ * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


@pytest.fixture(scope="session")
def tone() -> Callable[..., np.ndarray]:
    """Gives float32 [n] of 440 Hz, by rate and seconds."""
    return _tone


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """Gives a file that FFmpeg writes of a tone: by container, codec, rate, seconds and options of the container."""

    def encode(
        container: str, codec: str, rate_hz: int = 44_100, seconds: float = 3, bit_rate: int = 0, **options: str
    ) -> bytes:
        file = io.BytesIO()
        with av.open(file, "w", format=container, options=options) as output:
            stream: Any = output.add_stream(codec, rate=rate_hz, layout="mono")
            if bit_rate:
                stream.bit_rate = bit_rate
            frame = av.AudioFrame.from_ndarray(_tone(rate_hz, seconds)[None], format="fltp", layout="mono")
            frame.sample_rate = rate_hz
            for packet in (*stream.encode(frame), *stream.encode(None)):
                output.mux(packet)
        return file.getvalue()

    return encode


@pytest.fixture
def outcome(tmp_path: Path) -> Callable[..., Sound | str]:
    """Gives what becomes of the bytes of a file: a sound, or the sentence that refuses it."""

    def read(content: bytes, name: str = "a.wav") -> Sound | str:
        (tmp_path / name).write_bytes(content)
        try:
            return read_sound(tmp_path / name)
        except RecordingError as error:
            return str(error)

    return read
