"""Tables: what is written is read back unchanged, and nothing in them is a formula."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError
from wordspot.data.tables import as_cell, from_cell, read_table, write_table

_TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=20)


@given(_TEXT)
def test_every_text_comes_back(text: str) -> None:
    assert from_cell(as_cell(text)) == text


@pytest.mark.parametrize("text", ["=1+2", "+left", "-left", "@left", "\tleft", "'=left", "''"])
def test_no_cell_begins_a_formula(tmp_path: Path, text: str) -> None:
    write_table(tmp_path / "table.csv", ("label",), [{"label": text}])
    with open(tmp_path / "table.csv", newline="", encoding="utf-8") as file:
        raw = next(csv.DictReader(file))["label"]
    assert raw.startswith("'")
    assert read_table(tmp_path / "table.csv") == [{"label": text}]


@pytest.mark.parametrize("value", [-15.0, "-15.0", "+3", 7, "", "'tis", "a=b"])
def test_numbers_and_harmless_text_stay_as_they_are(value: object) -> None:
    assert as_cell(value) == value


def test_a_missing_cell_is_empty_and_a_surplus_one_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("\ufefflabel,speaker\nleft\nright,ann,more\n", encoding="utf-8")
    assert read_table(tmp_path / "table.csv") == [
        {"label": "left", "speaker": ""},
        {"label": "right", "speaker": "ann"},
    ]


@pytest.mark.parametrize("content", [b"", b"word\nleft\n", b"label\n\xff\xfe\n"])
def test_what_cannot_be_a_table_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(WordspotError, match=r"table\.csv"):
        read_table(tmp_path / "table.csv", ("label",))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match=r"table\.csv cannot be read"):
        read_table(tmp_path / "table.csv")


@pytest.mark.parametrize("delimiter", ";\t")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_are_read_as_spreadsheets_save_them(tmp_path: Path, delimiter: str, encoding: str) -> None:
    lines = (("label", "speaker"), ("café", "ann, bob"), ("", ""), ("", "eve"))
    text = "\r\n".join(delimiter.join(cells) for cells in lines)
    (tmp_path / "table.csv").write_bytes(text.encode(encoding))
    expected = [{"label": "café", "speaker": "ann, bob"}, {"label": "", "speaker": "eve"}]
    assert read_table(tmp_path / "table.csv", ("label", "speaker")) == expected
