from pathlib import Path

import pytest
from wordspot.data.errors import WordspotError
from wordspot.data.recordings.split_lists import SplitLists, label_of, read_split_lists

PATHS = ["left/a.wav", "left/day two/b.flac", "right/a.wav"]


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("left/a.wav", "left/a.wav"),
        ("left/a.flac", "left/a.wav"),
        ("left/a", "left/a.wav"),
        ("./left/a.wav", "left/a.wav"),
        ("left\\a.wav", "left/a.wav"),
        ("left//a.wav", "left/a.wav"),
        ("speech_commands/left/a.wav", "left/a.wav"),
        ("/home/ann/speech_commands/left/a.wav", "left/a.wav"),
        (r"C:\Users\Ann\My data\left\a.wav", "left/a.wav"),
        (r".\left\day two\b.wav", "left/day two/b.flac"),
        ("a.wav", None),
        ("up/a.wav", None),
        ("left/b.wav", None),
        ("left/day two/left/c.wav", None),
        (".", None),
        ("/", None),
    ],
)
def test_a_name_is_found_however_its_path_is_written(entry: str, path: str | None) -> None:
    match = SplitLists({"testing_list.txt": (entry,)}).match(PATHS)
    assert match.splits == ({path: "testing"} if path else {})
    assert match.unmatched == ({} if path else {"testing_list.txt": (entry,)})


def test_one_name_in_another_unicode_form_or_with_a_space_is_found() -> None:
    assert SplitLists({"testing_list.txt": ("cafe\u0301/a.wav",)}).match(["caf\u00e9 /a.wav"]).splits


def test_recordings_of_one_name_and_several_endings_are_all_meant() -> None:
    match = SplitLists({"validation_list.txt": ("left/a.wav",)}).match(["left/a.wav", "left/a.flac"])
    assert match.splits == {"left/a.wav": "validation", "left/a.flac": "validation"}


def test_lists_are_read_as_windows_and_spreadsheets_write_them(tmp_path: Path) -> None:
    (tmp_path / "validation_list.txt").write_bytes("\ufeffleft/a.wav\r\n\r\n  right/a.wav \r\n".encode())
    assert read_split_lists(tmp_path).names == {"validation_list.txt": ("left/a.wav", "right/a.wav")}
    (tmp_path / "testing_list.txt").write_bytes("left/ä.wav".encode("latin-1"))
    with pytest.raises(WordspotError, match="not a text in UTF-8"):
        read_split_lists(tmp_path)


@pytest.mark.parametrize(
    ("entry", "label"), [("left/a.wav", "left"), (r"C:\x\left\a.wav", "left"), ("a.wav", ""), ("/", "")]
)
def test_the_label_of_a_name_is_its_folder(entry: str, label: str) -> None:
    assert label_of(entry) == label
