"""Pipes of every kind, as `listen --source -` reads them."""

import io
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
import pytest
import soundfile
from wordspot.data.errors import WordspotError
from wordspot.tools.listening.sources import file_blocks, pipe_blocks

RATE_HZ = 16_000
TIME_S = np.arange(3 * RATE_HZ) / RATE_HZ
SPEECH = np.rint(  # harmonics that swell and fade, in a little noise
    3_000 * np.sin(np.pi * TIME_S) ** 2 * sum(np.sin(2 * np.pi * 150 * k * TIME_S) / k for k in range(1, 20))
    + np.random.default_rng(1).normal(0, 30, len(TIME_S))
).astype(np.int16)
WIDE = SPEECH.astype(np.int32) << 16
OTHER_KINDS = {
    "8-bit or 24-bit": [
        (SPEECH // 256 + 128).astype(np.uint8),
        (SPEECH // 256).astype(np.int8),
        (WIDE + np.random.default_rng(2).integers(0, 65_536, len(WIDE)))
        .astype("<i4")
        .view(np.uint8)
        .reshape(-1, 4)[:, 1:],
    ],
    "32-bit integer": [WIDE, WIDE + np.random.default_rng(2).integers(0, 65_536, len(WIDE)).astype(np.int32)],
    "32-bit floating-point": [(SPEECH / 32_768).astype("<f4")],
    "64-bit floating-point": [SPEECH / 32_768],
    "big-endian 16-bit": [SPEECH.astype(">i2")],
    "stereo": [np.repeat(SPEECH, 2), np.stack([SPEECH, SPEECH + 9], axis=1)],
}


@pytest.fixture
def listen() -> Iterator[Callable[..., tuple[np.ndarray, list[str]]]]:
    """Gives a function from bytes to what is heard in a real pipe that brings them, and the notes."""
    threads: list[threading.Thread] = []

    def run(content: bytes, chunk: int = 4_096) -> tuple[np.ndarray, list[str]]:
        notes: list[str] = []
        read_end, write_end = os.pipe()

        def write() -> None:
            with open(write_end, "wb", buffering=0) as pipe:
                try:
                    for begin in range(0, len(content), chunk):
                        pipe.write(content[begin : begin + chunk])
                except BrokenPipeError:  # it was refused
                    pass

        threads.append(threading.Thread(target=write))
        threads[-1].start()
        with open(read_end, "rb") as pipe:
            blocks = list(pipe_blocks(pipe, RATE_HZ, notes.append))
        return np.concatenate(blocks), notes

    yield run
    for thread in threads:
        thread.join(10)


def as_file(samples: np.ndarray, rate_hz: int = RATE_HZ, **options: Any) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples / 32_768, rate_hz, **options)
    return file.getvalue()


@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_raw_samples(listen: Callable, chunk: int) -> None:
    content = SPEECH[: 8_000 if chunk < 9 else None].tobytes()
    samples, notes = listen(content, chunk)
    assert samples.tobytes() == content
    assert notes == []


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("chunk", [13, 100_000])
def test_wav_of_every_width(listen: Callable, subtype: str, chunk: int) -> None:
    samples, notes = listen(as_file(SPEECH, format="WAV", subtype=subtype), chunk)
    np.testing.assert_array_equal(samples, SPEECH)
    assert notes == []


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_F000])
def test_wav_whose_length_was_not_known(listen: Callable, size: int) -> None:
    content = as_file(SPEECH, format="WAV")
    place = content.index(b"data") + 4
    samples, notes = listen(content[:place] + struct.pack("<I", size) + content[place + 4 :])
    np.testing.assert_array_equal(samples, SPEECH)
    assert notes == []


def test_wav_after_wav_and_chunks_between(listen: Callable) -> None:
    one = as_file(SPEECH, format="WAV")
    samples, notes = listen(one + as_file(SPEECH, format="WAV", subtype="FLOAT"))
    np.testing.assert_array_equal(samples, np.tile(SPEECH, 2))
    samples, more = listen(one + b"LIST" + struct.pack("<I", 10) + b"INFOISFT\0\0")
    np.testing.assert_array_equal(samples, SPEECH)
    assert notes + more == []


def test_wav_that_ends_too_early_is_noted(listen: Callable) -> None:
    samples, notes = listen(as_file(SPEECH, format="WAV")[:-20_000])
    np.testing.assert_array_equal(samples, SPEECH[:-10_000])
    assert notes == ["the input ended 20000 bytes before its header says: was it cut off?"]


def test_channels_that_cancel_each_other_are_noted(listen: Callable) -> None:
    samples, notes = listen(as_file(np.stack([SPEECH, -SPEECH], axis=1), format="WAV"))
    np.testing.assert_array_equal(samples, SPEECH)
    assert len(notes) == 1
    assert "the channels cancel each other" in notes[0]


@pytest.mark.parametrize("name", ["FLAC", "AU", "AIFF", "W64", "OGG", "MP3"])
def test_other_containers_are_decoded(listen: Callable, name: str) -> None:
    samples, notes = listen(as_file(SPEECH, format=name))
    assert notes == []
    if name in ("OGG", "MP3"):
        size = min(len(samples), len(SPEECH))
        spectra = [np.fft.rfft(sound[:size], 2 * size) for sound in (samples, SPEECH)]
        levels = np.linalg.norm(samples.astype(float)) * np.linalg.norm(SPEECH.astype(float))
        match = np.fft.irfft(spectra[0] * spectra[1].conj()).max() / levels
        assert match > 0.98
    else:
        np.testing.assert_array_equal(samples, SPEECH)


