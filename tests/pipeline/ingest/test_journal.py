from pathlib import Path
from typing import Any

import pytest
from wordspot.data.folders import Recording
from wordspot.pipeline.ingest.journal import Journal

HEADER = {"source": "/somewhere/ä"}
RECORDINGS = [Recording("left/a.wav", 1, 2), Recording("left/b\udcff\r.wav", 3, 4), Recording("left/ç.wav", 5, 6)]
ROWS: list[dict[str, Any]] = [
    {"file_name": "left/a.wav"},
    {"file_name": "left/b_.wav", "reason": "empty"},
    {"file_name": "left/ç.wav"},
]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with three rows on disk, the second a discard."""
    journal = Journal(tmp_path)
    with journal.locked():
        journal.header = HEADER
        journal.rewrite([])
        with journal.appending() as add:
            for recording, row in zip(RECORDINGS, ROWS, strict=True):
                add(recording, row)
    return journal


def loaded(folder: Path) -> Journal:
    journal = Journal(folder)
    journal.load()
    return journal


def test_rows_come_back(journal: Journal, tmp_path: Path) -> None:
    again = loaded(tmp_path)
    assert again.header == HEADER
    assert [again.row(recording) for recording in RECORDINGS] == ROWS
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
        again = loaded(tmp_path)
        assert again.header == (HEADER if whole else {})
        assert [again.row(recording) for recording in RECORDINGS[: max(whole - 1, 0)]] == ROWS[: max(whole - 1, 0)]
        with again.appending() as add:
            add(RECORDINGS[2], ROWS[2])
        if whole:
            assert loaded(tmp_path).row(RECORDINGS[2]) == ROWS[2]


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"\xff\xfe\xff", b"{}\n\0\0\0\n", b"[", b"\n\n\n"])
def test_garbage_is_ignored(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / ".wordspot").mkdir()
    (tmp_path / ".wordspot/journal.jsonl").write_bytes(garbage)
    assert loaded(tmp_path).header == {}
    assert loaded(tmp_path).file_names() == set()


def test_a_missing_journal_holds_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path).header == {}
    assert loaded(tmp_path).row(RECORDINGS[0]) is None
    assert list(tmp_path.iterdir()) == []


def test_rewriting_keeps_the_rows_asked_for_in_their_order(journal: Journal, tmp_path: Path) -> None:
    journal.rewrite([RECORDINGS[2], RECORDINGS[0]])
    again = loaded(tmp_path)
    assert again.holds_exactly([RECORDINGS[0], RECORDINGS[2]])
    assert ["ç" in line for line in journal.path.read_text(encoding="utf-8").splitlines()] == [False, True, False]


def test_the_scratch_folder_is_empty_at_first_and_gone_at_the_end(tmp_path: Path) -> None:
    (tmp_path / ".wordspot/tmp").mkdir(parents=True)
    (tmp_path / ".wordspot/tmp/old.wav").write_text("half")
    with Journal(tmp_path).locked() as scratch:
        assert list(scratch.iterdir()) == []
        (scratch / "new.wav").write_text("half")
    assert not scratch.exists()
