"""Real training runs, of one epoch on few frames and mel bands."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState
from wordspot.data.errors import LossError, WordspotError
from wordspot.data.front_end import FrontEnd
from wordspot.data.tables import read_table
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.training.recipe import Recipe, read_recipe
from wordspot.pipeline.training.settings import TrainSettings
from wordspot.pipeline.tuning.search_space import SearchSpace, values_of
from wordspot.pipeline.tuning.storage import open_file_storage
from wordspot.pipeline.tuning.trials import Trials
from wordspot.pipeline.tuning.tune import tune

ENVIRONMENT = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1", "NO_COLOR": "1"}
WORDS = ["rise", "fall"]
BASE = Recipe(TrainSettings(epochs=1))


def arguments(features: Path, out: Path, trials: int) -> list[object]:
    return ["tune", features, "--words", "rise,fall", "--epochs", "1", "--out", out, "--trials", trials]


def started(features: Path, out: Path, trials: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "wordspot.tools.cli", *map(str, arguments(features, out, trials))]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    while not path.exists() and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None


@pytest.fixture(scope="module")
def small(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feature set that trains fast."""
    folder = tmp_path_factory.mktemp("small") / "features"
    extract(clips, folder, FrontEnd(hop_ms=50, n_mels=10))
    return folder


@pytest.fixture(scope="module")
def tuned(small: Path, tmp_path_factory: pytest.TempPathFactory, wordspot: Callable) -> tuple[Path, dict]:
    """Two trials by the command line: its folder, and what it printed."""
    out = tmp_path_factory.mktemp("tuned") / "out"
    result = wordspot(*arguments(small, out, 2), "--json", env=ENVIRONMENT)
    assert (result.returncode, result.stderr) == (0, "")
    return out, json.loads(result.stdout)


def test_the_best_settings_and_their_run_are_kept(tuned: tuple[Path, dict]) -> None:
    out, outcome = tuned
    assert (outcome["trials"], outcome["finished"], outcome["running"]) == (2, 2, 0)
    best = outcome["best"]["number"]
    assert {path.name for path in out.iterdir()} == {"best.json", "report.html", "runs", "study.db", "study.lock"}
    assert [path.name for path in (out / "runs").iterdir()] == [str(best)]
    recipe = read_recipe(Path(outcome["config"]))
    assert recipe == read_recipe(out / "runs" / str(best) / "config.json")
    assert values_of(recipe, SearchSpace()) == outcome["best"]["values"]
    history = read_table(out / "runs" / str(best) / "history.csv")
    assert float(history[0]["validation_accuracy"]) == outcome["best"]["accuracy"]
    assert f"trial {best}" in (out / "report.html").read_text()


def test_interrupted_and_killed_it_ends_as_it_would_have(small: Path, tuned: tuple[Path, dict], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with started(small, out, 2) as process:
        wait_for(out / "runs" / "0" / "config.json", process)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "finished trials are kept: the same command goes on" in stderr
    assert "Traceback" not in stderr
    with started(small, out, 2) as process:
        wait_for(out / "runs" / "2" / "config.json", process)  # 0 was interrupted, 1 repeated it
        process.kill()
    result = tune(small, out, WORDS, 2, BASE)
    assert [trial.number for trial in sorted(result.trials, key=lambda trial: trial.number)] == [1, 3]
    whole, _ = tuned
    assert read_recipe(out / "best.json") == read_recipe(whole / "best.json")
    assert json.loads((out / "best.json").read_text())["tuned"]["validation_accuracy"] == result.trials[0].accuracy
    storage = open_file_storage(out / "study.db")
    trials = Trials(storage, "tune", SearchSpace(), values_of(BASE, SearchSpace()), 0, 1)
    assert [trial.state for trial in trials.all(TrialState.FAIL)] == [TrialState.FAIL] * 2
    trials.close()


def test_nothing_is_left_to_do_and_other_settings_are_refused(small: Path, tuned: tuple[Path, dict]) -> None:
    out, outcome = tuned
    before = (out / "best.json").read_bytes()
    again = tune(small, out, WORDS, 2, BASE)
    assert again.trials[0].number == outcome["best"]["number"]
    assert (out / "best.json").read_bytes() == before
    for words, base, difference in (
        (["rise"], BASE, r"words \['rise', 'fall'\], not \['rise'\]"),
        (WORDS, Recipe(TrainSettings(epochs=2)), "epochs 1, not 2"),
    ):
        with pytest.raises(WordspotError, match=f"were begun with {difference}"):
            tune(small, out, words, 2, base)


def test_another_front_end_is_refused_with_both_shown(features: Path, tuned: tuple[Path, dict]) -> None:
    with pytest.raises(WordspotError, match=r"front end \{.*'n_mels': 10.*, not \{.*'n_mels': 40"):
        tune(features, tuned[0], WORDS, 2, BASE)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_loss_that_explodes_stops_the_recipe_itself_but_no_other_trial(
    small: Path, tuned: tuple[Path, dict], tmp_path: Path
) -> None:
    shutil.copytree(small, tmp_path / "features")
    log_mel = np.load(tmp_path / "features" / "log_mel.npy", mmap_mode="r+")
    log_mel[:] = np.nan
    log_mel.flush()
    shutil.copytree(tuned[0], tmp_path / "out")
    result = tune(tmp_path / "features", tmp_path / "out", WORDS, 3, BASE)
    assert sorted(trial.outcome for trial in result.trials) == ["diverged", "finished", "finished"]
    with pytest.raises(LossError, match="lower learning_rate"):
        tune(tmp_path / "features", tmp_path / "new", WORDS, 3, BASE)


def test_a_clean_folder_is_extracted_once(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="did you mean rise"):
        tune(clips, tmp_path / "out", ["ryse"], 1, BASE)
    before = (tmp_path / "out" / "features" / "log_mel.npy").stat().st_mtime_ns
    with pytest.raises(WordspotError, match="did you mean fall"):
        tune(clips, tmp_path / "out", ["faul"], 1, BASE)
    assert (tmp_path / "out" / "features" / "log_mel.npy").stat().st_mtime_ns == before
