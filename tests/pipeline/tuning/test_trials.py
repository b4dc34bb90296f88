import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from wordspot.data.errors import WordspotError
from wordspot.pipeline.training.recipe import Recipe
from wordspot.pipeline.training.run_folder.history import EpochFigures
from wordspot.pipeline.training.run_folder.run import Run
from wordspot.pipeline.tuning.report import TrialResult, write_tune_report
from wordspot.pipeline.tuning.search_space import Range, SearchSpace, values_of, with_values
from wordspot.pipeline.tuning.storage import open_file_storage, open_storage, storage_errors_in_words
from wordspot.pipeline.tuning.trials import INTERRUPTED, Trials

FIRST = values_of(Recipe(), SearchSpace())
MANY = 1_000

WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_trials import opened, play
with opened(Path(sys.argv[2])) as trials:
    print("ready", flush=True)
    {work}
"""

BEGIN_ONE = """
    with trials.begin(9, Path(sys.argv[2]) / "runs"):
        print("begun", flush=True)
        sys.stdin.read()
"""


@contextmanager
def opened(folder: Path, seed: int = 0) -> Iterator[Trials]:
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    trials = Trials(open_file_storage(folder / "study.db"), "tune", SearchSpace(), FIRST, seed, epochs=10)
    try:
        yield trials
    finally:
        trials.close()


def play(trials: Trials, folder: Path, most: int) -> None:
    """Trials whose accuracy is decided by the learning rate alone."""
    while len(trials.done()) + len(trials.running()) < most:
        with trials.begin(most, folder / "runs") as trial:
            if trial is not None:
                accuracy = 1 - abs(np.log10(trial.params["learning_rate"]) + 2.5)
                trial.set_user_attr("loss", 1.0)
                trials.end(trial.number, TrialState.COMPLETE, accuracy)


def worker(folder: Path, work: str) -> subprocess.Popen:
    command = [sys.executable, "-c", WORKER.format(work=work), str(Path(__file__).parent), str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def fill(path: Path) -> None:
    """Takes all the space that is left on its disk."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1024)):
            pass


def test_the_first_trial_is_the_recipe_and_all_lie_in_their_ranges(tmp_path: Path) -> None:
    with opened(tmp_path) as trials:
        play(trials, tmp_path, 14)
        drawn = [trial.params for trial in trials.all()]
    assert drawn[0] == FIRST
    for params in drawn:
        for name, range_ in SearchSpace().items():
            assert range_.low <= params[name] <= range_.high
        with_values(Recipe(), params)  # which checks them
    assert len({json.dumps(params) for params in drawn}) == 14


def test_the_same_seed_draws_the_same_however_often_it_is_interrupted(tmp_path: Path) -> None:
    drawn, last = [], []
    for folder, parts in (("whole", [14]), ("broken", [3, 12, 14]), ("other", [14])):
        for most in parts:
            with opened(tmp_path / folder, seed=int(folder == "other")) as trials:
                play(trials, tmp_path / folder, most)
                last = [trial.params for trial in trials.all()]
        drawn.append(last)
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_what_is_found_beats_the_recipe_and_the_importance_is_seen(tmp_path: Path) -> None:
    with opened(tmp_path) as trials:
        play(trials, tmp_path, 9)
        assert trials.importances() == {}
        play(trials, tmp_path, 30)
        best, importances = trials.best(), trials.importances()
    assert best is not None
    assert best.number > 0
    assert next(iter(importances)) == "learning_rate"
    assert sum(importances.values()) == pytest.approx(1)


def test_a_killed_trial_is_marked_failed_and_repeated_with_the_same_values(tmp_path: Path) -> None:
    for repeats in range(4):
        with worker(tmp_path, BEGIN_ONE) as process:
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "begun\n"]
            with opened(tmp_path) as trials:
                trials.take_up(tmp_path / "runs")
                assert [trial.number for trial in trials.running()] == [repeats]  # for its process is alive
            process.kill()
        with opened(tmp_path) as trials:
            trials.take_up(tmp_path / "runs")
            trials.take_up(tmp_path / "runs")
            states = [trial.state for trial in trials.all()]
            drawn = [trial.params for trial in trials.all()]
        waiting = [TrialState.WAITING] if repeats < 3 else []  # it may be what kills
        assert states == [TrialState.FAIL] * (repeats + 1) + waiting
        assert drawn == [FIRST] * len(states)


def test_a_trial_whose_process_was_interrupted_is_repeated_however_often(tmp_path: Path) -> None:
    with opened(tmp_path) as trials:
        for _ in range(6):
            with trials.begin(MANY, tmp_path / "runs") as trial:
                assert trial is not None
                assert trial.params == FIRST
                trial.set_user_attr(INTERRUPTED, True)
                trials.end(trial.number, TrialState.FAIL)
            trials.take_up(tmp_path / "runs")


def test_a_trial_that_finished_but_could_not_be_recorded_is_not_repeated(tmp_path: Path) -> None:
    with worker(tmp_path, BEGIN_ONE) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "begun\n"]
        process.kill()
    run = Run(tmp_path / "runs" / "0")
    run.folder.mkdir()
    run.write_history([EpochFigures(epoch, *[epoch / 4] * 5) for epoch in (1, 2, 3)])
    run.metrics.write_text('{"best_epoch": 2}')
    with opened(tmp_path) as trials:
        trials.take_up(tmp_path / "runs")
        assert [(trial.state, trial.value) for trial in trials.all()] == [(TrialState.COMPLETE, 0.5)]
        assert trials.all()[0].user_attrs["loss"] == 0.5
        assert trials.best() is not None


