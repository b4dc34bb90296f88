"""Sound in a page: a picture of it and its samples, both inside the file."""

import base64
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import soundfile

from ...data.arrays import Samples
from ...data.audio import SAMPLE_RATE_HZ
from ...data.errors import WordspotError
from .spectrograms import as_png, draw_sound

PLAYERS_BYTES = 9 << 20  # of one page; base64 makes a third more of it
_PICTURE_SIZE = (320, 128)
_COLORS = 64

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Player:
    """A sound as a page holds it.

    Attributes
    ----------
    png
        Waveform and spectrogram, 320 by 128 pixels.
    flac
        The samples.
    """

    png: bytes
    flac: bytes

    @property
    def image(self) -> str:
        """The picture as the address of an image."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"

    @property
    def sound(self) -> str:
        """The samples as the address of a sound."""
        return f"data:audio/flac;base64,{base64.b64encode(self.flac).decode('ascii')}"


def make_player(samples: Samples) -> Player:
    """A player of int16 [n] with n >= 1, at 16 kHz. Raises `WordspotError` where there is no room for a temporary file."""
    return Player(as_png(draw_sound(samples, *_PICTURE_SIZE), _COLORS), _as_flac(samples))


def within_budget(
    uses: Mapping[Key, int], players: Iterable[Player | None], budget_bytes: int = PLAYERS_BYTES
) -> dict[Key, Player]:
    """The players that fit into a page together, the first ones first.

    Parameters
    ----------
    uses
        {key: how often the page shows it}.
    players
        One for each key, in their order; None where there is no sound.
    budget_bytes
        What all of them may take, before base64.
    """
    kept: dict[Key, Player] = {}
    for (key, times), player in zip(uses.items(), players, strict=True):
        size = times * (len(player.png) + len(player.flac)) if player else 0
        if player and size <= budget_bytes:
            budget_bytes -= size
            kept[key] = player
    return kept


def _as_flac(samples: Samples) -> bytes:
    """By way of a file: soundfile writes into memory with a callback that swallows Ctrl-C, and the end of the sound."""
    with _temporary_file() as path:
        try:
            soundfile.write(path, samples, SAMPLE_RATE_HZ, format="FLAC")
        except soundfile.SoundFileError as error:
            raise WordspotError(f"{path} could not be written, make room there: {error}") from error
        return path.read_bytes()


@contextmanager
def _temporary_file() -> Iterator[Path]:
    """In memory where the system has such files: libsndfile has others written to the disk, with all that others wrote."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("wordspot"), "wb") as file:
            yield Path(f"/proc/self/fd/{file.fileno()}")
        return
    with TemporaryDirectory(prefix="wordspot-") as folder:
        yield Path(folder) / "clip.flac"
