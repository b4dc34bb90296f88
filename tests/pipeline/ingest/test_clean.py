import csv
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import read_sound
from wordspot.data.clips import read_clip_table
from wordspot.data.errors import WordspotError
from wordspot.data.splits import assign_splits
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings
from wordspot.pipeline.ingest.tables import CLIP_COLUMNS, DISCARD_COLUMNS
from wordspot.pipeline.ingest.trim import loudest_window

KEPT = {
    "left/ann_nohash_0.wav": "left/ann_nohash_0.wav",
    "left/bob_nohash_0.wav": "left/bob_nohash_0.flac",
    "left/bob_nohash_0-2.wav": "left/bob_nohash_0.wav",
    "left/day two-çe.wav": "left/day two/çe.wav",
    "right/Ann_nohash_0.wav": "right/Ann_nohash_0.ogg",
    "right/ann_nohash_0-2.wav": "right/ann_nohash_0.WAV",
}
DISCARDED = {
    "_background_noise_/broken.wav": "unreadable",
    "left/quiet.wav": "near_silent",
    r"right/Icon\x0d": "unreadable",
    "right/gone.wav": "unreadable",
    "right/nan.wav": "unreadable",
    "right/notes.wav": "unreadable",
    "right/one.flac": "unreadable",
    "right/pipe.wav": "unreadable",
    "right/short.wav": "unreadable",
    "right/silent.wav": "near_silent",
}
LABELS = {
    "_background_noise_": {"recordings": 1, "clips": 0, "discarded": {"unreadable": 1}},
    "left": {"recordings": 5, "clips": 4, "discarded": {"near_silent": 1}},
    "right": {
        "recordings": 10,
        "clips": 2,
        "discarded": {"near_silent": 1, "unreadable": 7},
    },
}
LOOSE = CleanSettings(min_volume=0)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def visible(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.wav")}


def remove_pipe(folder: Path) -> Path:
    (folder / "right/pipe.wav").unlink()  # its content cannot be compared
    return folder


def test_each_recording_becomes_a_clip_or_a_discard_with_its_reason(messy: Path, tmp_path: Path) -> None:
    result = clean(messy, tmp_path / "clips")
    assert {row["file_name"]: row["source"] for row in rows(tmp_path / "clips/metadata.csv")} == KEPT
    assert {row["source"]: row["reason"] for row in rows(tmp_path / "clips/discarded.csv")} == DISCARDED
    assert visible(tmp_path / "clips") == {*KEPT, "_background_noise_/room.wav"}
    assert result.labels == LABELS
    assert (result.clips, result.long_sounds, result.already_clean) == (6, 1, False)


def test_a_clip_is_the_loudest_second_in_16_bit_mono(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    for file_name, source in KEPT.items():
        clip, rate_hz = soundfile.read(tmp_path / "clips" / file_name, dtype="int16")
        info = soundfile.info(tmp_path / "clips" / file_name)
        assert (rate_hz, len(clip), info.channels, info.subtype) == (16_000, 16_000, 1, "PCM_16")
        samples = read_sound(messy / source).samples
        if len(samples) >= 16_000:
            start, _ = loudest_window(samples, 16_000)
            np.testing.assert_array_equal(clip, samples[start : start + 16_000])
        else:
            np.testing.assert_array_equal(clip[4_800:11_200], samples)


def test_the_tables_give_label_speaker_and_measurements(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    table = rows(tmp_path / "clips/metadata.csv")
    assert tuple(table[0]) == CLIP_COLUMNS
    assert CLIP_COLUMNS[:5] == ("file_name", "label", "speaker", "source", "findings")
    by_name = {row["file_name"]: row for row in table}
    assert [by_name[name]["speaker"] for name in KEPT] == ["ann", "bob", "bob", "", "Ann", "ann"]
    assert all(row["label"] == row["file_name"].split("/")[0] and row["findings"] == "" for row in table)
    flac, short = by_name["left/bob_nohash_0.wav"], by_name["left/bob_nohash_0-2.wav"]
    assert (flac["sample_rate_hz"], flac["channels"], flac["duration_s"]) == ("44100", "1", "2.5")
    assert (short["window_start_s"], short["duration_s"]) == ("-0.3", "0.4")
    for row in table:
        assert 0 < float(row["mean_abs_before"]) < 0.3
        peak = np.abs(soundfile.read(messy / row["source"])[0]).max()
        assert float(row["peak_dbfs"]) == pytest.approx(20 * np.log10(peak), abs=0.01)
        clip, _ = soundfile.read(tmp_path / "clips" / row["file_name"])
        assert float(row["mean_abs_after"]) == pytest.approx(np.abs(clip).mean(), abs=1e-6)


def test_the_discards_say_what_was_seen(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    table = {row["source"]: row for row in rows(tmp_path / "clips/discarded.csv")}
    assert tuple(table["left/quiet.wav"]) == DISCARD_COLUMNS
    assert "wanted at least 0.004" in table["left/quiet.wav"]["detail"]
    assert table["right/silent.wav"]["peak_dbfs"] == "-120.0"
    assert "cut short" in table["right/short.wav"]["detail"]
    assert table["right/notes.wav"]["duration_s"] == ""
    assert all(row["detail"] for row in table.values())


def test_the_marker_tells_settings_versions_and_totals(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips", CleanSettings(min_volume=0.002))
    marker = json.loads((tmp_path / "clips/clean.json").read_text())
    assert marker["settings"]["min_volume"] == 0.002
    assert marker["source"] == str(messy.resolve())
    assert set(marker["versions"]) == {"wordspot", "numpy", "soundfile", "soxr", "libsndfile"}
    assert (marker["labels"], marker["long_sounds"]) == (LABELS, 1)


def test_long_sounds_are_passed_whole(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    samples, rate_hz = soundfile.read(tmp_path / "clips/_background_noise_/room.wav", dtype="int16")
    assert (rate_hz, len(samples)) == (16_000, 48_000)
    np.testing.assert_array_equal(samples, read_sound(messy / "_background_noise_/room.flac").samples)


def test_the_source_is_never_touched(messy: Path, tmp_path: Path, tree: Callable, stamps: Callable) -> None:
    before = tree(messy), stamps(messy)
    clean(messy, tmp_path / "clips")
    assert (tree(messy), stamps(messy)) == before


def test_the_clip_table_is_read_back_by_the_next_stage_with_its_split_lists(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    clips = read_clip_table(tmp_path / "clips")
    splits = dict(zip((clip.file_name for clip in clips), assign_splits(clips, tmp_path / "clips"), strict=True))
    assert [name for name, split in splits.items() if split == "validation"] == ["left/ann_nohash_0.wav"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows such names")
def test_strange_names_survive_the_tables(tmp_path: Path, put_word: Callable) -> None:
    rng = np.random.default_rng(1)
    names = ["a\r.wav", 'b",\n.wav', os.fsdecode(b"c\xff.flac"), "d;'.wav", f"{'n' * 250}.wav"]
    for name in names:
        put_word(tmp_path / "a.wav", rng)
        put_word(tmp_path / "a.flac", rng)
        (tmp_path / "messy" / "left").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"a{Path(name).suffix}").rename(tmp_path / "messy" / "left" / name)
    assert clean(tmp_path / "messy", tmp_path / "clips").clips == len(names)
    clips = read_clip_table(tmp_path / "clips")
    assert len(clips) == len(names)
    assert all((tmp_path / "clips" / clip.file_name).is_file() for clip in clips)
    assert clean(tmp_path / "messy", tmp_path / "clips").already_clean


def test_a_recording_that_may_not_be_read_is_discarded(unprivileged: Path, put_word: Callable) -> None:
    for name in ("open", "closed"):
        put_word(unprivileged / f"messy/left/{name}.wav", np.random.default_rng(1))
    (unprivileged / "messy/left/closed.wav").chmod(0)
    assert clean(unprivileged / "messy", unprivileged / "clips").clips == 1
    assert [row["reason"] for row in rows(unprivileged / "clips/discarded.csv")] == ["unreadable"]


def test_a_pattern_of_ones_own_gives_the_speaker(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips", CleanSettings(speaker_pattern="^([^/]+)/"))
    speakers = {row["source"]: row["speaker"] for row in rows(tmp_path / "clips/metadata.csv")}
    assert {source: speaker for source, speaker in speakers.items() if speaker} == {"left/day two/çe.wav": "day two"}


def test_a_folder_with_nothing_worth_keeping_gives_empty_tables(tmp_path: Path) -> None:
    (tmp_path / "messy/left").mkdir(parents=True)
    (tmp_path / "messy/left/a.wav").write_bytes(b"")
    assert clean(tmp_path / "messy", tmp_path / "clips").clips == 0
    assert (tmp_path / "clips/metadata.csv").read_text() == ",".join(CLIP_COLUMNS) + "\n"
    with pytest.raises(WordspotError, match=r"discarded\.csv"):
        read_clip_table(tmp_path / "clips")


# -- jobs, runs again, changes --


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


def is_as_new(messy: Path, clips: Path, tree: Callable, settings: CleanSettings = CleanSettings()) -> bool:
    """Whether cleaning again gives what cleaning into a new folder gives, and only then rests."""
    assert not clean(messy, clips, settings).already_clean
    fresh = clips.with_name("fresh")
    clean(messy, fresh, settings)
    return tree(clips) == tree(fresh) and clean(messy, clips, settings).already_clean


def add_before(messy: Path) -> None:
    shutil.copy(messy / "left/ann_nohash_0.wav", messy / "left/ann_nohash_0.WAV")
    shutil.copy(messy / "right/Ann_nohash_0.ogg", messy / "left/ann_nohash_0.ogg")


def change(messy: Path) -> None:
    content = bytearray((messy / "left/ann_nohash_0.wav").read_bytes())
    content[44:46] = b"\x01\x01"
    (messy / "left/ann_nohash_0.wav").write_bytes(content)


def swap_kinds(messy: Path) -> None:
    shutil.copy(messy / "left/ann_nohash_0.wav", messy / "left/quiet.wav")
    (messy / "left/bob_nohash_0.wav").write_text("no longer a sound")


CHANGES: dict[str, Callable[[Path], Any]] = {
    "a recording added in front": add_before,
    "a recording changed": change,
    "a recording removed": lambda messy: (messy / "left/ann_nohash_0.wav").unlink(),
    "the first of two of a name removed": lambda messy: (messy / "left/bob_nohash_0.flac").unlink(),
    "a discard removed": lambda messy: (messy / "left/quiet.wav").unlink(),
    "a label removed": lambda messy: shutil.rmtree(messy / "left"),
    "a label renamed": lambda messy: (messy / "left").rename(messy / "port"),
    "a clip that no longer qualifies and one that now does": swap_kinds,
    "long sound removed": lambda messy: shutil.rmtree(messy / "_background_noise_"),
    "a split list added": lambda messy: (messy / "testing_list.txt").write_text("left/bob_nohash_0.wav\n"),
    "a split list changed": lambda messy: (messy / "validation_list.txt").write_text("left/bob_nohash_0.wav\n"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_after_a_change_the_folder_is_as_if_made_anew(messy: Path, tmp_path: Path, tree: Callable, name: str) -> None:
    remove_pipe(messy)
    clean(messy, tmp_path / "clips")
    CHANGES[name](messy)
    assert is_as_new(messy, tmp_path / "clips", tree)


def test_only_what_changed_is_worked_on(messy: Path, tmp_path: Path, stamps: Callable) -> None:
    clean(messy, tmp_path / "clips")
    before = stamps(tmp_path / "clips")
    change(messy)
    clean(messy, tmp_path / "clips")
    after = stamps(tmp_path / "clips")
    changed = {Path(path).name for path, stamp in after.items() if Path(path).is_file() and before[path] != stamp}
    assert changed == {"ann_nohash_0.wav", "metadata.csv", "discarded.csv", "clean.json", "validation_list.txt"}


@pytest.mark.parametrize("settings", [CleanSettings(min_volume=0.12), CleanSettings(window_ms=500), LOOSE])
def test_changed_settings_clean_everything_anew_and_drop_what_no_longer_qualifies(
    messy: Path, tmp_path: Path, tree: Callable, settings: CleanSettings
) -> None:
    clean(messy, tmp_path / "clips")
    assert is_as_new(messy, tmp_path / "clips", tree, settings)


@pytest.mark.parametrize("name", ["left/ann_nohash_0.wav", "metadata.csv", "discarded.csv", "clean.json"])
def test_a_file_that_was_deleted_is_made_again(messy: Path, tmp_path: Path, tree: Callable, name: str) -> None:
    clean(messy, tmp_path / "clips")
    (tmp_path / "clips" / name).unlink()
    assert is_as_new(messy, tmp_path / "clips", tree)


def test_files_that_a_killed_process_left_half_written_go(messy: Path, tmp_path: Path, tree: Callable) -> None:
    clean(messy, tmp_path / "clips")
    (tmp_path / "clips/clean.json").unlink()
    for name in (".tmp-123-abcd.csv", ".wordspot/.tmp-123-abcd.jsonl"):
        (tmp_path / "clips" / name).write_text("half")
    (tmp_path / "clips/.wordspot/tmp").mkdir()
    (tmp_path / "clips/.wordspot/tmp/123.wav").write_text("half")
    assert is_as_new(messy, tmp_path / "clips", tree)


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
def test_a_journal_cut_short_is_made_whole(messy: Path, tmp_path: Path, tree: Callable, keep: float) -> None:
    clean(messy, tmp_path / "clips")
    journal = tmp_path / "clips/.wordspot/journal.jsonl"
    content = journal.read_bytes()
    journal.write_bytes(content[: int(keep * len(content))])
    assert is_as_new(messy, tmp_path / "clips", tree)


# -- dry run --


@pytest.mark.parametrize("exists", [False, True])
def test_a_dry_run_tells_the_same_and_writes_nothing(
    messy: Path, tmp_path: Path, tree: Callable, stamps: Callable, exists: bool
) -> None:
    if exists:
        clean(messy, tmp_path / "clips", LOOSE)
    before = tree(tmp_path), stamps(tmp_path)
    result = clean(messy, tmp_path / "clips", dry_run=True)
    assert (tree(tmp_path), stamps(tmp_path)) == before
    assert (result.labels, result.long_sounds) == (LABELS, 1)


# -- refusals --


def edit_table(messy: Path, clips: Path) -> tuple[Path, Path]:
    table = clips / "metadata.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",ann,", ",anne,"), encoding="utf-8")
    change(messy)
    return messy, clips


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
    "an edited table": (edit_table, "was edited after cleaning"),
    "no source": (lambda messy, clips: (messy / "nowhere", clips), "does not exist"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused_with_nothing_changed(
    messy: Path, tmp_path: Path, tree: Callable, stamps: Callable, name: str
) -> None:
    clean(remove_pipe(messy), tmp_path / "clips")
    prepare, message = REFUSALS[name]
    source, destination = prepare(messy, tmp_path / "clips")
    before = tree(tmp_path), stamps(tmp_path)
    with pytest.raises(WordspotError, match=message):
        clean(source, destination)
    assert (tree(tmp_path), stamps(tmp_path)) == before


def test_an_edited_table_is_left_alone_while_nothing_else_changes(messy: Path, tmp_path: Path) -> None:
    clean(messy, tmp_path / "clips")
    (tmp_path / "clips/metadata.csv").write_text("file_name,label\nleft/ann_nohash_0.wav,left\n")
    assert clean(messy, tmp_path / "clips").already_clean
    assert len(read_clip_table(tmp_path / "clips")) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"window_ms": 0},
        {"window_ms": float("nan")},
        {"min_volume": -0.1},
        {"min_volume": 2},
        {"speaker_pattern": "("},
        {"speaker_pattern": "x"},
    ],
)
def test_settings_out_of_range_are_refused(values: dict) -> None:
    with pytest.raises(WordspotError):
        CleanSettings(**values)


HOLD = """
import sys
from pathlib import Path
from wordspot.pipeline.ingest.journal import Journal
with Journal(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_cleaner_is_refused_while_the_first_works(messy: Path, tmp_path: Path, tree: Callable) -> None:
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
    assert is_as_new(messy, tmp_path / "clips", tree)


# -- interruptions --


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
    assert visible(tmp_path / "clips") >= visible(tmp_path / "fresh")
    written = {name: tree(tmp_path / "clips")[name] for name in tree(tmp_path / "fresh")}
    assert written == tree(tmp_path / "fresh")


def removing(path: Path) -> Callable[[Iterable[Any], int], Iterator[Any]]:
    def track(items: Iterable[Any], total: int) -> Iterator[Any]:
        for item in items:
            yield item
            path.unlink(missing_ok=True)

    return track


def test_a_recording_that_vanishes_while_cleaning_is_named_and_the_next_run_goes_on(
    messy: Path, tmp_path: Path, tree: Callable
) -> None:
    remove_pipe(messy)
    vanishing = messy / "right/ann_nohash_0.WAV"
    with pytest.raises(WordspotError, match=r"ann_nohash_0\.WAV has vanished"):
        clean(messy, tmp_path / "clips", track=removing(vanishing))
    assert not (tmp_path / "clips/clean.json").exists()
    assert is_as_new(messy, tmp_path / "clips", tree)


def test_a_name_that_now_belongs_to_another_recording_is_never_taken_for_done(
    messy: Path, tmp_path: Path, tree: Callable
) -> None:
    clean(remove_pipe(messy), tmp_path / "clips")
    shutil.copy(messy / "left/bob_nohash_0.wav", messy / "left/ann_nohash_0.WAV")  # takes left/ann_nohash_0.wav
    vanishing = messy / "left/ann_nohash_0.wav"
    content = vanishing.read_bytes(), vanishing.stat().st_mtime_ns
    with pytest.raises(WordspotError, match="has vanished"):
        clean(messy, tmp_path / "clips", track=removing(vanishing))
    vanishing.write_bytes(content[0])
    os.utime(vanishing, ns=(content[1], content[1]))
    (messy / "left/ann_nohash_0.WAV").unlink()
    assert is_as_new(messy, tmp_path / "clips", tree)


# -- disks --


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


def test_a_disk_that_became_read_only_is_told_and_nothing_changes(
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
