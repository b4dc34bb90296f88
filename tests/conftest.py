"""Shared by all tests: where the real recordings are, and a small folder of made sounds taken through every stage."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import soundfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A background job ignores Ctrl-C and hands that on to its children; the tests that send it need children that do not.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
RATE_HZ = 16_000
SPEAKERS = 24
_NOBODY = 65_534  # the user id that files of nobody have


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The demo comes first: it takes minutes, and alone at the end it would keep one of two processes waiting."""
    items.sort(key=lambda item: item.path.name != "test_demo.py")


@pytest.fixture(scope="session", autouse=True)
def _own_temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests, and processes that they kill, leave in the folder for temporary files goes with it."""
    tmp_path_factory.getbasetemp()  # lies elsewhere, and stays
    with tempfile.TemporaryDirectory(prefix="wordspot-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o1777)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", folder)
            patch.setattr(tempfile, "tempdir", None)
            yield


@pytest.fixture(scope="session")
def speech_commands() -> Path:
    """Real recordings; skips where they are missing."""
    folder = SHARED / "speech_commands_v0.01_subset"
    if not folder.is_dir():
        pytest.skip("the real recordings (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The program; skips where it is not installed, but never in CI, which installs it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed")
    return found


def sweep(start_hz: float, end_hz: float, rng: np.random.Generator) -> np.ndarray:
    """A "word" of half a second whose pitch glides: float64 [8000] with a peak near 0.4."""
    time_s = np.arange(RATE_HZ // 2) / RATE_HZ
    glide = np.linspace(start_hz, end_hz, len(time_s)) * rng.uniform(0.85, 1.15)
    tone = np.sin(2 * np.pi * np.cumsum(glide) / RATE_HZ) * np.hanning(len(time_s))
    return 0.4 * tone + rng.normal(0, 0.003, len(time_s))


WORDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "rise": lambda rng: sweep(300, 2500, rng),
    "fall": lambda rng: sweep(2500, 300, rng),
    "hum": lambda rng: sweep(250, 250, rng),
    "whistle": lambda rng: sweep(3000, 3000, rng),
}


@pytest.fixture(scope="session")
def recordings(made_once: Callable) -> Path:
    """A folder of recordings: four words by 24 speakers, 1.5 s each, and background noise."""
    return made_once("recordings", _make_recordings)


def _make_recordings(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(7)
    for word, make in WORDS.items():
        (folder / word).mkdir()
        for speaker in range(SPEAKERS):
            sound = rng.normal(0, 0.003, RATE_HZ * 3 // 2)
            start = rng.integers(0, len(sound) - RATE_HZ // 2)
            sound[start : start + RATE_HZ // 2] += make(rng)
            soundfile.write(folder / word / f"speaker{speaker:02}_nohash_0.wav", sound, RATE_HZ)
    (folder / "_background_noise_").mkdir()
    soundfile.write(folder / "_background_noise_" / "room.wav", rng.normal(0, 0.05, 20 * RATE_HZ), RATE_HZ)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Makes a file or folder, of a name, that all processes share which run tests side by side."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)

    def make_once(name: str, make: Callable[[Path], object]) -> Path:
        from wordspot.data.files import locked

        with locked(shared / f"{name}.lock"):
            if not (done := shared / f"{name}.done").exists():
                make(shared / name)
                done.touch()
        return shared / name

    return make_once


@pytest.fixture(scope="session")
def clips(recordings: Path, made_once: Callable) -> Path:
    """The clean folder of `recordings`."""
    from wordspot.pipeline.ingest.clean import clean

    return made_once("clips", lambda folder: clean(recordings, folder))


@pytest.fixture(scope="session")
def features(clips: Path, made_once: Callable) -> Path:
    """The feature set of `clips`."""
    from wordspot.pipeline.features.extract import extract

    return made_once("features", lambda folder: extract(clips, folder))


@pytest.fixture(scope="session")
def run(features: Path, made_once: Callable) -> Path:
    """A finished run on `features`: rise and fall against everything else."""
    from wordspot.pipeline.training.settings import WITHOUT_NEGATIVES
    from wordspot.pipeline.training.train import train

    # without smoothing, tones so easy are answered with exactly 1, and no threshold could tell answers apart
    # and without negatives: among them are tones, which these words are
    settings = dataclasses.replace(WITHOUT_NEGATIVES, epochs=6, label_smoothing=0.05)
    return made_once("run", lambda folder: train(features, folder, ["rise", "fall"], settings))


@pytest.fixture(scope="session")
def model(run: Path, made_once: Callable) -> Path:
    """The float model file of `run`."""
    from wordspot.pipeline.export.export import export

    # without a budget, so that the default threshold holds
    made_once("model", lambda _: export(run, run / "model.tflite", false_accepts_per_hour=None))
    return run / "model.tflite"


@pytest.fixture(scope="session")
def int8_model(run: Path, made_once: Callable) -> Path:
    """The int8 model file of `run`."""
    from wordspot.pipeline.export.export import export

    made_once("int8", lambda _: export(run, run / "int8.tflite", int8=True, false_accepts_per_hour=None))
    return run / "int8.tflite"


def wordspot(*arguments: object, cwd: Path | None = None, **options) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own, 80 columns wide."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "wordspot.tools.cli", *map(str, arguments)]
    options = {"capture_output": True, "text": True, "check": False, "timeout": 300, "env": environment, **options}
    return subprocess.run(command, cwd=cwd, **options)


@pytest.fixture(scope="session", name="wordspot")
def wordspot_command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line, as a user would call it."""
    return wordspot


@pytest.fixture
def unprivileged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, in a process that file permissions hold for: they do not for root."""
    monkeypatch.chdir(tmp_path)  # a relative path, because the folders above may be closed to others
    version("wordspot")  # loads what that takes: Python itself may lie where only root can read
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(tmp_path, _NOBODY, _NOBODY)
        os.seteuid(_NOBODY)
    try:
        yield Path()
    finally:
        if is_root:
            os.seteuid(0)