@pytest.mark.parametrize(("container", "codec"), [("webm", "libopus"), ("adts", "aac"), ("matroska", "libopus")])
def test_what_browsers_and_phones_stream_is_decoded(listen: Callable, container: str, codec: str) -> None:
    file = io.BytesIO()
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(144_000) / 48_000).astype(np.float32)
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for content in (frame, None):
            for packet in stream.encode(content):  # type: ignore[attr-defined]
                output.mux(packet)
    samples, _ = listen(file.getvalue())
    assert len(samples) == pytest.approx(48_000, abs=2_000)
    assert np.abs(np.fft.rfft(samples[8_000:40_000])).argmax() / 2 == pytest.approx(440, abs=1)


@pytest.mark.parametrize("name", ["FLAC", "OGG", "MP3", "AU", "AIFF", "CAF", "W64"])
def test_without_pyav_containers_are_refused_by_name(
    listen: Callable, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(WordspotError) as caught:
        listen(as_file(SPEECH, format=name))
    assert str(caught.value).startswith(f"standard input is {name}, which needs PyAV")
    assert "ffmpeg -i - -f s16le -ac 1 -ar 16000 - |" in str(caught.value)


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "IMA_ADPCM", "GSM610"])
def test_wav_with_a_codec_is_refused_by_name(listen: Callable, subtype: str) -> None:
    names = {"ULAW": "mu-law", "ALAW": "A-law", "IMA_ADPCM": "IMA ADPCM", "GSM610": "GSM 6.10"}
    with pytest.raises(WordspotError, match=f"is WAV with {names[subtype]} "):
        listen(as_file(SPEECH, 8_000, format="WAV", subtype=subtype))


@pytest.mark.parametrize(
    ("name", "place"), [(name, i) for name, kinds in OTHER_KINDS.items() for i in range(len(kinds))]
)
def test_raw_sound_of_another_width_is_refused(listen: Callable, name: str, place: int) -> None:
    with pytest.raises(WordspotError, match=f"seems to be raw {name} sound"):
        listen(np.ascontiguousarray(OTHER_KINDS[name][place]).tobytes())


@pytest.mark.parametrize("start", [b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x40", b"\x0b\x77", b"G", b"\0\0\1\xba", b"RI"])
def test_samples_that_begin_like_a_frame_are_samples(listen: Callable, start: bytes) -> None:
    content = start + SPEECH.tobytes()[len(start) :]
    samples, notes = listen(content)
    assert samples.tobytes() == content
    assert notes == []


@pytest.mark.parametrize("gain", [0.002, 0.02, 1, 5, 100])
def test_sound_of_any_level_is_taken_for_what_it_is(listen: Callable, gain: float) -> None:
    for sound in (SPEECH, np.random.default_rng(3).normal(0, 3_000, 3 * RATE_HZ)):
        content = np.clip(np.rint(gain * sound), -32_768, 32_767).astype("<i2").tobytes()
        assert listen(content)[0].tobytes() == content


def test_ten_seconds_of_nothing_are_noted_once(listen: Callable) -> None:
    muted = np.zeros(25 * RATE_HZ, np.int16)
    _, notes = listen(np.concatenate([SPEECH, muted, SPEECH, muted[: 9 * RATE_HZ]]).tobytes())
    assert len(notes) == 1
    assert notes[0].startswith("no sound at all for 10 s: is the microphone muted")


@pytest.mark.parametrize("content", [b"", b"\1", b"\1\2", b"\1\2\3", b"RIFF"[:2]])
def test_a_few_bytes(listen: Callable, content: bytes) -> None:
    samples, notes = listen(content)
    assert samples.tobytes() == content[: len(content) // 2 * 2]
    assert len(notes) == len(content) % 2


def test_of_a_file_what_was_odd_is_noted(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.stack([SPEECH, -SPEECH], axis=1), RATE_HZ)
    notes: list[str] = []
    samples = np.concatenate(list(file_blocks(tmp_path / "a.flac", RATE_HZ, notes.append)))
    np.testing.assert_array_equal(samples, SPEECH)
    assert len(notes) == 1
    assert "the channels cancel each other" in notes[0]


@pytest.mark.parametrize(
    "mark",
    [
        *(
            b"RIFF\0\0\0\0WAVE",
            b"RF64....WAVE",
            b"fLaC",
            b"OggS",
            b"ID3\4",
            b".snd",
            b"\x1a\x45\xdf\xa3",
            b"....ftypM4A ",
        ),
        *(b"FORM....AIFF", b"caff\0\1\0\0", b"RIFF....AVI ", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    ],
)
@pytest.mark.parametrize("rest", [b"", bytes(5_000), np.random.default_rng(1).bytes(50_000)], ids=["end", "0", "noise"])
def test_what_only_begins_like_a_container_is_refused(listen: Callable, mark: bytes, rest: bytes) -> None:
    with pytest.raises(WordspotError, match=r"^standard input[^\n]*$"):
        listen(mark + rest)


def test_the_type_of_pipes_is_that_of_standard_input() -> None:
    pipe: BinaryIO = io.BufferedReader(io.BytesIO(SPEECH.tobytes()))  # type: ignore[arg-type]
    assert b"".join(block.tobytes() for block in pipe_blocks(pipe, RATE_HZ, print)) == SPEECH.tobytes()


@pytest.mark.parametrize("channels", [2, 8, 9, 47, 65])
def test_containers_of_any_number_of_channels(listen: Callable, channels: int) -> None:
    content = as_file(np.repeat(SPEECH[:4_000, None], channels, axis=1), format="AU")
    if channels > 64:
        with pytest.raises(WordspotError, match="not readable as AU"):
            listen(content)
    else:
        np.testing.assert_array_equal(listen(content)[0], SPEECH[:4_000])
