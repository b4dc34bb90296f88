"""Sound from a microphone, by PortAudio, for as long as it takes: it may be unplugged and come back."""

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...data.arrays import Samples
from ...data.audio import Mixer
from ...data.errors import WordspotError
from ..terminal.console import OUT
from .raw_sound import note_when_muted
from .sources import StreamHealth

_QUEUED_BLOCKS = 64
_BLOCK_S = 0.05
_GONE_AFTER_S = 3.0
_TRY_AGAIN_S = 1.0
_NO_PORTAUDIO = (
    "PortAudio, which sounddevice needs for the microphone, is not installed: on Raspberry Pi OS, Debian and Ubuntu "
    "`sudo apt install libportaudio2`; or without it: arecord -q -f S16_LE -r 16000 | wordspot listen --source -"
)
_NO_DEVICES = (
    "no microphone was found: plug one in (`arecord -l` lists what Linux sees), or read a file or a pipe with --source"
)


class Microphone:
    """A microphone, opened when its blocks are asked for.

    Parameters
    ----------
    name
        Its number or a part of its name, as `--list-devices` shows them; None for the default one.
    sample_rate_hz
        The rate of the blocks, whatever the device delivers.
    health
        Where overruns and disappearances are counted.
    note
        Tells the person who listens.
    """

    def __init__(
        self, name: str | None, sample_rate_hz: int, health: StreamHealth, note: Callable[[str], None]
    ) -> None:
        self._name = int(name) if name is not None and name.isdecimal() else name
        self._rate_hz = sample_rate_hz
        self._health = health
        self._note = note
        self._sound = _portaudio()

    def blocks(self) -> Iterator[Samples]:
        """int16 [n] blocks without end. When the device goes away, they go on after it has come back.

        Ten seconds without any sound, of a muted microphone, are noted.

        Raises
        ------
        WordspotError
            At the start: no device, none of that name, or one that cannot be opened.
        """
        return note_when_muted(self._blocks(self._find()), self._rate_hz, self._note)

    def _blocks(self, device: dict[str, Any]) -> Iterator[Samples]:
        while True:
            try:
                yield from self._until_gone(device)
            except self._sound.PortAudioError as error:
                reason = str(error)
                if not self._health.samples:
                    raise WordspotError(
                        f"the microphone cannot be opened ({reason}): try another with --device"
                    ) from error
            else:
                reason = f"no sound for {_GONE_AFTER_S:g} s"
            self._health.gone += 1
            self._note(f"the microphone is gone ({reason}); waiting for it")
            device = self._wait_for_it()
            self._note("the microphone is back")

    def _find(self) -> dict[str, Any]:
        if not any(device["max_input_channels"] for device in self._sound.query_devices()):
            raise WordspotError(_NO_DEVICES)
        try:
            return self._sound.query_devices(self._name, "input")
        except (ValueError, self._sound.PortAudioError) as error:
            wanted = "there is no default microphone" if self._name is None else f"--device {self._name}: {error}"
            raise WordspotError(f"{wanted}: `wordspot listen --list-devices` shows what there is") from error

    def _until_gone(self, device: dict[str, Any]) -> Iterator[Samples]:
        rate_hz, channels = self._form(device)
        mix = Mixer(rate_hz, self._rate_hz, note=lambda one: self._note(f"the microphone: {one.detail}"))
        fetched: queue.Queue[np.ndarray] = queue.Queue(_QUEUED_BLOCKS)

        def take(data: np.ndarray, frames: int, when: Any, status: Any) -> None:
            self._health.overruns += bool(status.input_overflow)
            try:
                fetched.put_nowait(data.copy())
            except queue.Full:
                self._health.overruns += 1

        form = {"samplerate": rate_hz, "channels": channels, "dtype": "float32", "blocksize": round(_BLOCK_S * rate_hz)}
        with self._sound.InputStream(device=device["index"], callback=take, **form):
            while True:
                try:
                    yield mix(fetched.get(timeout=_GONE_AFTER_S))
                except queue.Empty:
                    return

    def _form(self, device: dict[str, Any]) -> tuple[float, int]:
        """Rate and channels: those wanted where the device has them, else its own."""
        own_rate_hz, most = device["default_samplerate"], device["max_input_channels"]
        for rate_hz, channels in ((self._rate_hz, 1), (own_rate_hz, 1), (own_rate_hz, most)):
            try:
                self._sound.check_input_settings(device["index"], channels, "float32", samplerate=rate_hz)
            except (ValueError, self._sound.PortAudioError):
                continue
            return rate_hz, channels
        return own_rate_hz, most

    def _wait_for_it(self) -> dict[str, Any]:
        while True:
            time.sleep(_TRY_AGAIN_S)
            try:
                restart_portaudio(self._sound)
                device = self._find()
                rate_hz, channels = self._form(device)
                with self._sound.InputStream(device=device["index"], samplerate=rate_hz, channels=channels):
                    return device
            except (WordspotError, self._sound.PortAudioError):
                continue


def restart_portaudio(sound: Any) -> None:
    """Makes PortAudio look for devices anew, which it does only at its start; sounddevice has no public way.

    No stream may be open.
    """
    sound._terminate()
    sound._initialize()


def print_devices() -> None:
    """Prints number, name, channels and rate of every microphone. Raises `WordspotError` where there is none."""
    sound = _portaudio()
    inputs = [device for device in sound.query_devices() if device["max_input_channels"]]
    if not inputs:
        raise WordspotError(_NO_DEVICES)
    for device in inputs:
        default = " (default)" if device["index"] == sound.default.device[0] else ""
        channels, rate_hz = device["max_input_channels"], device["default_samplerate"]
        OUT.print(f"{device['index']:3}  {device['name']}, {channels} channels, {rate_hz:g} Hz{default}")


def _portaudio() -> Any:
    try:
        import sounddevice  # of the extra `mic`
    except OSError as error:
        raise WordspotError(_NO_PORTAUDIO) from error
    return sounddevice
