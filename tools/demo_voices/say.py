"""Words said by synthetic voices into a folder of recordings, where people are missing."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import soxr

from ...data.arrays import to_samples
from ...data.audio import SAMPLE_RATE_HZ, write_wav
from ...data.errors import WordspotError
from ...data.files import replacing
from ...data.labels import is_word
from .recordings import all_voices, one_task_each, room_noise
from .voices import Voice, synthesizer

_PAUSE_S = 0.4  # before and after a word
_ENGLISH = "en"


def say_words(
    folder: Path, words: Sequence[str], *, takes: int, language: str = _ENGLISH, seed: int = 0, jobs: int = 1
) -> Iterable[bool]:
    """Writes `<word>/espeak-<voice>_nohash_<take>.wav` below a folder of recordings, 16 kHz mono of 16 bits.

    Each of 62 voices says each word, every take at a speed and pitch of its own. What is there is left as it is.

    Parameters
    ----------
    folder
        New, or a folder of recordings.
    words
        What to say, and the labels.
    takes
        How often each voice says each word.
    language
        As espeak-ng names it: `de`, `fr-fr`; `en` takes four accents in turn.
    seed
        Of speed, pitch and volume; the sound does not depend on `jobs`.
    jobs
        Processes to work with.

    Yields
    ------
    For each recording whether it was written, and not there already.

    Raises
    ------
    WordspotError
        A word that no folder can be called; a language that espeak-ng does not know.
    """
    for word in words:
        if not is_word(word) or word.startswith(".") or "/" in word or "\\" in word:
            raise WordspotError(f"the word {word!r} cannot be the name of a folder of recordings: write it otherwise")
    voices = all_voices()
    if language != _ENGLISH:
        voices = [Voice(language, voice.variant) for voice in voices]
    for word in words:
        (folder / word).mkdir(parents=True, exist_ok=True)
    asked = [(voice, word, take) for voice in voices for word in words for take in range(takes)]
    with one_task_each(jobs) as pool:
        yield from pool.imap(partial(_say, folder, seed), asked)


def _say(folder: Path, seed: int, asked: tuple[Voice, str, int]) -> bool:
    """Whether it was not there yet."""
    voice, word, take = asked
    path = folder / word / f"espeak-{voice.variant}_nohash_{take}.wav"
    if path.exists():
        return False
    rng = np.random.default_rng([seed, take, *f"{voice.variant}{word}".encode()])
    with replacing(path) as temporary:
        write_wav(temporary, _recording(word, voice, rng))
    return True


def _recording(word: str, voice: Voice, rng: np.random.Generator) -> np.ndarray:
    """int16 [n]: the word between two pauses, in a room that is all but quiet."""
    rate, pitch = int(rng.integers(110, 220)), int(rng.integers(20, 80))
    said = synthesizer().speak(word, voice, words_per_minute=rate, pitch=pitch) / 32_768
    said = np.pad(soxr.resample(said, synthesizer().sample_rate_hz, SAMPLE_RATE_HZ), round(_PAUSE_S * SAMPLE_RATE_HZ))
    said *= rng.uniform(0.2, 0.9) / max(float(np.abs(said).max()), 1e-3)
    return to_samples(said + room_noise(len(said), 10 ** rng.uniform(-4, -3), rng))
