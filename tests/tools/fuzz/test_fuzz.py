"""A short run of what `make fuzz` does at length, every fault that was ever found, and whether faults are found at all."""

import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from wordspot.data.errors import WordspotError
from wordspot.tools.fuzz import trial
from wordspot.tools.fuzz.__main__ import fuzz, keep
from wordspot.tools.fuzz.kinds import KINDS, SLOWER
from wordspot.tools.fuzz.mutation import mutated
from wordspot.tools.fuzz.trial import Trial, run_once

CORPUS = Path(__file__).parents[2] / "corpus"
FOUND = sorted(path for path in CORPUS.glob("*/*") if path.suffix != ".md")


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_faults_that_were_found_stay_mended(path: Path) -> None:
    with Trial() as one:
        assert one.run(path.parent.name, path.read_bytes()) in ("accepted", "refused")


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_run_finds_nothing(kind: str) -> None:
    with Trial() as one:
        counts = fuzz(kind, 600, 1, one)
    assert counts.faults == []
    assert counts.tried == counts.accepted + counts.refused == 600 // SLOWER.get(kind, 1)
    assert min(counts.accepted, counts.refused) >= counts.tried // 10  # both ways are tried


@pytest.mark.parametrize("kind", KINDS)
def test_cases_follow_from_the_seed(kind: str) -> None:
    def first(seed: int) -> list[bytes]:
        cases = KINDS[kind].cases(np.random.default_rng(seed))
        return [next(cases)[1] for _ in range(800)]

    assert first(3) == first(3)
    assert first(3) != first(4)


def test_changed_content_is_changed() -> None:
    rng, content = np.random.default_rng(1), bytes(range(256)) * 8
    assert sum(mutated(content, rng) != content for _ in range(200)) > 190
    assert isinstance(mutated(b"", rng), bytes)


def _refuses(content: bytes) -> None:
    raise WordspotError(content.decode())


def _fails(content: bytes) -> None:
    raise KeyError(content)


@pytest.mark.parametrize(
    ("run", "result"),
    [
        (len, "accepted"),
        (_refuses, "refused"),
        (_fails, "Traceback"),
    ],
)
def test_what_counts_as_a_fault(monkeypatch: pytest.MonkeyPatch, run: Callable, result: str) -> None:
    monkeypatch.setitem(trial.KINDS, "odd", SimpleNamespace(run=run))  # type: ignore[arg-type]
    assert run_once("odd", b"x").startswith(result)


def test_a_process_that_dies_or_hangs_is_a_fault_and_the_next_case_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "LONGEST_S", 1.0)
    with Trial() as one:
        assert one.run("sound", b"") == "refused"
        process: Any = one._process
        os.kill(process.pid, signal.SIGSTOP)
        assert one.run("sound", b"") == "not finished after 1 s"
        monkeypatch.setattr(trial, "LONGEST_S", 20.0)
        assert one.run("sound", b"") == "refused"
        process = one._process
        os.kill(process.pid, signal.SIGSEGV)
        process.join()
        assert "died with status -11" in one.run("sound", b"")
        assert one.run("sound", b"") == "refused"


def test_what_libraries_print_is_a_fault() -> None:
    with tempfile.TemporaryFile() as printed:
        assert trial._since_last(printed) == ""
        printed.write(b"Error A : 31")
        assert trial._since_last(printed) == "printed on standard output: 'Error A : 31'"
        assert trial._since_last(printed) == ""


def test_faults_are_kept_by_their_content(tmp_path: Path) -> None:
    paths = {keep(tmp_path, "sound", content) for content in (b"a", b"b", b"a")}
    assert sorted(path.read_bytes() for path in paths) == [b"a", b"b"]
    assert {path.parent.name for path in paths} == {"sound"}