def test_two_processes_share_the_trials_and_stop_at_the_number_given(tmp_path: Path) -> None:
    workers = [worker(tmp_path, "play(trials, Path(sys.argv[2]), 12)") for _ in range(2)]
    for process in workers:
        _, stderr = process.communicate(timeout=120)
        assert (process.returncode, stderr) == (0, "")
    with opened(tmp_path) as trials:
        finished = trials.all(TrialState.COMPLETE)
        assert len(finished) in (12, 13)  # both may begin the last at the same moment
        assert len({json.dumps(trial.params) for trial in finished}) == len(finished)
        assert not trials.running()


def test_a_trial_too_many_is_not_trained(tmp_path: Path) -> None:
    with opened(tmp_path) as trials:
        play(trials, tmp_path, 2)
        with trials.begin(2, tmp_path / "runs") as trial:
            assert trial is None
        trials.take_up(tmp_path / "runs")
        assert [trial.state for trial in trials.all()] == [*[TrialState.COMPLETE] * 2, TrialState.FAIL]


def test_a_trial_weaker_than_half_of_the_others_is_stopped(tmp_path: Path) -> None:
    with opened(tmp_path) as trials:
        for accuracy in (0.5, 0.6, 0.7, 0.8, 0.9):
            with trials.begin(MANY, tmp_path / "runs") as trial:
                assert trial is not None
                for epoch in (1, 2):
                    trials.report(trial, epoch, accuracy)
                trial.set_user_attr("loss", 1.0)
                trials.end(trial.number, TrialState.COMPLETE, accuracy)
        with trials.begin(MANY, tmp_path / "runs") as trial:
            assert trial is not None
            trials.report(trial, 1, 0.1)  # while the rate warms up nothing is decided
            trials.report(trial, 2, 0.75)
        with trials.begin(MANY, tmp_path / "runs") as trial:
            assert trial is not None
            with pytest.raises(optuna.TrialPruned):
                trials.report(trial, 2, 0.65)


def test_other_settings_are_named(tmp_path: Path) -> None:
    with opened(tmp_path) as trials:
        trials.check_same({"epochs": 3, "words": ("rise", "fall")})
    with opened(tmp_path) as trials:
        trials.check_same({"epochs": 3, "words": ("rise", "fall")})
        with pytest.raises(WordspotError, match="were begun with epochs 3, not 4"):
            trials.check_same({"epochs": 4, "words": ("rise", "fall")})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "nonsense is no database URL; expected one like postgresql"),
        ("foo://me:secret@here/x", r"foo://me:\*\*\*@here/x: no driver for this database is installed"),
        ("sqlite:////nowhere/at/all.db", "cannot be used: unable to open database file; finished trials are kept"),
    ],
)
def test_a_storage_that_cannot_be_reached_is_named(url: str, message: str) -> None:
    with pytest.raises(WordspotError, match=message), storage_errors_in_words("there"):
        open_storage(url)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "50% {of} it? #1 & 'more'"
    with opened(folder) as trials:
        play(trials, folder, 1)
    with opened(folder) as trials:
        assert len(trials.done()) == 1
    assert {path.name for path in folder.iterdir()} == {"runs", "study.db", "study.lock"}


def test_a_full_disk_loses_no_finished_trial(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", tmp_path], check=False).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    try:
        with opened(tmp_path) as trials:
            play(trials, tmp_path, 2)
            fill(tmp_path / "filler")
            with pytest.raises(OSError, match="No space left"), storage_errors_in_words("there"):
                play(trials, tmp_path, MANY)
            finished = [(trial.params, trial.value) for trial in trials.done()]
        assert len(finished) >= 2
        (tmp_path / "filler").unlink()
        with opened(tmp_path) as trials:
            assert [(trial.params, trial.value) for trial in trials.done()] == finished
            trials.take_up(tmp_path / "runs")
            play(trials, tmp_path, len(finished) + 1)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_ranges_lie_where_the_settings_allow(tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="noise_share is 2; it must be at least 0 and at most 1"):
        SearchSpace(noise_share=Range(0, 2))
    with pytest.raises(WordspotError, match="gain_db goes from 3 to 3; expected low < high"):
        SearchSpace(gain_db=Range(3, 3))
    for name, value in FIRST.items():
        range_ = getattr(SearchSpace(), name)
        assert range_.low <= value <= range_.high


def test_the_report_shows_the_best_first_and_what_matters(tmp_path: Path) -> None:
    results = [
        TrialResult(3, "finished", 0.9, 0.2, 8, FIRST),
        TrialResult(0, "finished", 0.8, 0.3, 8, FIRST),
        TrialResult(2, "stopped", 0.95, None, 3, FIRST),
        TrialResult(1, "diverged", None, None, 0, FIRST),
    ]
    shuffled = [results[i] for i in (2, 0, 3, 1)]
    assert sorted(shuffled, key=lambda result: result.rank) == results
    write_tune_report(tmp_path / "report.html", results, {"learning_rate": 0.7, "gain_db": 0.3}, {"Data": "<clips>"})
    page = (tmp_path / "report.html").read_text()
    assert "90.0%" in page
    assert "data:image" not in page
    assert page.count("<rect ") == 2  # one bar per setting
    assert page.count('class="dot"') == 3  # one per trial with an accuracy
    assert "&lt;clips&gt;" in page
    write_tune_report(tmp_path / "report.html", results, {}, {})
    assert "Too few trials" in (tmp_path / "report.html").read_text()
