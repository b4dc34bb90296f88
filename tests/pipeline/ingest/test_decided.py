"""What people decided counts, however often and in whatever way the recordings are cleaned again."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.clips import read_clip_table
from wordspot.data.decisions import Decision, append, read
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

ALL = CleanSettings(flag="near_silent,too_short")  # whatever the recordings are like
LOG = "decisions.jsonl"


@pytest.fixture
def words(put_words: Callable) -> Path:
    return put_words("left", "right", "up")


@pytest.fixture
def clips(words: Path, tmp_path: Path) -> Path:
    """Their clean folder."""
    clean(words, tmp_path / "clips", ALL)
    return tmp_path / "clips"


@pytest.fixture
def listed(rows: Callable) -> Callable[[Path], dict[str, dict[str, str]]]:
    """The clip table, {source: row}."""
    return lambda clips: {row["source"]: row for row in rows(clips / "metadata.csv")}


def sources(clips: Path) -> list[str]:
    return [clip.source for clip in read_clip_table(clips)]


def decide(what: str, row: dict[str, str], after: str = "", **fields) -> Decision:
    return Decision(what, row["recording"], row["source"], row["label"], after, "ann", **fields)  # type: ignore[arg-type]


def decide_all(clips: Path, listed: Callable) -> list[str]:
    """One decision of each kind; gives the recordings: relabeled, dropped, unsure, kept, with another window."""
    table = listed(clips)
    left, right, up = (sorted(path for path in table if path.startswith(label)) for label in ("left", "right", "up"))
    decisions = [
        decide("relabel", table[left[0]], "right"),
        decide("drop", table[right[0]]),
        decide("unsure", table[up[0]]),
        decide("keep", table[up[1]]),
        decide("window", table[up[2]], window_s=(0.1, 1.1)),
    ]
    append(clips / LOG, decisions)
    return [left[0], right[0], up[0], up[1], up[2]]


def check(clips: Path, listed: Callable, rows: Callable, names: list[str]) -> None:
    """The five recordings are in the clean folder as they were decided."""
    relabeled, dropped, unsure, kept, moved = names
    table = listed(clips)
    assert (table[relabeled]["label"], table[relabeled]["decision"]) == ("right", "relabel")
    assert table[relabeled]["file_name"].startswith("right/")
    assert dropped not in table
    row = next(row for row in rows(clips / "discarded.csv") if row["source"] == dropped)
    assert row["reason"] == "dropped"
    assert row["detail"].startswith("by ann, 20")
    assert (table[unsure]["decision"], table[kept]["decision"]) == ("unsure", "keep")
    clip_ms = 1000 * soundfile.info(clips / table[moved]["file_name"]).duration
    assert float(table[moved]["window_start_s"]) == pytest.approx(0.6 - clip_ms / 2000)
    files = {path.relative_to(clips).as_posix() for path in clips.glob("*/*.wav")}
    assert files == {row["file_name"] for row in table.values()}
    trained = {clip.source for clip in read_clip_table(clips)}
    assert trained == table.keys() - {unsure}


def test_clean_applies_what_was_decided_and_does_nothing_the_second_time(
    words: Path, clips: Path, listed: Callable, rows: Callable, tree: Callable, stamps: Callable
) -> None:
    names = decide_all(clips, listed)
    log = (clips / LOG).read_bytes()
    dry = clean(words, clips, ALL, dry_run=True)
    before = stamps(clips)
    result = clean(words, clips, ALL)
    assert result == dry
    check(clips, listed, rows, names)
    unchanged = clips / listed(clips)[names[3]]["file_name"]
    assert stamps(clips)[str(unchanged)] == before[str(unchanged)]
    assert result.labels["right"].recordings == 5
    assert result.labels["right"].discarded == {"dropped": 1}
    before = tree(clips)
    assert clean(words, clips, ALL).already_clean
    assert tree(clips) == before
    assert (clips / LOG).read_bytes() == log


def test_the_clip_of_a_decided_window_is_cut_there(words: Path, clips: Path, listed: Callable) -> None:
    source, row = next(iter(listed(clips).items()))
    append(clips / LOG, [decide("window", row, window_s=(0.3, 1.3))])
    clean(words, clips, ALL)
    samples = soundfile.read(words / source, dtype="int16")[0][4_800:20_800]
    expected = np.pad(samples, (0, 16_000 - len(samples)))
    assert np.array_equal(soundfile.read(clips / row["file_name"], dtype="int16")[0], expected)


def test_undo_gives_everything_back(words: Path, clips: Path, listed: Callable, tree: Callable) -> None:
    before = tree(clips)
    decide_all(clips, listed)
    clean(words, clips, ALL)
    undone = [Decision("undo", decision.recording, undoes=decision.id) for decision in read(clips / LOG)]
    append(clips / LOG, undone)
    clean(words, clips, ALL)
    after = tree(clips)
    assert after.pop(LOG)
    journals = [contents.pop(".wordspot/journal.jsonl").splitlines() for contents in (before, after)]
    assert sorted(journals[0]) == sorted(journals[1])
    assert after == before


def rename(words: Path) -> None:
    for path in sorted(words.glob("*/*.flac")):
        path.rename(path.with_name(f"new-{path.name}"))


def encode_again(words: Path) -> None:
    """The same samples behind another header."""
    for path in sorted(words.glob("*/*.flac")):
        samples, rate_hz = soundfile.read(path, dtype="int16")
        soundfile.write(path.with_suffix(".wav"), samples, rate_hz, "PCM_24")
        path.unlink()


CHANGES: dict[str, Callable[[Path], None]] = {
    "renamed": rename,
    "encoded again": encode_again,
    "one added": lambda words: None,  # below, because it is a copy of one that was decided
}


@pytest.mark.parametrize("change", CHANGES)
def test_decisions_survive_what_happens_to_the_recordings(
    words: Path, clips: Path, listed: Callable, rows: Callable, change: str
) -> None:
    names = decide_all(clips, listed)
    if change == "one added":  # which is a copy of one that was decided
        shutil.copy(words / names[2], words / "left/0-first.flac")
    else:
        CHANGES[change](words)
        new = {"renamed": "{0}/new-{1}.flac", "encoded again": "{0}/{1}.wav"}[change]
        names = [new.format(*name.removesuffix(".flac").split("/")) for name in names]
    clean(words, clips, ALL)
    if change == "one added":
        assert listed(clips)["left/0-first.flac"]["decision"] == "unsure"
        (words / "left/0-first.flac").unlink()
        clean(words, clips, ALL)
    check(clips, listed, rows, names)


@pytest.mark.parametrize("window_ms", [1000, 500])
def test_decisions_survive_other_settings_and_go_into_a_new_folder(
    words: Path, clips: Path, listed: Callable, rows: Callable, window_ms: float
) -> None:
    names = decide_all(clips, listed)
    settings = CleanSettings(window_ms=window_ms, window="loudest", flag=ALL.flag)
    clean(words, clips, settings)
    check(clips, listed, rows, names)
    new = clips.with_name("new")
    clean(words, new, settings, decisions=clips / LOG)
    check(new, listed, rows, names)
    shutil.rmtree(clips)
    assert clean(words, new, settings).already_clean  # it has a log of its own by now
    assert len(read(new / LOG)) == 5


def test_a_log_elsewhere_that_is_not_there_is_noted(words: Path, clips: Path) -> None:
    with pytest.warns(WordspotWarning, match=r"mine\.jsonl does not exist"):
        clean(words, clips, ALL, decisions=clips.with_name("mine.jsonl"))


def test_a_folder_that_holds_nothing_but_a_log_is_cleaned_into(
    words: Path, clips: Path, listed: Callable, rows: Callable
) -> None:
    names = decide_all(clips, listed)
    new = clips.with_name("new")
    new.mkdir()
    shutil.copy(clips / LOG, new)
    clean(words, new, ALL)
    check(new, listed, rows, names)


def test_a_log_that_leads_elsewhere_is_refused(words: Path, clips: Path) -> None:
    (clips / LOG).symlink_to(words / "left/diary.txt")
    with pytest.raises(WordspotError, match=r"decisions\.jsonl is a link"):
        clean(words, clips, ALL)


def test_the_files_of_two_people_give_the_same_folder_in_either_order(
    words: Path, clips: Path, listed: Callable, tree: Callable
) -> None:
    table = sorted(listed(clips).values(), key=lambda row: row["source"])
    mine = [decide("relabel", row, "up") for row in table[:5]]
    yours = [decide("relabel", row, "left") for row in table[3:8]]
    append(clips.with_name("mine.jsonl"), mine)
    append(clips.with_name("yours.jsonl"), yours)
    trees = []
    for number, order in enumerate([("mine", "yours"), ("yours", "mine")]):
        log = clips.with_name(f"both-{number}.jsonl")
        log.write_bytes(b"".join((clips.with_name(f"{name}.jsonl")).read_bytes() for name in order))
        clean(words, clips.with_name(f"new-{number}"), ALL, decisions=log)
        trees.append(tree(clips.with_name(f"new-{number}")))
        trees[-1].pop(LOG)
    assert trees[0] == trees[1]


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("_unknown_", "unknown"),
        ("../x", ".._x"),
        (".", "x"),
        ("metadata.csv", "xetadata_csv"),
        ("Up", "Up"),
        ("o" * 999, "o" * 200),
    ],
)
def test_no_label_leads_out_of_the_folder(words: Path, clips: Path, listed: Callable, said: str, label: str) -> None:
    source, row = next(iter(listed(clips).items()))
    append(clips / LOG, [decide("relabel", row, said)])
    clean(words, clips, ALL)
    label = f"x{label[1:]}" if label.startswith(".") else label
    row = listed(clips)[source]
    assert row["label"] == row["file_name"].split("/")[0]
    assert row["label"].startswith(label[:1])
    assert {path.parent for path in clips.rglob("*.wav")} <= {path for path in clips.iterdir() if path.is_dir()}
    if "." not in said:
        assert row["label"] == label


def test_what_somebody_has_heard_and_kept_no_check_leaves_out(words: Path, tmp_path: Path, listed: Callable) -> None:
    clean(words, tmp_path / "all", ALL)
    table = listed(tmp_path / "all")
    quiet, other = sorted(table)[:2]
    shutil.copy(words / quiet, words / "right/copy.flac")
    append(tmp_path / "log.jsonl", [decide("keep", table[quiet])])
    strict = CleanSettings(min_volume=0.99, discard="duplicate")
    for destination in (tmp_path / "all", tmp_path / "new"):
        clean(words, destination, strict, decisions=tmp_path / "log.jsonl")
        assert listed(destination).keys() == {quiet, "right/copy.flac"}
    append(
        tmp_path / "log.jsonl",
        [Decision("undo", "", undoes=read(tmp_path / "log.jsonl")[0].id), decide("keep", table[other])],
    )
    clean(words, tmp_path / "new", strict, decisions=tmp_path / "log.jsonl")
    assert listed(tmp_path / "new").keys() == {other}


def test_of_copies_only_the_one_that_was_dropped_goes(words: Path, clips: Path, listed: Callable) -> None:
    source, row = next(iter(listed(clips).items()))
    shutil.copy(words / source, words / "left/copy.flac")
    append(clips / LOG, [decide("drop", row)])
    clean(words, clips, ALL)
    assert source not in listed(clips)
    assert "left/copy.flac" in listed(clips)


def test_a_killed_clean_goes_on_with_what_was_decided(
    words: Path, clips: Path, listed: Callable, rows: Callable, start_cleaning: Callable
) -> None:
    names = decide_all(clips, listed)
    log = (clips / LOG).read_bytes()
    with start_cleaning(words, clips, 1, flag=ALL.flag) as process:
        while process.poll() is None and (clips / "metadata.csv").exists():
            pass
        process.kill()
    assert (clips / LOG).read_bytes() == log
    clean(words, clips, ALL)
    check(clips, listed, rows, names)


def test_the_marker_and_the_tables_name_the_recordings(clips: Path, listed: Callable) -> None:
    assert all(len(row["recording"]) == 32 for row in listed(clips).values())
    assert json.loads((clips / "clean.json").read_text())["decided"]


def test_where_two_must_agree_what_one_said_is_unsure_until_the_second_says_so(
    words: Path, clips: Path, listed: Callable
) -> None:
    (dropped, row), (other, its) = sorted(listed(clips).items())[:2]
    append(clips / LOG, [decide("drop", row), decide("relabel", its, "right")])
    clean(words, clips, ALL, agreement=2)
    table = listed(clips)
    assert [(table[path]["label"], table[path]["decision"]) for path in (dropped, other)] == [("left", "unsure")] * 2
    append(clips / LOG, [replace(decide("drop", row), who="ben"), replace(decide("relabel", its, "right"), who="ben")])
    clean(words, clips, ALL, agreement=2)
    assert dropped not in listed(clips)
    assert (listed(clips)[other]["label"], listed(clips)[other]["decision"]) == ("right", "relabel")
    with open(clips / "discarded.csv") as file:
        assert "by ann and ben" in file.read()
