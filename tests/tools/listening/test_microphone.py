"""The microphone, with a PortAudio of our own: devices that are unplugged, muted, or open only in their own form.

A machine for tests has no microphone. `PortAudio` below has the calls of sounddevice that are used, with its errors, and
calls back from a thread as PortAudio does.
"""

import importlib.util
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from wordspot.data.errors import WordspotError
from wordspot.tools.listening import microphone
from wordspot.tools.listening.microphone import Microphone, print_devices
from wordspot.tools.listening.sources import StreamHealth

RATE_HZ = 16_000
TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)


class PortAudioError(Exception):
    """As of sounddevice."""


@dataclass
class Device:
    """A microphone: the form in which it opens, what it delivers, and after how many blocks it is unplugged."""

    name: str = "array"
    channels: int = 1
    rates_hz: tuple[int, ...] = (RATE_HZ,)
    only_own_channels: bool = False
    sound: np.ndarray = field(default_factory=lambda: TONE)
    blocks: int = 1_000_000
    overflows: bool = False


class PortAudio:
    """The part of the module `sounddevice` that is used; `devices` are seen only after it starts anew."""

    PortAudioError = PortAudioError
    default = SimpleNamespace(device=(0, 1))

    def __init__(self, *devices: Device) -> None:
        self.devices = list(devices)
        self.plugged_in: list[list[Device]] = []  # what is there after each further start
        self.open_streams = 0
        self.starts = 1
        self.opened: list[tuple[float, int]] = []

    def _terminate(self) -> None:
        assert self.open_streams == 0, "PortAudio must not be ended while a stream is open"
        self.starts -= 1

    def _initialize(self) -> None:
        self.starts += 1
        if self.plugged_in:
            self.devices = self.plugged_in.pop(0)

    def query_devices(self, name: int | str | None = None, kind: str | None = None) -> Any:
        described = [
            {
                "index": index,
                "name": device.name,
                "max_input_channels": device.channels,
                "default_samplerate": float(device.rates_hz[0]),
            }
            for index, device in enumerate(self.devices)
        ]
        if kind is None:
            return described
        found = [one for one in described if name is None or name in (one["index"], one["name"])]
        if not found:
            raise ValueError(f"No input device matching {name!r}")
        return found[0]

    def check_input_settings(self, device: int, channels: int, dtype: str, *, samplerate: float) -> None:
        one = self.devices[device]
        fits = channels == one.channels if one.only_own_channels else channels <= one.channels
        if not fits or samplerate not in one.rates_hz or dtype != "float32":
            raise PortAudioError("Invalid number of channels or sample rate")

    def InputStream(self, **options: Any) -> "Stream":  # noqa: N802
        self.check_input_settings(
            options["device"], options["channels"], options.get("dtype", "float32"), samplerate=options["samplerate"]
        )
        self.opened.append((options["samplerate"], options["channels"]))
        return Stream(self, self.devices[options["device"]], options)


