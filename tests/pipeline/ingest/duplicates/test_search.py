"""Duplicates and near-duplicates, through real folders."""

import itertools
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from wordspot.data.clips import read_clip_table
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.result import CleanResult, DuplicateGroups, LabelCounts
from wordspot.pipeline.ingest.settings import CleanSettings

DISCARD_BOTH = CleanSettings(discard="duplicate,near-duplicate")
RNG = np.random.default_rng(5)


def int16(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound * 32_768), -32_768, 32_767).astype(np.int16)


def other_noise(level: float) -> np.ndarray:
    return RNG.normal(0, level, 16_000)


def write(folder: Path, sounds: dict[str, np.ndarray]) -> Path:
    for name, sound in sounds.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, int16(sound), 16_000)
    return folder


def named(folder: Path, rows: Callable) -> dict[str, tuple[str, str]]:
    """{recording: (duplicate of, near-duplicate of)} of those that have one."""
    table = rows(folder / "metadata.csv") + rows(folder / "discarded.csv")
    pairs = {row["source"]: (row["duplicate_of"], row["near_duplicate_of"]) for row in table}
    return {source: pair for source, pair in sorted(pairs.items()) if any(pair)}


def test_of_one_label_the_first_by_path_is_kept_and_the_others_are_named_after_it(
    tmp_path: Path, rows: Callable, take: Callable
) -> None:
    sounds = {f"left/{name}.wav": take(1) for name in ("b_nohash_0", "a_nohash_0", "c/a_nohash_0")}
    sounds |= {"left/d.wav": np.roll(take(1), 50) + other_noise(0.002), "left/0.wav": take(2)}
    result = clean(write(tmp_path / "messy", sounds), tmp_path / "clips")
    first = "left/a_nohash_0.wav"
    assert named(tmp_path / "clips", rows) == {
        "left/b_nohash_0.wav": (first, ""),
        "left/c/a_nohash_0.wav": (first, ""),
        "left/d.wav": ("", first),
    }
    assert result.labels["left"].flagged == {"duplicate": 2, "near_duplicate": 1}
    assert result.duplicates_across == DuplicateGroups(0, 1)


def test_under_different_labels_all_are_named_for_nobody_knows_which_label_is_right(
    tmp_path: Path, rows: Callable, take: Callable
) -> None:
    near = np.roll(take(2), 50) + other_noise(0.002)
    sounds = {"left/a.wav": take(1), "right/a.wav": take(1), "right/b.wav": take(1)}
    sounds |= {"left/x.wav": take(2), "right/x.wav": near, "up/y.wav": take(3)}
    result = clean(write(tmp_path / "messy", sounds), tmp_path / "clips")
    assert named(tmp_path / "clips", rows) == {
        "left/a.wav": ("right/a.wav", ""),
        "left/x.wav": ("", "right/x.wav"),
        "right/a.wav": ("left/a.wav", ""),
        "right/b.wav": ("left/a.wav", ""),
        "right/x.wav": ("", "left/x.wav"),
    }
    assert result.duplicates_across == DuplicateGroups(2, 0)
    clean(tmp_path / "messy", tmp_path / "kept", DISCARD_BOTH)
    assert [clip.file_name for clip in read_clip_table(tmp_path / "kept")] == ["up/y.wav"]


def test_discards_and_long_sound_are_nobodys_duplicates(tmp_path: Path, rows: Callable, take: Callable) -> None:
    sounds = {"left/quiet.wav": 0.01 * take(1), "left/short.wav": take(2)[8_000:10_000], "_noise_/a.wav": take(3)}
    sounds |= {"right/quiet.wav": 0.01 * take(1), "right/short.wav": take(2)[8_000:10_000], "right/a.wav": take(3)}
    result = clean(write(tmp_path / "messy", sounds), tmp_path / "clips")
    assert (result.clips, named(tmp_path / "clips", rows)) == (1, {})


# -- leaving them out --


@pytest.fixture(scope="module")
def duplicates(tmp_path_factory: pytest.TempPathFactory, take: Callable) -> Path:
    """Fifty takes; of each fourth there is a copy, of each fifth a near-duplicate: too many to compare all with all."""
    sounds = {f"left/{seed}.wav": take(seed) for seed in range(50)}
    sounds |= {f"left/{seed}-copy.wav": 0.5 * take(seed) for seed in range(0, 50, 4)}
    sounds |= {f"right/{seed}.wav": take(seed) + other_noise(0.001) for seed in range(0, 50, 5)}
    return write(tmp_path_factory.mktemp("duplicates") / "recordings", sounds)


@pytest.fixture
def few(tmp_path: Path, take: Callable) -> Path:
    """Six takes; of two there is a copy, of another one a near-duplicate."""
    sounds = {f"left/{seed}.wav": take(seed) for seed in range(6)}
    sounds |= {"left/1-copy.wav": take(1), "left/4-copy.wav": 0.5 * take(4)}
    sounds["left/3-near.wav"] = np.roll(take(3), 100) + other_noise(0.002)
    return write(tmp_path / "messy", sounds)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("left/*.wav")}


