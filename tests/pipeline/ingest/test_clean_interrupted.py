"""Processes that are killed or stopped, recordings that vanish, and disks that are full."""

import errno
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wordspot.data.errors import WordspotError
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

LOOSE = CleanSettings(min_volume=0)


@pytest.fixture(scope="module")
def whole(many: Path, tmp_path_factory: pytest.TempPathFactory, tree: Callable) -> dict[str, bytes | None]:
    """What an uninterrupted run gives for `many`."""
    folder = tmp_path_factory.mktemp("whole") / "clips"
    clean(many, folder)
    return tree(folder)


def count_files(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


def interrupt(process: subprocess.Popen, clips: Path, after: int, send: Callable[[], Any]) -> bool:
    """Sends the signal once so many files are there; says whether the process had not finished by then."""
    while process.poll() is None and count_files(clips) < after:
        time.sleep(0.001)
    running = process.poll() is None
    if running:
        send()
    process.communicate(timeout=60)
    return running


def test_killed_at_any_moment_and_run_again_it_gives_the_same_bytes(
    many: Path, tmp_path: Path, tree: Callable, whole: dict, start_cleaning: Callable, cleaned_by_process: Callable
) -> None:
    rng, killed = random.Random(8), 0
    for after in sorted(rng.sample(range(330), 6)):
        with start_cleaning(many, tmp_path / "clips") as process:
            killed += interrupt(process, tmp_path / "clips", after, process.kill)
        assert process.returncode != 0 or (tmp_path / "clips/clean.json").exists()
    assert killed >= 3
    cleaned_by_process(many, tmp_path / "clips")
    assert tree(tmp_path / "clips") == whole


def test_stopped_with_control_c_and_run_again_it_gives_the_same_bytes(
    many: Path, tmp_path: Path, tree: Callable, whole: dict, start_cleaning: Callable, cleaned_by_process: Callable
) -> None:
    for after in (10, 100):  # files: past the start, in the middle of the work
        with start_cleaning(many, tmp_path / "clips") as process:
            stop = lambda pid=process.pid: os.killpg(pid, signal.SIGINT)  # noqa: E731 a terminal signals the group
            assert interrupt(process, tmp_path / "clips", after, stop)
        assert process.returncode == -signal.SIGINT
        assert not (tmp_path / "clips/clean.json").exists()
        assert not list((tmp_path / "clips/.wordspot").glob("tmp"))
    cleaned_by_process(many, tmp_path / "clips")
    assert tree(tmp_path / "clips") == whole


def test_killed_with_other_settings_and_recordings_removed_since_no_old_clip_is_taken_for_a_new_one(
    many: Path, tmp_path: Path, tree: Callable, start_cleaning: Callable
) -> None:
    source = tmp_path / "recordings"
    shutil.copytree(many, source)
    clean(source, tmp_path / "clips")
    with start_cleaning(source, tmp_path / "clips", window_ms=500) as process:
        time.sleep(0.1)
        interrupt(process, tmp_path / "clips", 100, process.kill)
    shutil.rmtree(source / "word3")
    for path in (source / "word2").glob("*_0.wav"):
        path.unlink()
    clean(source, tmp_path / "clips")
    clean(source, tmp_path / "fresh")
    written, fresh = tree(tmp_path / "clips"), tree(tmp_path / "fresh")
    assert {name: content for name, content in written.items() if name in fresh} == fresh


def removing(path: Path) -> Callable[[Iterable[Any], int], Iterator[Any]]:
    def progress(items: Iterable[Any], total: int) -> Iterator[Any]:
        for item in items:
            yield item
            path.unlink(missing_ok=True)

    return progress


def test_a_recording_that_vanishes_while_cleaning_is_named_and_the_next_run_goes_on(
    messy: Path, tmp_path: Path, is_as_new: Callable
) -> None:
    vanishing = messy / "right/ann_nohash_0.WAV"
    with pytest.raises(WordspotError, match=r"ann_nohash_0\.WAV has vanished"):
        clean(messy, tmp_path / "clips", progress=removing(vanishing))
    assert not (tmp_path / "clips/clean.json").exists()
    assert is_as_new(messy, tmp_path / "clips")


def test_a_name_that_now_belongs_to_another_recording_is_never_taken_for_done(
    messy: Path, tmp_path: Path, is_as_new: Callable
) -> None:
    clean(messy, tmp_path / "clips")
    shutil.copy(messy / "left/bob_nohash_0.wav", messy / "left/ann_nohash_0.WAV")  # takes left/ann_nohash_0.wav
    vanishing = messy / "left/ann_nohash_0.wav"
    content = vanishing.read_bytes(), vanishing.stat().st_mtime_ns
    with pytest.raises(WordspotError, match="has vanished"):
        clean(messy, tmp_path / "clips", progress=removing(vanishing))
    vanishing.write_bytes(content[0])
    os.utime(vanishing, ns=(content[1], content[1]))
    (messy / "left/ann_nohash_0.WAV").unlink()
    assert is_as_new(messy, tmp_path / "clips")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB, with 4,000 files at most."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=4000", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(command, check=False, capture_output=True, timeout=20).returncode:
        pytest.skip("mounting a file system is not permitted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True, timeout=20)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory, put_word: Callable) -> Path:
    """Sixty recordings, whose clips need 2 MB."""
    folder = tmp_path_factory.mktemp("words") / "recordings"
    for i in range(60):
        put_word(folder / f"word{i % 2}/s{i}_nohash_0.wav", np.random.default_rng(i))
    return folder


def fill(disk: Path, free_kib: int) -> Path:
    filler = disk / "filler"
    filler.write_bytes(bytes((8192 - free_kib) * 1024))
    return filler


@pytest.mark.parametrize("free_kib", [0, 8, 100, 1000, 1924, 1940, 1952])
def test_after_a_full_disk_it_goes_on_once_there_is_space(
    words: Path, small_disk: Path, tmp_path: Path, tree: Callable, free_kib: int
) -> None:
    filler = fill(small_disk, free_kib)
    with pytest.raises(OSError, match="No space left") as caught:
        clean(words, small_disk / "clips")
    assert caught.value.errno == errno.ENOSPC
    assert not (small_disk / "clips/clean.json").exists()
    filler.unlink()
    clean(words, small_disk / "clips")
    clean(words, tmp_path / "fresh")
    assert tree(small_disk / "clips") == tree(tmp_path / "fresh")


def test_a_full_disk_under_several_jobs_ends_them_all(
    words: Path, small_disk: Path, tmp_path: Path, tree: Callable, start_cleaning: Callable
) -> None:
    filler = fill(small_disk, 1000)
    with start_cleaning(words, small_disk / "clips") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"No space left" in errors.splitlines()[-1]
    filler.unlink()
    clean(words, small_disk / "clips")
    clean(words, tmp_path / "fresh")
    assert tree(small_disk / "clips") == tree(tmp_path / "fresh")


def test_a_disk_that_became_read_only_is_reported_and_nothing_changes(
    words: Path, small_disk: Path, tmp_path: Path, tree: Callable
) -> None:
    clean(words, small_disk / "clips")
    before = tree(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, timeout=20)
    for destination in ("clips", "new"):
        with pytest.raises(OSError, match="Read-only") as caught:
            clean(words, small_disk / destination, LOOSE)
        assert caught.value.errno == errno.EROFS
    assert tree(small_disk) == before


def test_a_source_on_a_read_only_disk_is_cleaned(words: Path, small_disk: Path, tmp_path: Path) -> None:
    shutil.copytree(words, small_disk / "recordings")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, timeout=20)
    assert clean(small_disk / "recordings", tmp_path / "clips").clips == 60
