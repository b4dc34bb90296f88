import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError
from wordspot.data.files import held_alone, printable, read_json, remove_leftovers, replacing, write_json, write_text


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old\n")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old\n"
        assert (temporary.parent, temporary.suffix) == (tmp_path, ".txt")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_longest_name_that_fits_can_be_replaced(tmp_path: Path) -> None:
    write_text(tmp_path / f"{'n' * 251}.txt", "x")
    assert (tmp_path / f"{'n' * 251}.txt").read_text() == "x"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.csv") as temporary:
        temporary.write_text("half")
        temporary.with_name(temporary.name + "x").write_text("half")  # as if never renamed
    (tmp_path / ".hidden").write_text("")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.csv"]


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.none()), max_size=4))
def test_json_comes_back_in_the_same_order(tmp_path_factory: pytest.TempPathFactory, values: dict) -> None:
    path = tmp_path_factory.getbasetemp() / "values.json"
    write_json(path, values)
    assert list(read_json(path).items()) == list(values.items())
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b"\xff\xfe", b'{"a": 1'])
def test_what_is_no_json_object_is_told_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(WordspotError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


def test_json_brings_back_a_path_that_is_not_utf8(tmp_path: Path) -> None:
    values = {"data": os.fsdecode("/häuser/".encode() + b"w\xf6rter")}
    write_json(tmp_path / "a.json", values)
    assert read_json(tmp_path / "a.json") == values
    assert "häuser" in (tmp_path / "a.json").read_text(encoding="utf-8")


@given(st.text(st.characters(), max_size=30))
def test_printable_text_fits_utf8_and_one_line_and_keeps_what_is_already_so(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    assert not set(shown) & {chr(code) for code in (*range(32), 127)}
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


def test_undecodable_bytes_and_control_characters_are_escaped() -> None:
    assert printable("Icon\r \udcff.wav") == r"Icon\x0d \udcff.wav"


_HOLD = """
import sys
from pathlib import Path
from wordspot.data.files import held_alone
with held_alone(Path(sys.argv[1]), "busy"):
    print("in", flush=True)
    sys.stdin.readline()
"""


def test_one_at_a_time_is_in_and_nothing_is_left(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "in\n"
        with pytest.raises(WordspotError, match="busy"), held_alone(lock, "busy"):
            pass
        other.communicate("\n")
    assert list(tmp_path.iterdir()) == []
    with held_alone(lock, "busy"):
        for _ in range(2):  # the refusal must not open the door for the next
            with pytest.raises(WordspotError, match="busy"), held_alone(lock, "busy"):
                pass
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_does_not_lock_others_out(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, tmp_path / "lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "in\n"
        other.kill()
    with held_alone(tmp_path / "lock", "busy"):
        pass


def test_of_many_at_once_none_overlap(tmp_path: Path) -> None:
    inside, most, entered = 0, 0, 0

    def enter() -> None:
        nonlocal inside, most, entered
        for _ in range(200):
            with contextlib.suppress(WordspotError), held_alone(tmp_path / "lock", "busy"):
                inside += 1
                most, entered = max(most, inside), entered + 1
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (1, 0)
    assert entered > 0
