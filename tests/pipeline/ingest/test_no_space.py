"""Disks that are full or read-only, as `wordspot clean` meets them: small real file systems."""

import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

PAGE = 4096  # what tmpfs counts in
FULL = "the disk is full; free some space and run the same command again (train with --resume), it goes on\n"
PHASES = ("clips", "tables", "report")
GROUPS = {  # what is written, in its order
    "clips": ("*/*.wav", ".wordspot/journal.jsonl"),
    "tables": ("*.csv",),
    "report": ("report.html", "validation_list.txt"),
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory, put_word: Callable) -> Path:
    """Forty recordings and two that are there twice."""
    folder = tmp_path_factory.mktemp("space") / "recordings"
    for i in range(40):
        put_word(folder / f"word{i % 2}/s{i}_nohash_0.wav", np.random.default_rng(i), seconds=1.0)
    for i in range(2):
        shutil.copy(folder / f"word{i}/s{i}_nohash_0.wav", folder / f"word{i}/t{i}_nohash_0.wav")
    (folder / "validation_list.txt").write_text("word0/s0_nohash_0.wav\n")
    return folder


@pytest.fixture(scope="module")
def whole(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a disk with enough space gets."""
    folder = tmp_path_factory.mktemp("whole") / "clips"
    clean(recordings, folder)
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a file system of so many bytes, with `mount`'s other arguments, at most one a test."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(*arguments: str) -> Path:
        done = subprocess.run(["mount", *arguments, place], check=False, capture_output=True, text=True, timeout=20)
        if done.returncode:
            pytest.skip(f"mounting a file system is not permitted here: {done.stderr.strip()}")
        return place

    yield mount
    while place.is_mount():
        subprocess.run(["umount", place], check=True, timeout=20)


def in_memory(size_bytes: int) -> tuple[str, ...]:
    return ("-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs")


def space(folder: Path, group: str) -> int:
    """Bytes that a group of files takes, in whole pages."""
    paths = [path for pattern in GROUPS[group] for path in folder.glob(pattern)]
    return sum(-(-path.stat().st_size // PAGE) * PAGE for path in paths)


def is_whole(path: Path) -> bool:
    """Whether a WAV file holds what its header promises."""
    content = path.read_bytes()
    return len(content) >= 44 and struct.unpack("<I", content[40:44])[0] == len(content) - 44


def check_nothing_is_half_written(clips: Path, whole: Path) -> None:
    assert all(map(is_whole, clips.glob("*/*.wav")))
    assert not list(clips.rglob(".tmp-*"))
    assert not list(clips.glob(".wordspot/tmp*"))
    made = [name for name in ("metadata.csv", "discarded.csv", "report.html") if (clips / name).exists()]
    assert all((clips / name).read_bytes() == (whole / name).read_bytes() for name in made)
    assert not (clips / "clean.json").exists()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("phase", "share"), [("clips", 0.0), ("clips", 0.5), ("tables", 0.5), ("report", 0.5)])
def test_a_full_disk_is_reported_in_one_line_and_after_freeing_space_the_same_command_finishes(
    recordings: Path,
    whole: Path,
    disk: Callable,
    tree: Callable,
    wordspot: Callable,
    phase: str,
    share: float,
    jobs: int,
) -> None:
    before = PHASES[: PHASES.index(phase)]
    wanted = sum(space(whole, group) for group in before) + round(share * space(whole, phase))
    filler_size = 2 << 20
    clips = disk(*in_memory(wanted + filler_size)) / "clips"
    filler = clips.with_name("filler")
    filler.write_bytes(bytes(filler_size))
    done = wordspot("clean", recordings, clips, "--jobs", jobs)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"wordspot: {clips}")
    assert done.stderr.endswith(FULL)
    assert done.stderr.count("\n") == 1
    check_nothing_is_half_written(clips, whole)
    assert [(clips / name).exists() for name in ("metadata.csv", "report.html")] == [phase == "report", False]
    filler.unlink()
    clean(recordings, clips)
    assert tree(clips) == tree(whole)


@pytest.mark.parametrize("inodes", [4, 30])
def test_a_disk_that_takes_no_more_files_is_reported_like_a_full_one(
    recordings: Path, whole: Path, disk: Callable, tree: Callable, wordspot: Callable, inodes: int
) -> None:
    clips = disk("-t", "tmpfs", "-o", f"size=8m,nr_inodes={inodes}", "tmpfs") / "clips"
    done = wordspot("clean", recordings, clips)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(FULL)
    assert done.stderr.count("\n") == 1
    subprocess.run(["mount", "-o", "remount,nr_inodes=4000", clips.parent], check=True, timeout=20)
    clean(recordings, clips)
    assert tree(clips) == tree(whole)


def test_a_full_disk_with_a_journal_of_blocks_is_no_different(
    recordings: Path, whole: Path, disk: Callable, tree: Callable, wordspot: Callable, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(3 << 20))
    if not shutil.which("mkfs.ext4"):
        pytest.skip("mkfs.ext4 is not installed")
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True, timeout=20)
    clips = disk("-o", "loop", str(image)) / "clips"
    filler = clips.with_name("filler")
    filler.write_bytes(bytes(1 << 20))
    done = wordspot("clean", recordings, clips)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(FULL)
    assert done.stderr.count("\n") == 1
    check_nothing_is_half_written(clips, whole)
    filler.unlink()
    clean(recordings, clips)
    assert tree(clips) == tree(whole)


@pytest.mark.parametrize("destination", ["new", "clips"])
def test_a_read_only_disk_is_reported_in_one_line(
    recordings: Path, whole: Path, disk: Callable, tree: Callable, wordspot: Callable, destination: str
) -> None:
    place = disk(*in_memory(8 << 20))
    shutil.copytree(whole, place / "clips")
    before = tree(place)
    subprocess.run(["mount", "-o", "remount,ro", place], check=True, timeout=20)
    done = wordspot("clean", recordings, place / destination, "--min-volume", 0)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("Read-only file system: choose a folder that you may write to\n")
    assert done.stderr.count("\n") == 1
    assert tree(place) == before


def test_a_folder_that_may_not_be_written_to_is_named(unprivileged: Path, put_word: Callable) -> None:
    (unprivileged / "closed").mkdir(mode=0o500)
    put_word(unprivileged / "recordings/left/a.wav", np.random.default_rng(1))
    with pytest.raises(PermissionError) as caught:
        clean(unprivileged / "recordings", unprivileged / "closed/clips")
    assert caught.value.filename == "closed/clips"


def test_a_disk_that_fills_up_while_an_old_folder_is_made_anew_loses_nothing(
    recordings: Path, whole: Path, disk: Callable, tree: Callable, wordspot: Callable
) -> None:
    """The second run writes longer clips in the place of the first run's, which go first."""
    clips = disk(*in_memory(2 << 20)) / "clips"
    clean(recordings, clips)
    done = wordspot("clean", recordings, clips, "--window-ms", 3000)
    assert done.returncode == 1
    assert done.stderr.endswith(FULL)
    assert all(map(is_whole, clips.glob("*/*.wav")))
    subprocess.run(["mount", "-o", "remount,size=16m", clips.parent], check=True, timeout=20)
    settings = CleanSettings(window_ms=3000)
    clean(recordings, clips, settings)
    fresh = clips.with_name("fresh")
    clean(recordings, fresh, settings)
    assert tree(clips) == tree(fresh)
