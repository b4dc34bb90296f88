"""Jobs, runs again, changes, dry runs and refusals."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wordspot.data.clips import read_clip_table
from wordspot.data.errors import WordspotError
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

LOOSE = CleanSettings(min_volume=0)


def test_the_output_does_not_depend_on_the_number_of_jobs(
    many: Path, tmp_path: Path, tree: Callable, cleaned_by_process: Callable
) -> None:
    clean(many, tmp_path / "1")
    for jobs in (2, 3):
        cleaned_by_process(many, tmp_path / str(jobs), jobs=jobs)
        assert tree(tmp_path / str(jobs)) == tree(tmp_path / "1")


def test_a_second_run_does_nothing(messy: Path, tmp_path: Path, tree: Callable, stamps: Callable) -> None:
    first = clean(messy, tmp_path / "clips")
    before = tree(tmp_path / "clips"), stamps(tmp_path / "clips")
    second = clean(messy, tmp_path / "clips")
    assert second.already_clean
    assert (second.labels, second.long_sounds) == (first.labels, first.long_sounds)
    assert (tree(tmp_path / "clips"), stamps(tmp_path / "clips")) == before


def add_before(messy: Path) -> None:
    shutil.copy(messy / "left/ann_nohash_0.wav", messy / "left/ann_nohash_0.WAV")
    shutil.copy(messy / "right/Ann_nohash_0.ogg", messy / "left/ann_nohash_0.ogg")


def change(messy: Path) -> None:
    content = bytearray((messy / "left/ann_nohash_0.wav").read_bytes())
    content[44:46] = b"\x01\x01"
    (messy / "left/ann_nohash_0.wav").write_bytes(content)


def without(path: str) -> Callable[[Path], None]:
    """Removes a file or a label; the split list names another recording then."""

    def remove(messy: Path) -> None:
        (messy / "validation_list.txt").write_text("right/Ann_nohash_0.ogg\n")
        shutil.rmtree(messy / path) if (messy / path).is_dir() else (messy / path).unlink()

    return remove


def rename_label(messy: Path) -> None:
    (messy / "left").rename(messy / "port")
    (messy / "validation_list.txt").write_text("port/ann_nohash_0.wav\n")


def swap_kinds(messy: Path) -> None:
    shutil.copy(messy / "left/ann_nohash_0.wav", messy / "left/quiet.wav")
    (messy / "left/bob_nohash_0.wav").write_text("no longer a sound")


CHANGES: dict[str, Callable[[Path], Any]] = {
    "a recording added in front": add_before,
    "a recording changed": change,
    "a recording removed": without("left/ann_nohash_0.wav"),
    "the first of two of a name removed": lambda messy: (messy / "left/bob_nohash_0.flac").unlink(),
    "a discard removed": lambda messy: (messy / "left/quiet.wav").unlink(),
    "a label removed": without("left"),
    "a label renamed": rename_label,
    "a clip that no longer qualifies and one that now does": swap_kinds,
    "long sound removed": lambda messy: shutil.rmtree(messy / "_background_noise_"),
    "a split list added": lambda messy: (messy / "testing_list.txt").write_text("left/bob_nohash_0.wav\n"),
    "a split list changed": lambda messy: (messy / "validation_list.txt").write_text("left/bob_nohash_0.wav\n"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_after_a_change_the_folder_is_as_if_made_anew(
    messy: Path, tmp_path: Path, is_as_new: Callable, name: str
) -> None:
    clean(messy, tmp_path / "clips")
    CHANGES[name](messy)
    assert is_as_new(messy, tmp_path / "clips")


def test_only_what_changed_is_worked_on(messy: Path, tmp_path: Path, stamps: Callable) -> None:
    clean(messy, tmp_path / "clips")
    before = stamps(tmp_path / "clips")
    change(messy)
    clean(messy, tmp_path / "clips")
    after = stamps(tmp_path / "clips")
    changed = {Path(path).name for path, stamp in after.items() if Path(path).is_file() and before[path] != stamp}
    assert changed == {
        "ann_nohash_0.wav",
        "metadata.csv",
        "discarded.csv",
        "clean.json",
        "validation_list.txt",
        "report.html",
    }


@pytest.mark.parametrize(
    "settings",
    [
        CleanSettings(min_volume=0.12),
        CleanSettings(min_volume=0.02),
        CleanSettings(window_ms=500),
        CleanSettings(window="loudest"),
        CleanSettings(discard="wrong_format", flag="too-short"),
        LOOSE,
    ],
)
def test_changed_settings_clean_everything_anew_and_drop_what_no_longer_qualifies(
    messy: Path, tmp_path: Path, is_as_new: Callable, settings: CleanSettings
) -> None:
    clean(messy, tmp_path / "clips")
    assert is_as_new(messy, tmp_path / "clips", settings)


@pytest.mark.parametrize(
    "name", ["left/ann_nohash_0.wav", "metadata.csv", "discarded.csv", "report.html", "clean.json"]
)
def test_a_file_that_was_deleted_is_made_again(messy: Path, tmp_path: Path, is_as_new: Callable, name: str) -> None:
    clean(messy, tmp_path / "clips")
    (tmp_path / "clips" / name).unlink()
    assert is_as_new(messy, tmp_path / "clips")


def test_files_that_a_killed_process_left_half_written_go(messy: Path, tmp_path: Path, is_as_new: Callable) -> None:
    clean(messy, tmp_path / "clips")
    (tmp_path / "clips/clean.json").unlink()
    for name in (".tmp-123-abcd.csv", ".wordspot/.tmp-123-abcd.jsonl"):
        (tmp_path / "clips" / name).write_text("half")
    (tmp_path / "clips/.wordspot/tmp").mkdir()
    (tmp_path / "clips/.wordspot/tmp/123.wav").write_text("half")
    assert is_as_new(messy, tmp_path / "clips")


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
def test_a_journal_cut_short_is_made_whole(messy: Path, tmp_path: Path, is_as_new: Callable, keep: float) -> None:
    clean(messy, tmp_path / "clips")
    journal = tmp_path / "clips/.wordspot/journal.jsonl"
    content = journal.read_bytes()
    journal.write_bytes(content[: int(keep * len(content))])
    assert is_as_new(messy, tmp_path / "clips")


@pytest.mark.parametrize("exists", [False, True])
def test_a_dry_run_tells_the_same_and_writes_nothing(
    messy: Path, tmp_path: Path, tree: Callable, stamps: Callable, exists: bool
) -> None:
    if exists:
        clean(messy, tmp_path / "clips", LOOSE)
    before = tree(tmp_path), stamps(tmp_path)
    result = clean(messy, tmp_path / "clips", dry_run=True)
    assert (tree(tmp_path), stamps(tmp_path)) == before
    assert result == clean(messy, tmp_path / "other")


def other_source(messy: Path, clips: Path) -> tuple[Path, Path]:
    shutil.copytree(messy / "left", messy.with_name("other") / "left")
    return messy.with_name("other"), clips


def something_else(messy: Path, clips: Path) -> tuple[Path, Path]:
    (clips.with_name("photos")).mkdir()
    (clips.with_name("photos") / "me.jpg").write_text("x")
    return messy, clips.with_name("photos")


def through_a_link(messy: Path, clips: Path) -> tuple[Path, Path]:
    clips.with_name("link").symlink_to(messy)
    return messy, clips.with_name("link") / "clips"


REFUSALS: dict[str, tuple[Callable[[Path, Path], tuple[Path, Path]], str]] = {
    "inside the source": (lambda messy, clips: (messy, messy / "clips"), "lies inside"),
    "the source itself": (lambda messy, clips: (messy, messy), "lies inside"),
    "inside the source through a link": (through_a_link, "lies inside"),
    "around the source": (lambda messy, clips: (messy, messy.parent), "holds something else"),
    "something else": (something_else, "holds something else"),
    "a file": (lambda messy, clips: (messy, clips / "metadata.csv"), "is a file"),
    "another source": (other_source, "holds the clips of .*messy"),
    "no source": (lambda messy, clips: (messy / "nowhere", clips), "does not exist"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused_with_nothing_changed(
    messy: Path, tmp_path: Path, tree: Callable, stamps: Callable, name: str
) -> None:
    clean(messy, tmp_path / "clips")
    prepare, message = REFUSALS[name]
    source, destination = prepare(messy, tmp_path / "clips")
    before = tree(tmp_path), stamps(tmp_path)
    with pytest.raises(WordspotError, match=message):
        clean(source, destination)
    assert (tree(tmp_path), stamps(tmp_path)) == before


def test_a_table_that_says_the_same_is_left_alone_while_nothing_else_changes(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    table = tmp_path / "clips/metadata.csv"
    table.write_text(saved := table.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    assert clean(messy, tmp_path / "clips").already_clean
    assert table.read_text(encoding="utf-8") == saved
    assert len(read_clip_table(tmp_path / "clips")) > 1


HOLD = """
import sys
from pathlib import Path
from wordspot.pipeline.ingest.journal import Journal
with Journal(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_cleaner_is_refused_while_the_first_works(
    messy: Path, tmp_path: Path, tree: Callable, is_as_new: Callable
) -> None:
    clean(messy, tmp_path / "clips")
    change(messy)
    command = [sys.executable, "-c", HOLD, str(tmp_path / "clips")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout
        assert first.stdout.readline() == b"held\n"
        before = tree(tmp_path / "clips")
        with pytest.raises(WordspotError, match="another process is cleaning"):
            clean(messy, tmp_path / "clips")
        assert tree(tmp_path / "clips") == before
        first.kill()
    assert is_as_new(messy, tmp_path / "clips")
