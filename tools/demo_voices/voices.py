"""Synthetic voices: espeak-ng, from the `voices` extra, driven in this process."""

import ctypes
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import espeakng_loader
import numpy as np

from ...data.errors import WordspotError

# Variants of espeak-ng's voice that sound like a person each; those that imitate robots or whisper are left out.
_VARIANT_NAMES = (
    "m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 Alex Alicia Andrea Andy Annie Denis Diogo Gene Henrique Hugo Jacky Lee "
    "Marco Mario Michael Mike Nguyen adam anika antonio aunty belinda benjamin boris caleb david ed edward grandma "
    "grandpa gustave ian iven john linda marcelo max michel miguel norbert pablo paul pedro quincy rob robert sandro "
    "shelby steph"
)
VARIANTS = tuple(_VARIANT_NAMES.split())
ACCENTS = ("en-us", "en", "en-gb-scotland", "en-029")

# from espeak-ng's speak_lib.h
_AUDIO_OUTPUT_RETRIEVAL = 1
_RATE, _PITCH = 1, 3
_CHARACTERS_UTF8 = 1
_SEED = 1
_SAMPLES_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@functools.cache
def synthesizer() -> "Synthesizer":
    """The synthesizer of this process."""
    return Synthesizer()


@dataclass(frozen=True)
class Voice:
    """A speaker: one of `ACCENTS` and one of `VARIANTS`."""

    accent: str
    variant: str


class Synthesizer:
    """Speaks text to samples; made by `synthesizer`, because the library bears only one in a process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        self.sample_rate_hz = self._library.espeak_Initialize(_AUDIO_OUTPUT_RETRIEVAL, 0, data_path, 0)
        if self.sample_rate_hz <= 0:
            raise WordspotError("espeak-ng did not start: install the `voices` extra again")

    def speak(self, text: str, voice: Voice, *, words_per_minute: int = 175, pitch: int = 50) -> np.ndarray:
        """Speaks a text.

        Parameters
        ----------
        text
            What to say.
        voice
            Who says it.
        words_per_minute
            80 to 450.
        pitch
            0 to 100, relative to the voice's own.

        Returns
        -------
        int16 [n] at `sample_rate_hz`, with the little silence that the voice leaves around it.
        """
        if self._library.espeak_SetVoiceByName(f"{voice.accent}+{voice.variant}".encode()):
            raise WordspotError(f"espeak-ng has no voice {voice.accent}+{voice.variant}")
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        encoded = text.encode() + b"\0"
        self._library.espeak_ng_SetRandSeed(
            ctypes.c_long(_SEED)
        )  # the breath of some voices is noise, seeded by the clock
        with self._collected() as parts:
            self._library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 0, 0, _CHARACTERS_UTF8, None, None)
            self._library.espeak_Synchronize()
        return np.concatenate([np.zeros(0, np.int16), *parts])

    @contextmanager
    def _collected(self) -> Iterator[list[np.ndarray]]:
        parts: list[np.ndarray] = []

        def collect(samples, count: int, _events) -> int:
            if samples and count > 0:
                parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
            return 0

        callback = _SAMPLES_CALLBACK(collect)  # must outlive the synthesis
        self._library.espeak_SetSynthCallback(callback)
        yield parts
