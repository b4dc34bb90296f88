import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from wordspot.pipeline.workers import mapping

SCRIPT = """
import os, sys, time
from pathlib import Path
from wordspot.pipeline.workers import mapping

def square(x):
    time.sleep(float(sys.argv[2]))
    if x == int(sys.argv[3]):
        raise ValueError(f"no square of {x}")
    Path(f"worker-{os.getpid()}").touch()
    return x * x

if __name__ == "__main__":
    with mapping(square, range(1000), int(sys.argv[1])) as results:
        print(sum(1 for i, result in enumerate(results) if result == i * i))
"""


def start(folder: Path, jobs: int, sleep_s: float = 0, fails_at: int = -1) -> subprocess.Popen[str]:
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", str(jobs), str(sleep_s), str(fails_at)]
    return subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def workers(folder: Path) -> set[int]:
    return {int(path.name.removeprefix("worker-")) for path in folder.glob("worker-*")}


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_order_whatever_the_number_of_processes(tmp_path: Path, jobs: int) -> None:
    with start(tmp_path, jobs) as process:
        assert process.communicate(timeout=60) == ("1000\n", "")
        assert (workers(tmp_path) == {process.pid}) is (jobs == 1)


def test_one_job_works_in_this_process_and_only_when_asked() -> None:
    seen: list[int] = []
    with mapping(seen.append, [1, 2, 3], 1) as results:
        next(iter(results))
    assert seen == [1]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_in_a_worker_ends_the_rest(tmp_path: Path, jobs: int) -> None:
    with start(tmp_path, jobs, fails_at=500) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "ValueError: no square of 500"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see whether a process runs")
def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    with start(tmp_path, 2, sleep_s=0.01) as process:
        while len(workers(tmp_path)) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=20)
    give_up = time.monotonic() + 20
    while any(map(is_running, workers(tmp_path))):
        assert time.monotonic() < give_up
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
