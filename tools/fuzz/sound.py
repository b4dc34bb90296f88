"""Sound files of every container that can be made here, whole, changed and cut short."""

import io
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ...data.audio import read_sound
from .mutation import mutated

_ELSEWHERE = ("RAW", "SD2")  # without a header; of two files
_FFMPEG = (
    *(("mp4", "aac", 16_000), ("3gp", "aac", 16_000), ("adts", "aac", 16_000), ("webm", "libopus", 16_000)),
    *(
        ("matroska", "libopus", 16_000),
        ("amr", "libopencore_amrnb", 8_000),
        ("asf", "wmav2", 16_000),
        ("caf", "alac", 16_000),
    ),
    *(("wav", "libmp3lame", 16_000), ("mp2", "mp2", 16_000), ("avi", "libmp3lame", 16_000), ("flv", "aac", 44_100)),
    *(("wv", "wavpack", 16_000), ("tta", "tta", 16_000), ("ac3", "ac3", 48_000), ("mpegts", "aac", 16_000)),
)
_BYTES_PER_FRAME_OF_SILENCE = 1 / 4_096  # codecs of silence pack so many frames into one byte at most
_SECONDS = 0.3


def cases(rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """(name, content) without end."""
    names = list(originals())
    yield from originals().items()
    while True:
        name = names[rng.integers(len(names))]
        content = originals()[name]
        yield f"{name}, changed", mutated(content, rng)
        yield f"the start of {name}", content[: rng.integers(128)]


def run(content: bytes) -> None:
    """Decodes it; what comes must be bounded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        path.write_bytes(content)
        sound = read_sound(path)
    assert sound.samples.dtype == np.int16
    assert sound.samples.ndim == 1
    assert 0 < len(sound.samples) <= sound.duration_s * 16_000 + 2
    assert sound.source_frames * _BYTES_PER_FRAME_OF_SILENCE <= len(content) * 16, sound.source_frames
    assert len(sound.native) in (sound.source_frames, len(sound.samples))
    assert np.isfinite(sound.peak)


@cache
def originals() -> dict[str, bytes]:
    """{name: whole content}."""
    return dict(_by_libsndfile()) | dict(_by_ffmpeg())


def _samples(rate_hz: int) -> np.ndarray:
    time_s = np.arange(round(_SECONDS * rate_hz)) / rate_hz
    return 0.3 * np.sin(2 * np.pi * 440 * time_s) + np.random.default_rng(1).normal(0, 0.01, len(time_s))


def _by_libsndfile() -> Iterator[tuple[str, bytes]]:
    for container in soundfile.available_formats():
        for subtype in () if container in _ELSEWHERE else soundfile.available_subtypes(container):
            for channels in (1, 2):
                file = io.BytesIO()
                samples = np.repeat(_samples(16_000)[:, None], channels, axis=1)
                try:
                    soundfile.write(file, samples, 16_000, format=container, subtype=subtype)
                except (soundfile.SoundFileError, TypeError):  # a container with rates or channels of its own
                    continue
                yield f"{container} {subtype} {channels}", file.getvalue()


def _by_ffmpeg() -> Iterator[tuple[str, bytes]]:
    try:
        import av
    except ImportError:
        return
    for container, codec, rate_hz in _FFMPEG:
        file = io.BytesIO()
        with av.open(file, "w", format=container) as output:
            stream: Any = output.add_stream(codec, rate=rate_hz, layout="mono")
            stream.bit_rate = 12_200 if codec == "libopencore_amrnb" else 32_000
            frame = av.AudioFrame.from_ndarray(_samples(rate_hz).astype(np.float32)[None], "fltp", "mono")
            frame.sample_rate = rate_hz
            for packet in (*stream.encode(frame), *stream.encode(None)):
                output.mux(packet)
        yield f"{container} {codec}", file.getvalue()
