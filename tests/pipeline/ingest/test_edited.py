"""Edits of the clip table become decisions, whatever saved it and whatever happens in between."""

import csv
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from wordspot.data.clips import read_clip_table
from wordspot.data.decisions import read
from wordspot.data.errors import WordspotWarning
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.settings import CleanSettings

ALL = CleanSettings(flag="near_silent,too_short")
LOUDEST = CleanSettings(flag=ALL.flag, window="loudest")
LOG = "decisions.jsonl"


@pytest.fixture
def words(put_words: Callable) -> Path:
    """One of the labels is of other letters."""
    return put_words("left", "right", "höher")


@pytest.fixture
def clips(words: Path, tmp_path: Path) -> Path:
    """Their clean folder."""
    clean(words, tmp_path / "clips", ALL)
    return tmp_path / "clips"


def rows_of(clips: Path) -> list[dict[str, str]]:
    with open(clips / "metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_text(rows: list[dict[str, str]], delimiter: str = ",", line_end: str = "\n") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def save(clips: Path, rows: list[dict[str, str]]) -> None:
    (clips / "metadata.csv").write_text(as_text(rows), encoding="utf-8", newline="")


def numbers_as_excel(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    def cell(name: str, text: str) -> str:
        try:
            return f"{float(text):.11g}".replace(".", ",") if name != "recording" else text
        except ValueError:
            return text

    return [{name: cell(name, text) for name, text in row.items()} for row in rows]


SAVED: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    "as it was": lambda rows: as_text(rows).encode(),
    "semicolons": lambda rows: as_text(rows, ";", "\r\n").encode(),
    "tabs": lambda rows: as_text(rows, "\t").encode(),
    "CRLF and a byte-order mark": lambda rows: as_text(rows, ",", "\r\n").encode("utf-8-sig"),
    "UTF-16 with tabs": lambda rows: as_text(rows, "\t", "\r\n").encode("utf-16"),
    "Excel's own alphabet and numbers": lambda rows: as_text(numbers_as_excel(rows), ";", "\r\n").encode("cp1252"),
    "sorted another way": lambda rows: as_text(sorted(rows, key=lambda row: row["recording"])).encode(),
    "blank rows": lambda rows: as_text(rows).replace("\n", f"\n\n{',' * (len(rows[0]) - 1)}\n").encode(),
    "columns sorted and quoted": lambda rows: (
        "\n".join(",".join(f'"{row[name]}"' for name in sorted(row)) for row in [dict.fromkeys(rows[0]), *rows])
        .replace('"None"', "{}")
        .format(*sorted(rows[0]))
        .encode()
    ),
    "columns left out": lambda rows: as_text(
        [{name: row[name] for name in ("label", "file_name")} for row in rows]
    ).encode(),
    "files renamed in the table": lambda rows: as_text(
        [row | {"file_name": f"./{row['file_name']}"} for row in rows]
    ).encode(),
}


def edit(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Two labels changed, one row deleted; gives what is left, and the three as they were."""
    before = [dict(row) for row in (rows[4], rows[9], rows[0])]
    rows[4]["label"] = " right "
    rows[0]["label"] = "café"
    return [row for place, row in enumerate(rows) if place != 9], before


def check(clips: Path, before: list[dict[str, str]]) -> None:
    """The folder and its log have the three edits, and no other."""
    decisions = read(clips / LOG)
    assert sorted((one.what, one.path, one.before, one.after, one.who) for one in decisions) == sorted(
        [
            ("relabel", before[0]["source"], "left", "right", "spreadsheet"),
            ("drop", before[1]["source"], "right", "", "spreadsheet"),
            ("relabel", before[2]["source"], "höher", "café", "spreadsheet"),
        ]
    )
    table = {row["source"]: row for row in rows_of(clips)}
    assert len(table) == 11
    assert table[before[0]["source"]]["file_name"].startswith("right/")
    assert table[before[2]["source"]]["file_name"].startswith("café/")
    assert before[1]["source"] not in table
    files = {path.relative_to(clips).as_posix() for path in clips.glob("*/*.wav")}
    assert files == {row["file_name"] for row in table.values()}


@pytest.mark.parametrize("way", SAVED)
def test_changed_labels_and_deleted_rows_are_decisions_whatever_saved_them(
    words: Path, clips: Path, way: str, tree: Callable
) -> None:
    rows, before = edit(rows_of(clips))
    (clips / "metadata.csv").write_bytes(SAVED[way](rows))
    if way != "Excel's own alphabet and numbers" and way != "files renamed in the table":
        assert len(read_clip_table(clips)) == 11
    before_dry_run = tree(clips)
    with pytest.warns(WordspotWarning, match=r"was edited \(2 labels changed, 1 rows deleted\)"):
        dry = clean(words, clips, ALL, dry_run=True)
    assert tree(clips) == before_dry_run
    with pytest.warns(WordspotWarning, match=r"these decisions are in .*clips/decisions\.jsonl now"):
        assert clean(words, clips, ALL) == dry
    check(clips, before)
    assert clean(words, clips, ALL).already_clean
    clean(words, clips, LOUDEST)
    check(clips, before)


@pytest.mark.parametrize("way", SAVED)
def test_a_table_that_was_only_saved_is_no_decision(words: Path, clips: Path, way: str) -> None:
    (clips / "metadata.csv").write_bytes(SAVED[way](rows_of(clips)))
    clean(words, clips, LOUDEST)
    assert read(clips / LOG) == []
    assert not list(clips.glob("metadata-edited*"))


@pytest.mark.filterwarnings("ignore:Hugging Face")
def test_labels_that_look_like_something_else_come_back_unchanged(words: Path, tmp_path: Path) -> None:
    for old, new in (("left", "007"), ("right", "true"), ("höher", "-5")):
        (words / old).rename(words / new)
    clean(words, tmp_path / "clips", ALL)
    rows = rows_of(tmp_path / "clips")
    for row in rows:
        row["label"] = {"007": "7", "true": "TRUE", "-5": "-5.0"}[row["label"]]
    save(tmp_path / "clips", rows)
    clean(words, tmp_path / "clips", LOUDEST)
    assert read(tmp_path / "clips" / LOG) == []


def test_letters_that_excel_cannot_save_are_no_edit(words: Path, tmp_path: Path) -> None:
    (words / "left").rename(words / "слева")
    clean(words, tmp_path / "clips", ALL)
    rows = rows_of(tmp_path / "clips")
    (tmp_path / "clips/metadata.csv").write_bytes(as_text(rows, ";").encode("cp1252", "replace"))
    clean(words, tmp_path / "clips", LOUDEST)
    assert read(tmp_path / "clips" / LOG) == []


def test_the_decision_column_and_an_empty_label_can_be_edited(words: Path, clips: Path) -> None:
    rows = rows_of(clips)
    rows[0]["label"], rows[1]["decision"], rows[2]["decision"], rows[3]["decision"] = "", "keep", "drop", "unsure"
    save(clips, rows)
    with pytest.warns(WordspotWarning, match="edited"):
        clean(words, clips, ALL)
    decided = {row["source"]: row["decision"] for row in rows_of(clips)}
    assert [decided.get(row["source"]) for row in rows[:4]] == ["unsure", "keep", None, "unsure"]
    rows = rows_of(clips)
    rows[0]["decision"] = ""
    save(clips, rows)
    with pytest.warns(WordspotWarning, match="edited"):
        clean(words, clips, ALL)
    assert rows_of(clips)[0]["decision"] == "keep"


def test_other_edits_are_kept_in_a_copy(words: Path, clips: Path) -> None:
    rows = rows_of(clips)
    for row in rows:
        row["comment"] = ""
    rows[0] |= {"comment": "a dog barks", "label": "right"}
    rows[1]["speaker"] = "anne"
    rows.append(rows[2] | {"file_name": "left/own.wav", "source": "own.wav"})
    save(clips, rows)
    saved = (clips / "metadata.csv").read_bytes()
    with pytest.warns(WordspotWarning) as noted:
        clean(words, clips, ALL)
    kept = next(clips.glob("metadata-edited-*.csv"))
    assert kept.read_bytes() == saved
    expected = "metadata.csv was edited: rows of your own and the column comment and the column speaker"
    assert any(str(one.message).startswith(expected) for one in noted)
    assert [(one.what, one.after) for one in read(clips / LOG)] == [("relabel", "right")]


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\xff", b"file_name,label\n", b"word,file\nleft,a.wav\n"])
def test_what_is_no_table_any_more_is_kept_and_drops_nothing(words: Path, clips: Path, content: bytes) -> None:
    (clips / "metadata.csv").write_bytes(content)
    with pytest.warns(WordspotWarning, match="is a copy"):
        clean(words, clips, LOUDEST)
    assert next(clips.glob("metadata-edited-*.csv")).read_bytes() == content
    assert len(rows_of(clips)) == 12
    assert read(clips / LOG) == []


def test_an_empty_table_as_a_power_cut_leaves_it_drops_nothing(words: Path, clips: Path) -> None:
    (clips / "metadata.csv").write_bytes(b"")
    clean(words, clips, LOUDEST)
    assert len(rows_of(clips)) == 12
    assert read(clips / LOG) == []


def test_a_spreadsheet_that_was_open_meanwhile_drops_no_new_recording(words: Path, clips: Path) -> None:
    rows = rows_of(clips)
    for path in list(words.glob("left/*")):
        shutil.copy(path, words / f"left/new-{path.name}")
    clean(words, clips, ALL)
    rows[0]["label"] = "right"
    save(clips, rows)
    with pytest.warns(WordspotWarning, match=r"edited \(1 labels changed\)"):
        clean(words, clips, ALL)
    assert len(rows_of(clips)) == 16


def test_edits_go_into_a_log_elsewhere_too(words: Path, clips: Path, tmp_path: Path) -> None:
    rows, _ = edit(rows_of(clips))
    save(clips, rows)
    (tmp_path / "mine.jsonl").touch()
    with pytest.warns(WordspotWarning, match=r"these decisions are in .*mine\.jsonl now"):
        clean(words, clips, ALL, decisions=tmp_path / "mine.jsonl")
    assert read(tmp_path / "mine.jsonl") == read(clips / LOG)


def test_features_follow_the_edits(words: Path, clips: Path, tmp_path: Path) -> None:
    rows, _ = edit(rows_of(clips))
    rows[1]["decision"] = "unsure"
    save(clips, rows)
    with pytest.warns(WordspotWarning, match="edited"):
        clean(words, clips, ALL)
    assert extract(clips, tmp_path / "features") == 10


@pytest.mark.parametrize("after", [0, 1, 3, 6, 9, 12])
def test_edits_survive_a_kill_in_the_middle_of_cleaning(
    words: Path, clips: Path, start_cleaning: Callable, after: int
) -> None:
    rows, before = edit(rows_of(clips))
    save(clips, rows)
    stamps = {path: path.stat().st_ino for path in clips.glob("*/*.wav")}
    with start_cleaning(words, clips, 1, flag=ALL.flag, window="loudest") as process:
        while process.poll() is None and changed(clips, stamps) < after:
            time.sleep(0.001)
        if after == 0:
            time.sleep(0.4)  # while Python starts, or while it reads
        process.kill()
    saved_again = clips / "metadata.csv"
    if not saved_again.exists():  # the spreadsheet is still open, and saves again
        save(clips, rows)
    for _ in range(2):
        clean_quietly(words, clips)
    check(clips, before)


def changed(clips: Path, stamps: dict[Path, int]) -> int:
    """How many clips are there that were not there before."""
    try:
        return sum(path.stat().st_ino != stamps.get(path) for path in clips.glob("*/*.wav"))
    except FileNotFoundError:  # gone in this moment
        return 0


def clean_quietly(words: Path, clips: Path) -> None:
    with pytest.WarningsRecorder(_ispytest=True):
        clean(words, clips, LOUDEST)


def test_a_table_saved_while_the_clips_are_made_is_read(
    words: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, before = edit(rows_of(clips))

    def saving(items, total):
        for item in items:
            yield item
            save(clips, rows)

    with pytest.warns(WordspotWarning, match="edited"):
        clean(words, clips, LOUDEST, progress=saving)
    assert len(read(clips / LOG)) == 3
    clean(words, clips, LOUDEST)
    check(clips, before)
