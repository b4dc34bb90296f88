"""Shared by the tests of `ingest`: a folder with every kind of recording, and ways to run and compare."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from wordspot.data.audio import Sound
from wordspot.pipeline.ingest.checks import CutRecording
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings
from wordspot.pipeline.signal.window import fit_to_window

_RATE_HZ = 16_000
_CLEAN = """
import json, sys
from pathlib import Path
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings
clean(Path(sys.argv[1]), Path(sys.argv[2]), CleanSettings(**json.loads(sys.argv[4])), jobs=int(sys.argv[3]))
"""


def start_cleaning(source: Path, destination: Path, jobs: int = 2, **settings: Any) -> subprocess.Popen[bytes]:
    """Cleans in a process group of its own."""
    command = [sys.executable, "-c", _CLEAN, str(source), str(destination), str(jobs), json.dumps(settings)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


@pytest.fixture(scope="session", name="start_cleaning")
def _start_cleaning() -> Callable[..., subprocess.Popen[bytes]]:
    return start_cleaning


@pytest.fixture(scope="session")
def cleaned_by_process() -> Callable[..., None]:
    """Cleans in a process of its own, to the end: for `jobs` above 1, which forks."""

    def run(*arguments, **options) -> None:
        with start_cleaning(*arguments, **options) as process:
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()

    return run


@pytest.fixture(scope="session")
def tree() -> Callable[[Path], dict[str, bytes | None]]:
    """Everything below a folder, hidden files too: {path: content, or None for a folder}; but for the table before."""

    def read(folder: Path) -> dict[str, bytes | None]:
        paths = {os.path.relpath(path, folder): path for path in folder.rglob("*") if path.name != "written-before.csv"}
        return {name: None if not path.is_file() else path.read_bytes() for name, path in sorted(paths.items())}

    return read


@pytest.fixture(scope="session")
def stamps() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """{path: time of change and inode} of everything below a folder, but for the lock's folder."""

    def read(folder: Path) -> dict[str, tuple[int, int]]:
        paths = [path for path in folder.rglob("*") if ".wordspot" not in path.parts]
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in paths}

    return read


@pytest.fixture(scope="session")
def rows() -> Callable[[Path], list[dict[str, str]]]:
    """The rows of a table."""

    def read(path: Path) -> list[dict[str, str]]:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture(scope="session")
def is_as_new(tree: Callable) -> Callable[..., bool]:
    """Whether cleaning again gives what cleaning into a new folder gives, and only then rests."""

    def compare(source: Path, clips: Path, settings: CleanSettings = CleanSettings()) -> bool:
        assert not clean(source, clips, settings).already_clean
        fresh = clips.with_name("fresh")
        clean(source, fresh, settings)
        return tree(clips) == tree(fresh) and clean(source, clips, settings).already_clean

    return compare


