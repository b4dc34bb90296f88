"""Processes that are killed, stopped or left alone at any moment: nothing is lost, and the end is always the same."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings
from wordspot.pipeline.workers import mapping

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see which processes run")

Tree = dict[str, bytes | None]
GIVE_UP_S = 60


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory, put_word: Callable) -> Path:
    """Recordings of which some are near-silent, and some there twice, under one label and under two."""
    folder = tmp_path_factory.mktemp("interrupted") / "recordings"
    rng = np.random.default_rng(11)
    for i in range(120):
        put_word(folder / f"word{i % 3}/s{i:03}_nohash_0.wav", rng, volume=0.001 if i % 9 == 0 else 0.3)
    for i in range(0, 60, 5):
        shutil.copy(folder / f"word{i % 3}/s{i:03}_nohash_0.wav", folder / f"word{i % 2}/copy{i:03}_nohash_1.wav")
    (folder / "testing_list.txt").write_text("word0/s000_nohash_0.wav\n")
    return folder


@pytest.fixture(scope="module")
def whole(recordings: Path, tmp_path_factory: pytest.TempPathFactory, tree: Callable) -> dict[str, Tree]:
    """{checks to discard for: what an uninterrupted run gives}."""
    folder = tmp_path_factory.mktemp("whole")
    for discard in ("", "duplicate"):
        clean(recordings, folder / f"clips-{discard}", CleanSettings(discard=discard))
    return {discard: tree(folder / f"clips-{discard}") for discard in ("", "duplicate")}


def start(source: Path, clips: Path, jobs: int = 2, discard: str = "", *more: str) -> subprocess.Popen[str]:
    """`wordspot clean` in a process group of its own."""
    command = [sys.executable, "-m", "wordspot.tools.cli", "clean", source, clips, "--jobs", str(jobs)]
    options = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    return subprocess.Popen([*command, "--discard", discard, *more], **options)


def wait_until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + GIVE_UP_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.001)


def has_begun(process: subprocess.Popen, clips: Path, files: int = 1) -> Callable[[], bool]:
    """Whether so many files are there, the lock being the first, or the process has ended."""
    return lambda: process.poll() is not None or sum(len(names) for *_, names in os.walk(clips)) >= files


def state(pid: int) -> str:
    """`R` running, `S` sleeping, `T` stopped, `Z` or `X` dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def workers(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def are_dead(pids: list[int]) -> Callable[[], bool]:
    return lambda: all(state(pid) in "ZX" for pid in pids)


@pytest.mark.parametrize(
    ("jobs", "discard", "whom"),
    [(1, "duplicate", "group"), (2, "", "group"), (2, "", "parent"), (2, "duplicate", "parent")],
)
def test_killed_at_random_moments_the_next_run_gives_the_same_bytes(
    recordings: Path, tmp_path: Path, tree: Callable, whole: dict[str, Tree], jobs: int, discard: str, whom: str
) -> None:
    with start(recordings, tmp_path / "clips", jobs, discard) as process:
        wait_until(has_begun(process, tmp_path / "clips"))
        began = time.monotonic()
        process.communicate(timeout=GIVE_UP_S)
        duration_s = time.monotonic() - began
    assert tree(tmp_path / "clips") == whole[discard]
    rng, killed = random.Random(f"{jobs}{discard}{whom}"), 0
    for moment in range(5):
        clips = tmp_path / str(moment)
        with start(recordings, clips, jobs, discard) as process:
            wait_until(has_begun(process, clips))
            time.sleep(rng.uniform(0, 0.9 * duration_s))
            family = [process.pid, *workers(process.pid)]
            (os.killpg if whom == "group" else os.kill)(process.pid, signal.SIGKILL)
        wait_until(are_dead(family))
        killed += process.returncode == -signal.SIGKILL
        clean(recordings, clips, CleanSettings(discard=discard))
        assert tree(clips) == whole[discard]
    assert killed > 0


KILLED_AT_EVERY_CHANGE = """
import os, shutil, signal, sys
from pathlib import Path
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

source, before, clips = map(Path, sys.argv[1:])

def run():
    clean(source, clips, CleanSettings(discard="duplicate"))

def tree():
    return {str(path): path.read_bytes() for path in sorted(clips.rglob("*")) if path.is_file()}

def set_up():
    shutil.rmtree(clips, ignore_errors=True)
    shutil.copytree(before, clips)

def killed_before_change(number):
    pid = os.fork()
    if pid == 0:
        left = number
        def count(event, arguments):
            nonlocal left
            if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir") and str(clips) in str(arguments[0]):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        run()
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL

run()
whole, number = tree(), 1
set_up()
while killed_before_change(number):
    run()
    assert tree() == whole, number
    number += 1
    set_up()
print(number)
"""


def test_killed_before_any_change_of_its_folder_the_next_run_gives_the_same_bytes(
    recordings: Path, tmp_path: Path
) -> None:
    source = tmp_path / "few"
    for path in sorted(recordings.rglob("*_nohash_*.wav"))[::20]:
        (source / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, source / path.parent.name)
    shutil.copytree(source / "word0", source / "word9")
    clean(source, tmp_path / "before", CleanSettings(discard="duplicate"))
    next((source / "word0").iterdir()).unlink()
    (source / "word9").rename(source / "word8")
    script = [sys.executable, "-c", KILLED_AT_EVERY_CHANGE, source, tmp_path / "before", tmp_path / "clips"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30


@pytest.mark.parametrize("files", [1, 60])
@pytest.mark.parametrize(("jobs", "whom"), [(1, "group"), (2, "group"), (2, "parent")])
def test_control_c_ends_it_with_status_130_and_one_line(
    recordings: Path, tmp_path: Path, tree: Callable, whole: dict[str, Tree], files: int, jobs: int, whom: str
) -> None:
    clips = tmp_path / "clips"
    with start(recordings, clips, jobs) as process:
        wait_until(has_begun(process, clips, files))
        family = workers(process.pid)
        (os.killpg if whom == "group" else os.kill)(process.pid, signal.SIGINT)
        output = process.communicate(timeout=GIVE_UP_S)
    assert (process.returncode, *output) == (130, "", "wordspot: interrupted; nothing is lost\n")
    wait_until(are_dead(family))
    assert not list((clips / ".wordspot").glob("tmp*"))
    clean(recordings, clips)
    assert tree(clips) == whole[""]


@pytest.mark.parametrize("files", [1, 60])
def test_terminated_it_ends_with_its_workers_and_the_next_run_goes_on(
    recordings: Path, tmp_path: Path, tree: Callable, whole: dict[str, Tree], files: int
) -> None:
    clips = tmp_path / "clips"
    with start(recordings, clips) as process:
        wait_until(has_begun(process, clips, files))
        family = workers(process.pid)
        process.terminate()
        output = process.communicate(timeout=GIVE_UP_S)
    assert (process.returncode, *output) == (-signal.SIGTERM, "", "")
    wait_until(are_dead(family))
    clean(recordings, clips)
    assert tree(clips) == whole[""]


def test_terminated_it_leaves_no_temporary_file(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with start(recordings, tmp_path / "clips", 2, "", "--dry-run") as process:
        wait_until(lambda: process.poll() is not None or len(list((tmp_path / "temporary").glob("*/.wordspot/*"))) >= 2)
        process.terminate()
        output = process.communicate(timeout=GIVE_UP_S)
    assert (process.returncode, *output) == (-signal.SIGTERM, "", "")
    assert not list((tmp_path / "temporary").iterdir())


def test_a_worker_that_is_killed_ends_it_with_one_line_and_the_next_run_goes_on(
    recordings: Path, tmp_path: Path, tree: Callable, whole: dict[str, Tree]
) -> None:
    clips = tmp_path / "clips"
    with start(recordings, clips) as process:
        wait_until(has_begun(process, clips, 20))
        victim, *others = workers(process.pid)
        os.kill(victim, signal.SIGKILL)
        output, errors = process.communicate(timeout=GIVE_UP_S)
    assert (process.returncode, output) == (1, "")
    assert errors.startswith("wordspot: a worker process was killed")
    assert errors.count("\n") == 1
    wait_until(are_dead(others))
    clean(recordings, clips)
    assert tree(clips) == whole[""]


@pytest.fixture
def stopped(recordings: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A cleaner that has made some clips and stands still, its workers too."""
    with start(recordings, tmp_path / "clips") as process:
        wait_until(has_begun(process, tmp_path / "clips", 20))
        family = [process.pid, *workers(process.pid)]
        os.killpg(process.pid, signal.SIGSTOP)
        wait_until(lambda: all(state(pid) == "T" for pid in family))
        try:
            yield process
        finally:
            for pid in family:
                if state(pid) == "T":
                    os.kill(pid, signal.SIGKILL)


def test_a_worker_that_wakes_after_its_parent_was_killed_changes_nothing(
    recordings: Path, tmp_path: Path, tree: Callable, stopped: subprocess.Popen[str]
) -> None:
    family = workers(stopped.pid)
    stopped.kill()
    stopped.wait()
    settings = CleanSettings(window_ms=500)
    clean(recordings, tmp_path / "clips", settings)
    for pid in family:
        os.kill(pid, signal.SIGCONT)
    wait_until(are_dead(family))
    clean(recordings, tmp_path / "fresh", settings)
    assert tree(tmp_path / "clips") == tree(tmp_path / "fresh")


def test_a_second_cleaner_is_refused_in_one_line_and_the_first_finishes(
    recordings: Path, tmp_path: Path, tree: Callable, whole: dict[str, Tree], stopped: subprocess.Popen[str]
) -> None:
    clips = tmp_path / "clips"
    with start(recordings, clips, discard="duplicate") as second:
        output, errors = second.communicate(timeout=GIVE_UP_S)
    assert (second.returncode, output) == (1, "")
    assert errors == f"wordspot: another process is cleaning into {clips}: wait until it has finished\n"
    os.killpg(stopped.pid, signal.SIGCONT)
    stopped.communicate(timeout=GIVE_UP_S)
    assert stopped.returncode == 0
    assert tree(clips) == whole[""]


def test_recordings_that_vanish_are_reported_in_one_line_and_the_next_run_goes_on(
    recordings: Path, tmp_path: Path, tree: Callable, whole: dict[str, Tree], stopped: subprocess.Popen[str]
) -> None:
    recordings.rename(tmp_path / "elsewhere")
    os.killpg(stopped.pid, signal.SIGCONT)
    output = stopped.communicate(timeout=GIVE_UP_S)
    (tmp_path / "elsewhere").rename(recordings)
    message = f"{recordings} has vanished while cleaning: nothing is lost, run the same command again to go on"
    assert (stopped.returncode, *output) == (1, "", f"wordspot: {message}\n")
    clean(recordings, tmp_path / "clips")
    assert tree(tmp_path / "clips") == whole[""]


@pytest.mark.parametrize("how", [shutil.rmtree, lambda clips: clips.rename(clips.with_name("elsewhere"))])
def test_a_destination_that_vanishes_is_reported_in_one_line_and_the_next_run_begins_anew(
    recordings: Path,
    tmp_path: Path,
    tree: Callable,
    whole: dict[str, Tree],
    stopped: subprocess.Popen[str],
    how: Callable,
) -> None:
    clips = tmp_path / "clips"
    how(clips)
    os.killpg(stopped.pid, signal.SIGCONT)
    output, errors = stopped.communicate(timeout=GIVE_UP_S)
    assert (stopped.returncode, output) == (1, "")
    assert errors.startswith(f"wordspot: {clips} was deleted or changed while cleaning")
    assert errors.count("\n") == 1
    clean(recordings, clips)
    assert tree(clips) == whole[""]


@pytest.mark.parametrize("name", ["word0/s003_nohash_0.wav", "metadata.csv", "report.html", "clean.json"])
def test_a_file_that_a_power_cut_left_empty_is_made_again(
    recordings: Path, tmp_path: Path, tree: Callable, whole: dict[str, Tree], name: str
) -> None:
    clips = tmp_path / "clips"
    clean(recordings, clips)
    os.truncate(clips / name, 0)
    assert not clean(recordings, clips).already_clean
    assert tree(clips) == whole[""]


def touch_slowly(path: Path) -> None:
    path.touch()
    time.sleep(0.05)


def test_what_is_left_of_a_chunk_is_dropped_when_nobody_wants_it(tmp_path: Path) -> None:
    def hang_up() -> None:
        with mapping(touch_slowly, [tmp_path / str(i) for i in range(128)], 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hang_up()
    assert len(list(tmp_path.iterdir())) < 128
