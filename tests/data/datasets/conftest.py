"""Small public sets of the layout in which they are published: real Opus and MP3, made sounds."""

import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE_HZ = 16_000
WORDS = ("links", "rechts", "oben", "haus", "baum", "maus")
SPEAKERS = 10
SETS = ("TRAIN", "TRAIN", "TRAIN", "TRAIN", "TRAIN", "TRAIN", "TRAIN", "TRAIN", "DEV", "TEST")  # of the speakers


def speaker_id(number: int) -> str:
    """As long as those of Common Voice."""
    return f"{number:02x}" * 64


def sound(seed: int, seconds: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return 0.3 * np.sin(2 * np.pi * rng.uniform(200, 2_000) * time_s) + rng.normal(0, 0.01, len(time_s))


def write_sound(path: Path, seed: int, seconds: float = 1.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    forms = {
        ".opus": ("OGG", "OPUS"),
        ".mp3": ("MP3", "MPEG_LAYER_III"),
        ".wav": ("WAV", "PCM_16"),
        ".flac": ("FLAC", "PCM_16"),
    }
    form, subtype = forms[path.suffix]
    soundfile.write(path, sound(seed, seconds), RATE_HZ, format=form, subtype=subtype)


def make_mswc(folder: Path, language: str = "de") -> Path:
    """`<language>/clips/<word>/*.opus` and `<language>_splits.csv`: six words by ten speakers, one row not valid."""
    rows = []
    for word_number, word in enumerate(WORDS):
        for speaker in range(SPEAKERS):
            number = 100 * word_number + speaker
            link = f"{word}/common_voice_{language}_{number}.opus"
            write_sound(folder / language / "clips" / link, number)
            rows.append(f"{SETS[speaker]},{link},{word},True,{speaker_id(speaker)},NA")
    rows.append(f"TRAIN,links/common_voice_{language}_999.opus,links,False,NA,NA")
    text = "\n".join(("SET,LINK,WORD,VALID,SPEAKER,GENDER", *rows)) + "\n"
    (folder / language / f"{language}_splits.csv").write_text(text, encoding="utf-8")
    return folder


def make_common_voice(folder: Path, language: str = "en") -> Path:
    """`<language>/clips/*.mp3` and the tables: unquoted, a sentence with a lone quotation mark among them."""
    sentences = ("Yes", "No.", "yes", "zero", "Hey", '"It began with a lone quotation mark', "no", "Three")
    columns = "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale\tsegment"
    rows = []
    for number, sentence in enumerate(sentences):
        name = f"common_voice_{language}_{number}.mp3"
        write_sound(folder / language / "clips" / name, number)
        rows.append(f"{speaker_id(number)}\t{name}\t{sentence}\t2\t0\t\t\t\t{language}\tSingleword Benchmark")
    parts = {"validated": rows, "train": rows[:1], "dev": rows[1:2], "test": rows[2:3]}
    for part, its in parts.items():
        (folder / language / f"{part}.tsv").write_text("\n".join((columns, *its)) + "\n", encoding="utf-8")
    return folder


def pack(files: dict[str, Path | bytes], archive: Path) -> Path:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.read_bytes()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return archive


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def mswc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One language of the corpus, unpacked."""
    return make_mswc(tmp_path_factory.mktemp("mswc"))


@pytest.fixture(scope="session")
def common_voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One language of the single-word target segment, unpacked."""
    return make_common_voice(tmp_path_factory.mktemp("cv") / "cv-corpus-7.0-singleword")


@pytest.fixture(scope="session")
def tools() -> dict[str, Callable]:
    """What tests make more of this with."""
    return {
        "contents": contents,
        "make_common_voice": make_common_voice,
        "make_mswc": make_mswc,
        "pack": pack,
        "speaker_id": speaker_id,
        "write_sound": write_sound,
    }


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of so many bytes, or gives the one that is mounted that size; skips where this user may not."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def resize(size: str) -> Path:
        options = f"size={size}" + (",remount" if folder.is_mount() else "")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False).returncode:
            pytest.skip("this user may not mount a disk")
        return folder

    yield resize
    subprocess.run(["umount", folder], check=False)