def put_word(path: Path, rng: np.random.Generator, seconds: float = 1.2, volume: float = 0.3, **options) -> None:
    """A burst of noise that swells and fades, somewhere in silence: nothing is wrong with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rate_hz = options.pop("rate_hz", _RATE_HZ)
    sound = np.zeros(round(seconds * rate_hz))
    start = int(rng.integers(0, len(sound) // 2 + 1))
    word = sound[start : start + rate_hz // 3]
    word[:] = rng.uniform(-volume, volume, len(word)) * np.hanning(len(word))
    soundfile.write(path, sound, rate_hz, **options)


@pytest.fixture(scope="session", name="put_word")
def _put_word() -> Callable[..., None]:
    return put_word


def take(seed: int) -> np.ndarray:
    """A second with a "word" in faint noise: four resonances that glide and swell, as different as words are."""
    rng = np.random.default_rng(seed)
    size, knots = rng.integers(6_000, 10_000), rng.integers(3, 7)
    word, at = np.zeros(size), np.linspace(0, 1, size)
    for low_hz, high_hz in ((200, 900), (800, 2_500), (2_000, 3_800), (4_000, 7_000)):
        pitch_hz = np.interp(at, np.linspace(0, 1, knots), rng.uniform(low_hz, high_hz, knots))
        levels = [0, *rng.uniform(0, 1, knots) ** 2, 0]
        phase = 2 * np.pi * np.cumsum(pitch_hz) / _RATE_HZ + np.cumsum(rng.normal(0, 0.15, size))
        word += np.interp(at, np.linspace(0, 1, len(levels)), levels) * np.sin(phase) / np.sqrt(low_hz)
    sound = rng.normal(0, 0.0015, _RATE_HZ)
    begin = rng.integers(1_000, _RATE_HZ - size - 1_000)
    sound[begin : begin + size] += 0.3 * word / np.abs(word).max()
    return sound


@pytest.fixture(scope="session", name="take")
def _take() -> Callable[[int], np.ndarray]:
    return take


@pytest.fixture
def put_words(tmp_path: Path) -> Callable[..., Path]:
    """A folder with four recordings of each label, by four speakers; some longer than a clip."""

    def put(*labels: str) -> Path:
        for place, label in enumerate(labels):
            (tmp_path / "words" / label).mkdir(parents=True)
            for number in range(4):
                before = np.random.default_rng(number).normal(0, 0.0015, number * 4_000)
                path = tmp_path / "words" / label / f"speaker{number}_nohash_0.flac"
                soundfile.write(path, np.concatenate([before, take(10 * place + number)]), _RATE_HZ)
        return tmp_path / "words"

    return put


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """A folder of recordings with one of everything that happens."""
    folder = tmp_path / "messy"
    rng = np.random.default_rng(3)
    put_word(folder / "left/ann_nohash_0.wav", rng)
    put_word(folder / "left/bob_nohash_0.flac", rng, seconds=2.5, rate_hz=44_100)
    put_word(folder / "left/bob_nohash_0.wav", rng, seconds=0.4)
    put_word(folder / "left/day two/çe.wav", rng, subtype="FLOAT")
    put_word(folder / "left/quiet.wav", rng, volume=0.001)
    put_word(folder / "right/Ann_nohash_0.ogg", rng)
    put_word(folder / "right/ann_nohash_0.WAV", rng)
    put_word(folder / "right/renamed.mp3", rng, format="WAV")
    soundfile.write(folder / "right/nan.wav", np.full(16_000, np.nan), _RATE_HZ, subtype="FLOAT")
    soundfile.write(folder / "right/silent.wav", np.zeros(16_000), _RATE_HZ)
    soundfile.write(folder / "right/one.flac", np.full(1, 0.5), 96_000)
    (folder / "right/Icon\r").write_bytes(b"")
    (folder / "right/notes.wav").write_text("no sound")
    (folder / "right/.DS_Store").write_text("hidden")
    (folder / "right/gone.wav").symlink_to("nowhere.wav")
    os.mkfifo(folder / "right/pipe.wav")
    whole = (folder / "left/ann_nohash_0.wav").read_bytes()
    (folder / "right/short.wav").write_bytes(whole[: len(whole) // 2])
    (folder / "_background_noise_").mkdir()
    noise = rng.uniform(-0.1, 0.1, (44_100 * 3, 2))
    soundfile.write(folder / "_background_noise_/room.flac", noise, 44_100)
    (folder / "_background_noise_/broken.wav").write_text("no sound")
    (folder / "validation_list.txt").write_text("left/ann_nohash_0.wav\n")
    (folder / "LICENSE").write_text("free")
    return folder


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four hundred small recordings, some of them worthless."""
    folder = tmp_path_factory.mktemp("many") / "recordings"
    rng = np.random.default_rng(4)
    for i in range(400):
        put_word(folder / f"word{i % 4}/s{i // 8}_nohash_{i % 8}.wav", rng, volume=0.001 if i % 9 == 0 else 0.3)
    return folder


def to_int16(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(samples * 32_768), -32_768, 32_767).astype(np.int16)


def cut_recording_of(
    samples: np.ndarray, rate_hz: int = 16_000, name: str = "a.wav", container: str = "WAV"
) -> CutRecording:
    """The cut of samples (float within -1 to 1, or int16), with the clip of one second."""
    native = samples if samples.dtype == np.int16 else to_int16(samples)
    at_16_khz = native if rate_hz == 16_000 else to_int16(soxr.resample(native / 32_768, rate_hz, 16_000))
    peak = float(np.abs(native.astype(int)).max()) / 32_768
    sound = Sound(at_16_khz, rate_hz, 1, len(native), container, native, peak)
    return CutRecording(name, sound, *fit_to_window(at_16_khz, 16_000))


@pytest.fixture(scope="session", name="cut_recording_of")
def _cut_recording_of() -> Callable[..., CutRecording]:
    return cut_recording_of
