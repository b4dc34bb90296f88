"""The table of what is kept: what somebody edits meanwhile stays, however it is saved, and becomes decisions."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from wordspot.data.decisions import Decision, append, read
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.data.tables import read_table
from wordspot.tools.listening.kept_table import KeptTable

COLUMNS = ("file_name", "label", "kind", "recording", "decision")


def row(number: int) -> dict[str, str]:
    name = f"rise/{number}.wav"
    return {"file_name": name, "label": "rise", "kind": "detection", "recording": f"{number:032x}"}


def table_of(folder: Path, count: int = 0) -> KeptTable:
    folder.mkdir(exist_ok=True)
    table = KeptTable(folder, COLUMNS, ("kind",))
    for number in range(count):
        table.add(row(number))
    return table


def labels(folder: Path) -> dict[str, str]:
    return {one["file_name"]: one["label"] for one in read_table(folder / "metadata.csv", ("file_name", "label"))}


def decided(folder: Path) -> list[tuple[str, str, str]]:
    return [(one.what, one.path, one.after) for one in read(folder / "decisions.jsonl")]


WAYS: dict[str, Callable[[str], bytes]] = {
    "as it was": str.encode,
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "tabs and CRLF": lambda text: text.replace(",", "\t").replace("\n", "\r\n").encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "Excel": lambda text: text.replace(",", ";").encode("cp1252"),
    "blank rows": lambda text: text.replace("\n", "\n,,,,\n").encode(),
    "sorted": lambda text: "".join([(lines := text.splitlines(keepends=True))[0], *lines[:0:-1]]).encode(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("session", ["the same", "another"])
def test_what_was_edited_stays_and_is_decided(tmp_path: Path, way: str, session: str) -> None:
    table = table_of(tmp_path, 5)
    path = tmp_path / "metadata.csv"
    lines = path.read_text().splitlines(keepends=True)
    edited = "".join([*lines[:2], lines[2].replace(",rise,", ",höher,"), *lines[4:]])
    path.write_bytes(WAYS[way](edited))
    table = table if session == "the same" else table_of(tmp_path)
    for number in (5, 6, 7):
        table.add(row(number))
    expected = {f"rise/{number}.wav": "rise" for number in (0, 1, 3, 4, 5, 6, 7)} | {"rise/1.wav": "höher"}
    assert labels(tmp_path) == expected
    assert sorted(decided(tmp_path)) == [("drop", "rise/2.wav", ""), ("relabel", "rise/1.wav", "höher")]


def test_rows_are_appended_while_nobody_edits(tmp_path: Path) -> None:
    table = table_of(tmp_path, 2)
    before = (tmp_path / "metadata.csv").stat().st_ino
    table.add(row(2))
    assert (tmp_path / "metadata.csv").stat().st_ino == before
    assert len(labels(tmp_path)) == 3
    assert decided(tmp_path) == []


def test_rows_added_while_a_spreadsheet_was_open_come_back(tmp_path: Path) -> None:
    table = table_of(tmp_path, 2)
    opened = (tmp_path / "metadata.csv").read_text()
    for number in (2, 3):
        table.add(row(number))
    (tmp_path / "metadata.csv").write_text(opened.replace(",rise,", ",hum,", 1))
    table.add(row(4))
    assert labels(tmp_path) == {f"rise/{number}.wav": "rise" for number in range(1, 5)} | {"rise/0.wav": "hum"}
    assert decided(tmp_path) == [("relabel", "rise/0.wav", "hum")]


def test_what_is_decided_later_elsewhere_is_not_decided_back(tmp_path: Path) -> None:
    table = table_of(tmp_path, 2)
    path = tmp_path / "metadata.csv"
    path.write_text(path.read_text().replace(",rise,", ",hum,", 1))
    table.add(row(2))
    append(tmp_path / "decisions.jsonl", [Decision("relabel", row(0)["recording"], "rise/0.wav", "hum", "fall", "ann")])
    path.write_text(path.read_text() + "\n")
    table.add(row(3))
    assert [after for _, _, after in decided(tmp_path)] == ["hum", "fall"]


def test_columns_and_rows_of_ones_own_stay(tmp_path: Path) -> None:
    table = table_of(tmp_path, 2)
    path = tmp_path / "metadata.csv"
    rows = [one | {"note": "mine"} for one in read_table(path)] + [{"file_name": "own.wav", "label": "up"}]
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    for number in (2, 3):
        table.add(row(number))
    assert [one["note"] for one in read_table(path)] == ["mine", "mine", "", "", ""]
    assert labels(tmp_path)["own.wav"] == "up"


def test_what_is_no_table_any_more_is_kept(tmp_path: Path) -> None:
    table = table_of(tmp_path, 2)
    (tmp_path / "metadata.csv").write_bytes(b"PK\x03\x04")
    with pytest.warns(WordspotWarning, match="is a copy"):
        table.add(row(2))
    assert next(tmp_path.glob("metadata-edited-*.csv")).read_bytes() == b"PK\x03\x04"
    assert len(labels(tmp_path)) == 3
    assert decided(tmp_path) == []


def test_a_table_that_was_deleted_begins_anew(tmp_path: Path) -> None:
    table = table_of(tmp_path, 2)
    (tmp_path / "metadata.csv").unlink()
    table.add(row(2))
    assert decided(tmp_path) == []
    assert "rise/2.wav" in labels(tmp_path)


def test_a_clip_table_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file_name,label\nleft/a.wav,left\n")
    with pytest.raises(WordspotError, match="clip table of another kind"):
        table_of(tmp_path)