class Stream:
    """Calls back with what the device delivers, until it is unplugged."""

    def __init__(self, portaudio: PortAudio, device: Device, options: dict[str, Any]) -> None:
        self._portaudio, self._device, self._options = portaudio, device, options
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._deliver)

    def __enter__(self) -> "Stream":
        self._portaudio.open_streams += 1
        if "callback" in self._options:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._portaudio.open_streams -= 1

    def _deliver(self) -> None:
        size, channels = self._options["blocksize"], self._options["channels"]
        sound = self._device.sound if self._device.sound.ndim == 2 else self._device.sound[:, None]
        sound = np.resize(np.broadcast_to(sound, (len(sound), channels)), (size, channels))
        for _ in range(self._device.blocks):
            if self._ended.wait(0.001):
                return
            status = SimpleNamespace(input_overflow=self._device.overflows)
            self._options["callback"](sound, size, None, status)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that delivers nothing for 0.2 s is gone."""
    monkeypatch.setattr(microphone, "_GONE_AFTER_S", 0.2)
    monkeypatch.setattr(microphone, "_TRY_AGAIN_S", 0.01)


def listened(
    portaudio: PortAudio, monkeypatch: pytest.MonkeyPatch, name: str | None = None
) -> tuple[Iterator[np.ndarray], StreamHealth, list[str]]:
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)  # type: ignore[arg-type]
    health, notes = StreamHealth(), []
    blocks = Microphone(name, RATE_HZ, health, notes.append).blocks()

    def counted() -> Iterator[np.ndarray]:
        for block in blocks:
            health.samples += len(block)
            yield block

    return counted(), health, notes


def seconds_of(blocks: Iterator[np.ndarray], seconds: float) -> np.ndarray:
    kept: list[np.ndarray] = []
    while sum(map(len, kept)) < seconds * RATE_HZ:
        kept.append(next(blocks))
    return np.concatenate(kept)


@pytest.mark.parametrize(
    ("device", "form"),
    [
        (Device(), (RATE_HZ, 1)),
        (Device(channels=2), (RATE_HZ, 1)),
        (Device(rates_hz=(44_100,)), (44_100, 1)),
        (Device(channels=6, only_own_channels=True), (RATE_HZ, 6)),
        (Device(channels=6, only_own_channels=True, rates_hz=(48_000,)), (48_000, 6)),
    ],
)
def test_it_opens_in_the_form_that_the_device_has(
    monkeypatch: pytest.MonkeyPatch, device: Device, form: tuple[int, int]
) -> None:
    portaudio = PortAudio(device)
    blocks, _, notes = listened(portaudio, monkeypatch)
    samples = seconds_of(blocks, 1)
    assert portaudio.opened == [form]
    assert samples.dtype == np.int16
    assert np.abs(samples).max() == pytest.approx(0.3 * 32_768, rel=0.05)
    assert notes == []


@pytest.mark.parametrize(
    "array",
    [
        Device(channels=6, only_own_channels=True, blocks=5),
        Device(channels=4, only_own_channels=True, rates_hz=(48_000,), blocks=5),
        Device(blocks=5),
    ],
)
def test_it_comes_back_after_it_was_unplugged(monkeypatch: pytest.MonkeyPatch, array: Device) -> None:
    portaudio = PortAudio(array)
    portaudio.plugged_in = [[], [Device("speaker", channels=0)], [array]]
    blocks, health, notes = listened(portaudio, monkeypatch)
    deadline = time.monotonic() + 60
    while len(notes) < 2 and time.monotonic() < deadline:
        next(blocks)
    assert notes == ["the microphone is gone (no sound for 0.2 s); waiting for it", "the microphone is back"]
    assert health.gone == 1
    assert portaudio.starts == 1
    assert len(set(portaudio.opened)) == 1


def test_a_muted_one_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, _, notes = listened(PortAudio(Device(sound=np.zeros(RATE_HZ, np.float32))), monkeypatch)
    seconds_of(blocks, 25)
    assert len(notes) == 1
    assert notes[0].startswith("no sound at all for 10 s")


def test_channels_that_cancel_each_other_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(channels=2, only_own_channels=True, sound=np.stack([TONE, -TONE], axis=1))
    blocks, _, notes = listened(PortAudio(device), monkeypatch)
    assert np.abs(seconds_of(blocks, 1)).max() == pytest.approx(0.3 * 32_768, rel=0.05)
    assert len(notes) == 1
    assert "the channels cancel each other" in notes[0]


def test_lost_sound_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, health, _ = listened(PortAudio(Device(overflows=True)), monkeypatch)
    seconds_of(blocks, 1)
    assert health.overruns >= 20


@pytest.mark.parametrize(
    ("portaudio", "name", "message"),
    [
        (PortAudio(), None, "no microphone was found"),
        (PortAudio(Device("speaker", channels=0)), None, "no microphone was found"),
        (PortAudio(Device()), "other", "--device other: No input device matching 'other'"),
        (PortAudio(Device()), "7", "--device 7: "),
    ],
)
def test_what_cannot_be_opened_is_an_error_at_the_start(
    monkeypatch: pytest.MonkeyPatch, portaudio: PortAudio, name: str | None, message: str
) -> None:
    with pytest.raises(WordspotError, match=message):
        seconds_of(listened(portaudio, monkeypatch, name)[0], 1)


def test_one_that_another_program_holds_is_an_error_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*arguments: Any, **options: Any) -> None:
        raise PortAudioError("Device unavailable")

    portaudio = PortAudio(Device())
    monkeypatch.setattr(portaudio, "check_input_settings", check)
    with pytest.raises(WordspotError, match=r"cannot be opened \(Device unavailable\): try another with --device"):
        seconds_of(listened(portaudio, monkeypatch)[0], 1)


def test_microphones_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    portaudio = PortAudio(Device("built-in"), Device("speaker", channels=0), Device("array", channels=6))
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)  # type: ignore[arg-type]
    print_devices()
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["  0  built-in, 1 channels, 16000 Hz (default)", "  2  array, 6 channels, 16000 Hz"]


def test_sounddevice_has_the_calls_that_are_not_public() -> None:
    spec = importlib.util.find_spec("sounddevice")
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).read_text()  # to import it would need PortAudio
    assert "\ndef _terminate():" in text
    assert "\ndef _initialize():" in text
