import base64
import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wordspot.data.recordings.folders import Recording
from wordspot.pipeline.ingest.journal import Journal
from wordspot.pipeline.ingest.outcome import MEASURED_COLUMNS, TEXT_COLUMNS, Outcome

HEADER = {"source": "/somewhere/ä"}
RECORDINGS = [Recording("left/a.wav", 1, 2), Recording("left/b\udcff\r.wav", 3, 4), Recording("left/ç.wav", 5, 6)]
MEASURED = {column: "" if column in TEXT_COLUMNS else 0.5 for column in sorted(MEASURED_COLUMNS)}
FINGERPRINT = base64.b64encode(bytes(range(79))).decode()
OUTCOMES = [
    Outcome("left/a.wav", "left", "ann", "left/a.wav", ("clipped", "low_snr"), "", "", MEASURED, FINGERPRINT, "0" * 32),
    Outcome("left/b_.wav", "left", "", r"left/b\udcff\x0d.wav", ("unreadable",), "unreadable", "no \N{SNOWMAN} sound"),
    Outcome("left/ç.wav", "left", "", "left/ç.wav", clip_digest="f" * 32),
]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with three outcomes on disk, the second a discard."""
    journal = Journal(tmp_path)
    with journal.locked():
        journal.header = HEADER
        journal.rewrite([])
        append(journal, *RECORDINGS)
    return journal


def append(journal: Journal, *recordings: Recording) -> None:
    with journal.appending() as add:
        for recording in recordings:
            add(recording, OUTCOMES[RECORDINGS.index(recording)])


def on_disk(folder: Path) -> tuple[dict[str, Any], list[Outcome]]:
    """The header and the outcomes of a journal, by a reader of its own."""
    header, *entries = map(json.loads, (folder / ".wordspot/journal.jsonl").read_bytes().splitlines())
    for entry in entries:
        entry["outcome"]["findings"] = tuple(entry["outcome"]["findings"])
    return header, [Outcome(source=entry["path"], **entry["outcome"]) for entry in entries]


@contextmanager
def loaded(folder: Path) -> Iterator[Journal]:
    """What the next process sees; it closes the file it reads from as it unlocks."""
    journal = Journal(folder)
    with journal.locked():
        journal.load()
        yield journal


def test_outcomes_come_back(journal: Journal, tmp_path: Path) -> None:
    with loaded(tmp_path) as again:
        assert again.header == HEADER
        assert [again.outcome(recording) for recording in RECORDINGS] == OUTCOMES
        assert [again.known_outcome(recording) for recording in RECORDINGS[::-1]] == OUTCOMES[::-1]
        assert again.holds_exactly(RECORDINGS)
        assert again.holds_exactly(RECORDINGS[::-1])
        assert not again.holds_exactly(RECORDINGS[:2])
        assert not again.holds_exactly([*RECORDINGS, Recording("x", 0, 0)])
        assert list(again.outcomes()) == OUTCOMES


@pytest.mark.parametrize(
    "changed", [Recording("left/a.wav", 2, 2), Recording("left/a.wav", 1, 3), Recording("x", 1, 2)]
)
def test_a_changed_recording_has_no_outcome(journal: Journal, tmp_path: Path, changed: Recording) -> None:
    with loaded(tmp_path) as again:
        assert again.outcome(changed) is None


def test_any_cut_leaves_the_lines_before_it_and_later_lines_follow_them(journal: Journal, tmp_path: Path) -> None:
    content = journal.path.read_bytes()
    lines = content.splitlines(keepends=True)
    for size in range(len(content)):
        journal.path.write_bytes(content[:size])
        whole = sum(len(b"".join(lines[: i + 1])) <= size for i in range(len(lines)))
        kept = RECORDINGS[: max(whole - 1, 0)]
        with loaded(tmp_path) as again:
            assert again.header == (HEADER if whole else {})
            assert [again.outcome(recording) for recording in RECORDINGS[: max(whole - 1, 0)]] == OUTCOMES[: len(kept)]
            append(again, RECORDINGS[2])
            assert [again.known_outcome(recording) for recording in [*kept, RECORDINGS[2]]] == [
                *OUTCOMES[: len(kept)],
                OUTCOMES[2],
            ]
        if whole:
            assert on_disk(tmp_path) == (HEADER, [*OUTCOMES[: len(kept)], OUTCOMES[2]])


def test_a_line_that_takes_the_place_of_a_torn_one_is_read_as_it_is_now(journal: Journal, tmp_path: Path) -> None:
    journal.path.write_bytes(journal.path.read_bytes()[:-5])
    with loaded(tmp_path) as again:
        assert again.outcome(RECORDINGS[1]) == OUTCOMES[1]  # reads ahead, into the torn line
        changed = Recording(RECORDINGS[2].path, 123_456_789, 987_654_321)
        with again.appending() as add:
            add(changed, dataclasses.replace(OUTCOMES[2], file_name="left/something else.wav"))
        assert again.known_outcome(changed).file_name == "left/something else.wav"


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"\xff\xfe\xff", b"{}\n\0\0\0\n", b"[", b"\n\n\n"])
def test_garbage_is_ignored(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / ".wordspot").mkdir()
    (tmp_path / ".wordspot/journal.jsonl").write_bytes(garbage)
    with loaded(tmp_path) as journal:
        assert journal.header == {}
        assert list(journal.outcomes()) == []


def test_a_missing_journal_holds_nothing_and_reading_makes_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.load()
    assert journal.header == {}
    assert journal.outcome(RECORDINGS[0]) is None
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.permutations(RECORDINGS), kept=st.lists(st.sampled_from(RECORDINGS), unique=True))
def test_rewriting_keeps_the_lines_asked_for_in_their_order_and_no_other(
    tmp_path: Path, written: list[Recording], kept: list[Recording]
) -> None:
    journal = Journal(tmp_path)
    with journal.locked():
        journal.header = HEADER
        journal.rewrite([])
        append(journal, *written)
        assert on_disk(tmp_path) == (HEADER, [OUTCOMES[RECORDINGS.index(recording)] for recording in written])
        journal.rewrite(kept)
        outcomes = [OUTCOMES[RECORDINGS.index(recording)] for recording in kept]
        assert on_disk(tmp_path) == (HEADER, outcomes)
        assert [journal.known_outcome(recording) for recording in kept] == outcomes
        assert journal.holds_exactly(kept)
        append(journal, RECORDINGS[0])
        assert on_disk(tmp_path) == (HEADER, [*outcomes, OUTCOMES[0]])
        assert journal.known_outcome(RECORDINGS[0]) == OUTCOMES[0]


def test_the_scratch_folder_is_empty_at_first_and_gone_at_the_end(tmp_path: Path) -> None:
    (tmp_path / ".wordspot/tmp").mkdir(parents=True)
    (tmp_path / ".wordspot/tmp/old.wav").write_text("half")
    with Journal(tmp_path).locked() as scratch:
        assert list(scratch.iterdir()) == []
        (scratch / "new.wav").write_text("half")
    assert not scratch.exists()
