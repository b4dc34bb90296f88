from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import read_sound
from wordspot.pipeline.ingest.checks.wrong_format import CHECK
from wordspot.pipeline.ingest.clip_maker import ClipMaker
from wordspot.pipeline.ingest.settings import CleanSettings

RIGHT_ENDINGS = {
    ("WAV", "PCM_16"): {"wav", "wave"},
    ("WAV", "FLOAT"): {"wav", "wave"},
    ("WAVEX", "PCM_24"): {"wav", "wave"},
    ("RF64", "PCM_16"): {"wav", "wave", "rf64"},
    ("W64", "PCM_16"): {"w64"},
    ("FLAC", "PCM_16"): {"flac"},
    ("OGG", "VORBIS"): {"ogg", "oga", "opus"},
    ("OGG", "OPUS"): {"ogg", "oga", "opus"},
    ("MP3", "MPEG_LAYER_III"): {"mp3"},
    ("AIFF", "PCM_16"): {"aif", "aiff", "aifc"},
    ("AU", "PCM_16"): {"au"},
    ("CAF", "PCM_16"): {"caf"},
}
ENDINGS = sorted(set.union(*RIGHT_ENDINGS.values()))
CANNOT_BE_TOLD = {("OGG", "flac")}  # FLAC may lie in an OGG container


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of each kind, without an ending."""
    folder = tmp_path_factory.mktemp("formats")
    sound = np.random.default_rng(1).normal(0, 0.1, 8_000)
    for container, subtype in RIGHT_ENDINGS:
        soundfile.write(folder / f"{container}-{subtype}", sound, 16_000, format=container, subtype=subtype)
    return folder


def value(folder: Path, kind: tuple[str, str], name: str) -> str:
    """What the check says of a file under another name."""
    path = folder / "left" / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(folder / "-".join(kind))
    return str(CHECK.value(ClipMaker(folder, CleanSettings()).cut(f"left/{name}", read_sound(path))))


@pytest.mark.parametrize("kind", RIGHT_ENDINGS, ids="-".join)
def test_an_ending_that_promises_another_format_is_found_and_the_right_one_not(
    folder: Path, kind: tuple[str, str]
) -> None:
    for ending in ENDINGS:
        for name in (f"a.{ending}", f"a.b.{ending.upper()}"):
            found = CHECK.finds(value(folder, kind, name))
            assert found is (ending not in RIGHT_ENDINGS[kind] and (kind[0], ending) not in CANNOT_BE_TOLD), name


@pytest.mark.parametrize("name", ["a", "a.dat", "wav", "a.wav.bak", "flac.sound", "a."])
def test_an_ending_that_promises_nothing_is_never_wrong(folder: Path, name: str) -> None:
    assert all(value(folder, kind, name) == "" for kind in RIGHT_ENDINGS)


def test_what_it_is_and_what_it_is_called_are_reported(folder: Path) -> None:
    assert value(folder, ("FLAC", "PCM_16"), "a.wav") == "FLAC, not wav"
    assert value(folder, ("MP3", "MPEG_LAYER_III"), "b.OGG") == "MP3, not ogg"
