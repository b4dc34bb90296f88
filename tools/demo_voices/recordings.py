"""A folder of messy recordings spoken by synthetic voices: what a first day of recording looks like."""

import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ...data.errors import WordspotError
from .voices import ACCENTS, VARIANTS, Voice, synthesizer

_RATES_HZ = {".wav": 16_000, ".flac": 44_100}
_FLAC_SHARE, _STEREO_SHARE, _NEAR_SILENT_SHARE = 0.15, 0.1, 0.03
_BACKGROUND_SECONDS = 60


def all_voices() -> list[Voice]:
    """One voice for each of espeak-ng's human variants, the accents in turn."""
    return [Voice(ACCENTS[i % len(ACCENTS)], variant) for i, variant in enumerate(VARIANTS)]


def one_task_each(jobs: int) -> Pool:
    """Processes that end with their task, because espeak-ng sounds a little different after anything it has said.

    A server without threads makes them: one that is forked beside the pool's own threads may hang.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context.Pool(jobs, maxtasksperchild=1)


def speak_recordings(
    folder: Path, voices: Sequence[Voice], takes_of_word: dict[str, int], *, seed: int, jobs: int
) -> Iterable[int]:
    """Writes a folder of recordings, 2 to 3 seconds each with the word anywhere in room noise.

    Some are near-silent, some stereo, some 44.1 kHz FLAC, and one is broken; `_background_noise_` has a minute of room.
    The folder appears under its name when it is complete.

    Parameters
    ----------
    folder
        Where to write `<word>/<voice>_nohash_<take>.<wav or flac>`.
    voices
        Who speaks.
    takes_of_word
        How often each voice says each word.
    seed
        Of everything random; the recordings do not depend on `jobs`.
    jobs
        Processes to work with.

    Yields
    ------
    The number of recordings written, a voice at a time.
    """
    if folder.exists() and any(folder.iterdir()):
        raise WordspotError(f"{folder} is not empty: choose a new folder")
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for word in (*takes_of_word, "_background_noise_"):
        (unfinished / word).mkdir(parents=True)
    speak = partial(_speak_voice, unfinished, takes_of_word, seed)
    with one_task_each(jobs) as pool:
        yield from pool.imap(speak, voices)
    rng = np.random.default_rng(seed)
    room = room_noise(_BACKGROUND_SECONDS * 16_000, 0.02, rng)
    soundfile.write(unfinished / "_background_noise_" / "room.wav", room, 16_000)
    (unfinished / next(iter(takes_of_word)) / "broken_nohash_0.wav").write_bytes(b"this is no sound")
    unfinished.rename(folder)


def _speak_voice(folder: Path, takes_of_word: dict[str, int], seed: int, voice: Voice) -> int:
    count = 0
    for word, takes in takes_of_word.items():
        for take in range(takes):
            rng = np.random.default_rng([seed, take, *f"{voice.accent}{voice.variant}{word}".encode()])
            rate, pitch = int(rng.integers(120, 200)), int(rng.integers(30, 70))
            said = synthesizer().speak(word, voice, words_per_minute=rate, pitch=pitch)
            _write(folder / word / f"{voice.variant}_nohash_{take}", said / 32_768, synthesizer().sample_rate_hz, rng)
            count += 1
    return count


def _write(path: Path, said: np.ndarray, rate_hz: int, rng: np.random.Generator) -> None:
    """Puts a word, float [n] in [-1, 1), into a recording of a format of its own."""
    ending = ".flac" if rng.random() < _FLAC_SHARE else ".wav"
    said = soxr.resample(said, rate_hz, _RATES_HZ[ending])
    size = max(len(said), round(rng.uniform(2, 3) * _RATES_HZ[ending]))
    sound = room_noise(size, 10 ** rng.uniform(-3, -2), rng)
    if rng.random() < _NEAR_SILENT_SHARE:
        sound *= 1e-3 / np.abs(sound).max()  # the microphone was off
    else:
        start = int(rng.integers(0, size - len(said), endpoint=True))
        sound[start : start + len(said)] += said * rng.uniform(0.2, 0.9) / max(np.abs(said).max(), 1e-3)
    if rng.random() < _STEREO_SHARE:
        sound = np.stack([sound, 0.8 * sound], axis=1)
    soundfile.write(path.with_suffix(ending), np.clip(sound, -1, 1 - 2**-15), _RATES_HZ[ending])


def room_noise(size: int, rms: float, rng: np.random.Generator) -> np.ndarray:
    """Pink noise, float64 [size], of this root mean square as a share of full scale."""
    spectrum = np.fft.rfft(rng.normal(size=size)) / np.sqrt(np.arange(1, size // 2 + 2))
    noise = np.fft.irfft(spectrum, size)
    return noise * rms / np.sqrt(np.mean(noise**2))