def test_leaving_them_out_keeps_one_of_each_and_the_next_run_has_nothing_to_do(
    few: Path, tmp_path: Path, rows: Callable, tree: Callable
) -> None:
    clean(few, tmp_path / "all")
    result = clean(few, tmp_path / "clips", DISCARD_BOTH)
    assert files(tmp_path / "all") - files(tmp_path / "clips") == {"1.wav", "3.wav", "4.wav"}  # "1-copy" sorts first
    assert {row["file_name"] for row in rows(tmp_path / "clips/metadata.csv")} == {
        f"left/{name}" for name in files(tmp_path / "clips")
    }
    assert result.labels["left"] == LabelCounts(9, 6, {"duplicate": 2, "near_duplicate": 1})
    discarded = {row["source"]: row for row in rows(tmp_path / "clips/discarded.csv")}
    assert discarded["left/1.wav"]["reason"] == "duplicate"
    assert discarded["left/1.wav"]["detail"] == "duplicate of left/1-copy.wav"
    assert discarded["left/3.wav"]["detail"] == "near duplicate of left/3-near.wav"
    before = tree(tmp_path / "clips")
    again = clean(few, tmp_path / "clips", DISCARD_BOTH)
    assert again == CleanResult(result.labels, 0, result.duplicates_across, already_clean=True)
    assert tree(tmp_path / "clips") == before


CHANGES: dict[str, Callable[[Path], Any]] = {
    "a recording added": lambda few: shutil.copy(few / "left/2.wav", few / "left/6.wav"),
    "a first copy added": lambda few: shutil.copy(few / "left/2.wav", few / "left/0-copy-of-2.wav"),
    "a label added": lambda few: shutil.copytree(few / "left", few / "right"),
    "the copy that was kept removed": lambda few: (few / "left/1-copy.wav").unlink(),
    "the copy that was left out removed": lambda few: (few / "left/1.wav").unlink(),
    "the copy that was kept made another": lambda few: shutil.copy(few / "left/5.wav", few / "left/1-copy.wav"),
    "nothing else than the clip of one that was kept removed": lambda few: (
        few.parent / "clips/left/1-copy.wav"
    ).unlink(),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("settings", [CleanSettings(), DISCARD_BOTH], ids=["noted", "left out"])
def test_after_a_change_the_folder_is_as_if_made_anew(
    few: Path, tmp_path: Path, is_as_new: Callable, name: str, settings: CleanSettings
) -> None:
    clean(few, tmp_path / "clips", settings)
    CHANGES[name](few)
    assert is_as_new(few, tmp_path / "clips", settings)


@pytest.mark.parametrize(("first", "then"), [*itertools.permutations([CleanSettings(), DISCARD_BOTH])])
def test_after_other_settings_too(
    few: Path, tmp_path: Path, is_as_new: Callable, first: CleanSettings, then: CleanSettings
) -> None:
    clean(few, tmp_path / "clips", first)
    assert is_as_new(few, tmp_path / "clips", then)


def test_the_number_of_jobs_does_not_matter(
    duplicates: Path, tmp_path: Path, tree: Callable, cleaned_by_process: Callable
) -> None:
    clean(duplicates, tmp_path / "1", DISCARD_BOTH)
    cleaned_by_process(duplicates, tmp_path / "2", jobs=2, discard=DISCARD_BOTH.discard)
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


class StoppedError(Exception):
    pass


def stopping_after(count: int) -> Callable[[Iterable[Any], int], Iterator[Any]]:
    def progress(items: Iterable[Any], total: int) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == count:
                raise StoppedError
            yield item

    return progress


def test_stopped_after_any_number_of_recordings_the_next_run_gives_the_same(
    few: Path, tmp_path: Path, tree: Callable
) -> None:
    clean(few, tmp_path / "whole", DISCARD_BOTH)
    for count in range(9):
        with pytest.raises(StoppedError):
            clean(few, tmp_path / "clips", DISCARD_BOTH, progress=stopping_after(count))
        assert not (tmp_path / "clips/clean.json").exists()
        clean(few, tmp_path / "clips", DISCARD_BOTH)
        assert tree(tmp_path / "clips") == tree(tmp_path / "whole")
        shutil.rmtree(tmp_path / "clips")


# an interrupt between opening a file and the block that closes it leaves the file to the garbage collector
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_stopped_at_any_moment_of_the_search_the_next_run_gives_the_same(
    duplicates: Path, tmp_path: Path, tree: Callable
) -> None:
    """Ctrl-C while the duplicates are looked for, their clips taken away, and the tables written."""
    clean(duplicates, tmp_path / "whole", DISCARD_BOTH)
    stopped = 0
    for delay_s in (0.001, 0.02, 0.05, 0.1, 0.2, 0.3):

        def progress(items: Iterable[Any], total: int, delay_s: float = delay_s) -> Iterator[Any]:
            yield from items
            signal.setitimer(signal.ITIMER_REAL, delay_s)

        previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            clean(duplicates, tmp_path / "clips", DISCARD_BOTH, progress=progress)
        except KeyboardInterrupt:
            stopped += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
    assert stopped >= 2
    clean(duplicates, tmp_path / "clips", DISCARD_BOTH)
    assert tree(tmp_path / "clips") == tree(tmp_path / "whole")
