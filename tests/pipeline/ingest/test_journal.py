import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wordspot.data.folders import Recording
from wordspot.pipeline.ingest.journal import Journal

HEADER = {"source": "/somewhere/ä"}
RECORDINGS = [Recording("left/a.wav", 1, 2), Recording("left/b\udcff\r.wav", 3, 4), Recording("left/ç.wav", 5, 6)]
ROWS: list[dict[str, Any]] = [
    {"file_name": "left/a.wav"},
    {"file_name": "left/b_.wav", "reason": "unreadable"},
    {"file_name": "left/ç.wav"},
]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A locked journal with three rows on disk, the second a discard."""
    journal = Journal(tmp_path)
    with journal.locked():
        journal.header = HEADER
        journal.rewrite([])
        append(journal, *RECORDINGS)
        yield journal


def append(journal: Journal, *recordings: Recording) -> None:
    with journal.appending() as add:
        for recording in recordings:
            add(recording, ROWS[RECORDINGS.index(recording)])


def on_disk(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header and the rows of a journal, by a reader of its own."""
    header, *entries = map(json.loads, (folder / ".wordspot/journal.jsonl").read_bytes().splitlines())
    return header, [entry["row"] for entry in entries]


@contextmanager
def loaded(folder: Path) -> Iterator[Journal]:
    """What the next process sees; it closes the file it reads from as it unlocks."""
    journal = Journal(folder)
    with journal.locked():
        journal.load()
        yield journal


def test_rows_come_back(journal: Journal, tmp_path: Path) -> None:
    with loaded(tmp_path) as again:
        assert again.header == HEADER
        assert [again.row(recording) for recording in RECORDINGS] == ROWS
        assert [again.known_row(recording) for recording in RECORDINGS[::-1]] == ROWS[::-1]
        assert again.holds_exactly(RECORDINGS)
        assert again.holds_exactly(RECORDINGS[::-1])
        assert not again.holds_exactly(RECORDINGS[:2])
        assert not again.holds_exactly([*RECORDINGS, Recording("x", 0, 0)])
        assert again.file_names() == {"left/a.wav", "left/ç.wav"}


@pytest.mark.parametrize(
    "changed", [Recording("left/a.wav", 2, 2), Recording("left/a.wav", 1, 3), Recording("x", 1, 2)]
)
def test_a_changed_recording_has_no_row(journal: Journal, changed: Recording) -> None:
    assert journal.row(changed) is None


def test_any_cut_leaves_the_rows_before_it_and_later_rows_follow_them(journal: Journal, tmp_path: Path) -> None:
    content = journal.path.read_bytes()
    lines = content.splitlines(keepends=True)
    for size in range(len(content)):
        journal.path.write_bytes(content[:size])
        whole = sum(len(b"".join(lines[: i + 1])) <= size for i in range(len(lines)))
        kept = RECORDINGS[: max(whole - 1, 0)]
        with loaded(tmp_path) as again:
            assert again.header == (HEADER if whole else {})
            assert [again.row(recording) for recording in RECORDINGS[: max(whole - 1, 0)]] == ROWS[: len(kept)]
            append(again, RECORDINGS[2])
            assert [again.known_row(recording) for recording in [*kept, RECORDINGS[2]]] == [*ROWS[: len(kept)], ROWS[2]]
        if whole:
            assert on_disk(tmp_path) == (HEADER, [*ROWS[: len(kept)], ROWS[2]])


def test_a_row_that_takes_the_place_of_a_torn_one_is_read_as_it_is_now(journal: Journal, tmp_path: Path) -> None:
    journal.path.write_bytes(journal.path.read_bytes()[:-5])
    with loaded(tmp_path) as again:
        assert again.row(RECORDINGS[1]) == ROWS[1]  # reads ahead, into the torn line
        changed = Recording(RECORDINGS[2].path, 123_456_789, 987_654_321)
        with again.appending() as add:
            add(changed, {"file_name": "left/something else.wav"})
        assert again.row(changed) == {"file_name": "left/something else.wav"}


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"\xff\xfe\xff", b"{}\n\0\0\0\n", b"[", b"\n\n\n"])
def test_garbage_is_ignored(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / ".wordspot").mkdir()
    (tmp_path / ".wordspot/journal.jsonl").write_bytes(garbage)
    with loaded(tmp_path) as journal:
        assert journal.header == {}
        assert journal.file_names() == set()


def test_a_missing_journal_holds_nothing_and_reading_makes_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.load()
    assert journal.header == {}
    assert journal.row(RECORDINGS[0]) is None
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.permutations(RECORDINGS), kept=st.lists(st.sampled_from(RECORDINGS), unique=True))
def test_rewriting_keeps_the_rows_asked_for_in_their_order_and_no_other(
    tmp_path: Path, written: list[Recording], kept: list[Recording]
) -> None:
    journal = Journal(tmp_path)
    with journal.locked():
        journal.header = HEADER
        journal.rewrite([])
        append(journal, *written)
        assert on_disk(tmp_path) == (HEADER, [ROWS[RECORDINGS.index(recording)] for recording in written])
        journal.rewrite(kept)
        rows = [ROWS[RECORDINGS.index(recording)] for recording in kept]
        assert on_disk(tmp_path) == (HEADER, rows)
        assert [journal.known_row(recording) for recording in kept] == rows
        assert journal.holds_exactly(kept)
        append(journal, RECORDINGS[0])
        assert on_disk(tmp_path) == (HEADER, [*rows, ROWS[0]])
        assert journal.known_row(RECORDINGS[0]) == ROWS[0]


def test_the_scratch_folder_is_empty_at_first_and_gone_at_the_end(tmp_path: Path) -> None:
    (tmp_path / ".wordspot/tmp").mkdir(parents=True)
    (tmp_path / ".wordspot/tmp/old.wav").write_text("half")
    with Journal(tmp_path).locked() as scratch:
        assert list(scratch.iterdir()) == []
        (scratch / "new.wav").write_text("half")
    assert not scratch.exists()
