"""The clean folder in the hands of others: edited clips, own files, links, and a journal that somebody has written."""

import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.destination import is_clip_name
from wordspot.pipeline.ingest.settings import CleanSettings

LOUDER = CleanSettings(min_volume=0.005)
EDIT = b"edited by hand"


@pytest.fixture
def words(tmp_path: Path, put_word: Callable) -> Path:
    """Two labels with three recordings each, a split list and a long sound."""
    rng = np.random.default_rng(7)
    for label in ("left", "right"):
        for name in ("ann", "bob", "eve"):
            put_word(tmp_path / f"words/{label}/{name}.wav", rng)
    (tmp_path / "words/_noise_").mkdir()
    soundfile.write(tmp_path / "words/_noise_/hum.wav", rng.uniform(-0.1, 0.1, 32_000), 16_000)
    (tmp_path / "words/testing_list.txt").write_text("left/ann.wav\n")
    return tmp_path / "words"


@pytest.fixture
def clips(words: Path, tmp_path: Path) -> Path:
    """Their clean folder."""
    clean(words, tmp_path / "clips")
    return tmp_path / "clips"


def change_recording(words: Path, name: str = "left/ann.wav") -> None:
    content = bytearray((words / name).read_bytes())
    content[200:202] = b"\x01\x01"
    (words / name).write_bytes(content)


def refusal(*arguments: Any) -> str:
    """What cleaning is refused with, one line, nothing below the folder above having changed."""
    above = Path(arguments[0]).parent
    before = {path: path.lstat().st_mtime_ns for path in above.rglob("*") if ".wordspot" not in path.parts}
    with pytest.raises(WordspotError) as caught:
        clean(*arguments)
    after = {path: path.lstat().st_mtime_ns for path in above.rglob("*") if ".wordspot" not in path.parts}
    assert after == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- edited files, and files of one's own --


def test_a_clip_edited_by_hand_is_kept_while_its_recording_stays_the_same(words: Path, clips: Path) -> None:
    (clips / "left/ann.wav").write_bytes(EDIT)
    assert clean(words, clips).already_clean
    change_recording(words, "right/bob.wav")
    assert not clean(words, clips).already_clean
    assert (clips / "left/ann.wav").read_bytes() == EDIT


@pytest.mark.parametrize("name", ["left/ann.wav", "_noise_/hum.wav"])
def test_a_clip_edited_by_hand_is_never_replaced_nor_deleted(words: Path, clips: Path, name: str) -> None:
    (clips / name).write_bytes(EDIT)
    assert f"{clips / name} was edited after cleaning" in refusal(words, clips, LOUDER)
    change_recording(words, name)
    assert f"{clips / name} was edited after cleaning" in refusal(words, clips)
    (words / name).unlink()
    (words / "testing_list.txt").write_text("left/eve.wav\n")
    assert f"{clips / name} was edited after cleaning" in refusal(words, clips)
    (clips / name).rename(clips / "mine.bin")
    clean(words, clips)
    assert (clips / "mine.bin").read_bytes() == EDIT


def test_an_edited_clip_that_turns_out_to_be_a_duplicate_is_not_deleted(words: Path, clips: Path) -> None:
    discarding = CleanSettings(discard="duplicate")
    shutil.rmtree(clips)
    clean(words, clips, discarding)
    (clips / "left/bob.wav").write_bytes(EDIT)
    shutil.copy(words / "left/bob.wav", words / "left/a_first_copy.wav")
    with pytest.raises(WordspotError, match=r"left/bob\.wav was edited after cleaning"):
        clean(words, clips, discarding)
    assert (clips / "left/bob.wav").read_bytes() == EDIT
    (clips / "left/bob.wav").unlink()
    assert clean(words, clips, discarding).labels["left"].discarded == {"duplicate": 1}


@pytest.mark.parametrize("name", ["report.html", "discarded.csv", "testing_list.txt", "clean.json"])
def test_an_edited_table_report_or_list_is_never_replaced(words: Path, clips: Path, name: str) -> None:
    (clips / name).write_bytes((clips / name).read_bytes() + b"\n")
    assert str(clips / name) in refusal(words, clips, LOUDER)
    (clips / name).unlink()
    assert not clean(words, clips, LOUDER).already_clean


def test_files_of_ones_own_beside_the_clips_stay(words: Path, clips: Path) -> None:
    own = [clips / name for name in ("left/own.wav", "notes.txt", "mine/a.wav", "validation_list.txt")]
    for path in own:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(EDIT)
    clean(words, clips, LOUDER)
    (words / "left/ann.wav").write_text("no sound any more")
    clean(words, clips)
    assert all(path.read_bytes() == EDIT for path in own)


@pytest.mark.parametrize("make", [lambda path: path.write_bytes(EDIT), lambda path: path.mkdir()])
def test_a_file_of_ones_own_is_not_replaced_by_the_clip_of_a_new_recording(
    words: Path, clips: Path, put_word: Callable, is_as_new: Callable, make: Callable[[Path], Any]
) -> None:
    make(clips / "left/new.wav")
    put_word(words / "left/new.flac", np.random.default_rng(1))
    for _ in range(2):  # the second time, it must not be taken for what cleaning has made
        with pytest.raises(WordspotError, match=r"left/new\.wav was not written by cleaning"):
            clean(words, clips)
    (clips / "left/new.wav").rename(clips.parent / "mine")
    assert is_as_new(words, clips)


def test_a_file_where_a_labels_folder_is_to_be_is_refused(words: Path, clips: Path, put_word: Callable) -> None:
    (clips / "up").write_bytes(EDIT)
    put_word(words / "up/ann.wav", np.random.default_rng(1))
    assert f"{clips / 'up'} stands where a folder is to be" in refusal(words, clips)


def test_a_list_of_ones_own_is_not_replaced_by_one_that_the_source_gets(words: Path, clips: Path) -> None:
    (clips / "validation_list.txt").write_text("right/eve.wav\n")
    (words / "validation_list.txt").write_text("left/bob.wav\n")
    assert "validation_list.txt was edited after cleaning" in refusal(words, clips)


# -- links --


def link_label(words: Path, clips: Path) -> None:
    shutil.rmtree(clips / "left")
    (clips / "left").symlink_to(words / "left")


def link_clip(words: Path, clips: Path) -> None:
    (clips / "left/ann.wav").unlink()
    (clips / "left/ann.wav").symlink_to(words / "left/ann.wav")
    change_recording(words)


def link_table(words: Path, clips: Path) -> None:
    shutil.move(clips / "metadata.csv", words / "metadata.csv")
    (clips / "metadata.csv").symlink_to(words / "metadata.csv")


def link_journal_folder(words: Path, clips: Path) -> None:
    shutil.move(clips / ".wordspot", words / ".wordspot")
    (clips / ".wordspot").symlink_to(words / ".wordspot")


def link_lock(words: Path, clips: Path) -> None:
    (clips / ".wordspot/lock").symlink_to(words / "left/ann.wav")


def link_label_of_source(words: Path, clips: Path) -> None:
    shutil.rmtree(words / "left")
    (words / "left").symlink_to(clips / "left")


def link_recording(words: Path, clips: Path) -> None:
    (words / "left/ann.wav").unlink()
    (words / "left/ann.wav").symlink_to(clips / "left/ann.wav")


LINKS: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "a label's folder": (link_label, "clips/left is a link to .*words/left"),
    "a clip": (link_clip, "clips/left/ann.wav was edited after cleaning"),
    "a table": (link_table, "clips/metadata.csv is a link"),
    "the journal's folder": (link_journal_folder, r"clips/\.wordspot is a link"),
    "the lock": (link_lock, r"clips/\.wordspot/lock is a link"),
    "a label's folder of the source": (link_label_of_source, "words/left leads into .*clips"),
    "a recording": (link_recording, "words/left/ann.wav leads into .*clips"),
}


@pytest.mark.parametrize("name", LINKS)
def test_links_between_recordings_and_clips_are_refused_by_name(words: Path, clips: Path, name: str) -> None:
    make, message = LINKS[name]
    make(words, clips)
    before = {path: path.read_bytes() for path in words.rglob("*") if path.is_file()}
    refusal(words, clips)
    assert {path: path.read_bytes() for path in words.rglob("*") if path.is_file()} == before
    with pytest.raises(WordspotError, match=message):
        clean(words, clips)


def test_recordings_inside_the_clean_folder_are_refused(words: Path, clips: Path) -> None:
    shutil.move(words, clips / "left/words")
    with pytest.raises(WordspotError, match="holds something else, the recordings in"):
        clean(clips / "left/words", clips)


# -- a journal that somebody has written --


def checked(values: Any) -> bytes:
    """A line of the journal with a checksum that is right."""
    text = json.dumps(values).encode()[:-1]
    return text + b', "crc32": %d}\n' % zlib.crc32(text)


def rewrite_journal(clips: Path, change: Callable[[dict[str, Any]], Any], number: int = 3) -> None:
    """Changes the entry of one line, its checksum too."""
    path = clips / ".wordspot/journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    values = json.loads(lines[number])
    del values["crc32"]
    change(values)
    lines[number] = checked(values)
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    "file_name", ["../victim.wav", "/victim.wav", "left/../../victim.wav", "left/.hidden.wav", "a.wav"]
)
def test_a_journal_line_that_names_a_file_outside_deletes_nothing(
    words: Path, clips: Path, is_as_new: Callable, file_name: str
) -> None:
    victim = clips.parent / "victim.wav"
    shutil.copy(clips / "left/eve.wav", victim)  # so that its digest is the one that the line has
    absolute = file_name.replace("/victim.wav", str(victim)) if file_name.startswith("/") else file_name
    rewrite_journal(clips, lambda values: values["outcome"].update(file_name=absolute, label=absolute.split("/")[0]))
    before = victim.read_bytes()
    assert is_as_new(words, clips)
    assert victim.read_bytes() == before


ODD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no outcome": lambda values: values.pop("outcome"),
    "an outcome of another kind": lambda values: values.update(outcome=[1]),
    "findings as text": lambda values: values["outcome"].update(findings="clipped"),
    "a check that does not exist": lambda values: values["outcome"].update(findings=["loud"]),
    "discarded for what was not found": lambda values: values["outcome"].update(discarded_for="clipped"),
    "a column that does not exist": lambda values: values["outcome"]["measured"].update(loudness=1.0),
    "a column missing": lambda values: values["outcome"]["measured"].pop("volume"),
    "not a number": lambda values: values["outcome"]["measured"].update(volume=float("nan")),
    "infinite": lambda values: values["outcome"]["measured"].update(snr_db=float("inf")),
    "text for a number": lambda values: values["outcome"]["measured"].update(volume="loud"),
    "a fingerprint of another length": lambda values: values["outcome"].update(fingerprint="AAAA"),
    "a fingerprint that is none": lambda values: values["outcome"].update(fingerprint="?" * 108),
    "no digest": lambda values: values["outcome"].update(clip_digest=""),
    "half a character": lambda values: values["outcome"].update(speaker="\udcff"),
    "another label": lambda values: values["outcome"].update(label="right"),
    "a key that does not exist": lambda values: values["outcome"].update(reason=""),
    "a size as text": lambda values: values.update(size_bytes="1"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_journal_line_is_worked_out_anew(words: Path, clips: Path, is_as_new: Callable, name: str) -> None:
    rewrite_journal(clips, ODD[name])
    (clips / "left/eve.wav").unlink()  # or it would be nobody's any more
    assert is_as_new(words, clips)


def test_a_value_changed_without_its_checksum_is_never_believed(words: Path, clips: Path, is_as_new: Callable) -> None:
    path = clips / ".wordspot/journal.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"channels": 1', b'"channels": 2'))
    assert path.read_bytes() != content
    assert is_as_new(words, clips)


@pytest.mark.parametrize("header", [b"[1]\n", b"7\n", b"null\n", b'{"source": 3}\n', b"[" * 100_000 + b"\n", b"\xff\n"])
def test_an_odd_first_line_never_ends_in_a_traceback(words: Path, clips: Path, header: bytes) -> None:
    path = clips / ".wordspot/journal.jsonl"
    path.write_bytes(header + b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    text = refusal_or_none(words, clips)
    assert text is None or "holds the clips of 3" in text


def refusal_or_none(words: Path, clips: Path, own_settings: CleanSettings = CleanSettings()) -> str | None:
    """What cleaning is refused with, or None where it is not."""
    try:
        clean(words, clips, own_settings)
    except WordspotError as error:
        return str(error)
    return None


def test_a_journal_of_an_older_version_is_discarded_with_a_note(words: Path, clips: Path, tree: Callable) -> None:
    before = tree(clips)
    as_older_version(clips)
    with pytest.warns(WordspotWarning, match="cleaned by another version"):
        assert not clean(words, clips).already_clean
    assert tree(clips) == before
    as_older_version(clips)
    (clips / "left/ann.wav").write_bytes(EDIT)
    with (
        pytest.warns(WordspotWarning),
        pytest.raises(WordspotError, match=r"left/ann\.wav was not written by cleaning"),
    ):
        clean(words, clips)


def as_older_version(clips: Path) -> None:
    path = clips / ".wordspot/journal.jsonl"
    header, *lines = map(json.loads, path.read_bytes().splitlines())
    del header["format"]
    rows = [
        {"path": line["path"], "size_bytes": 1, "modified_ns": 2, "row": {"file_name": "left/ann.wav"}}
        for line in lines
    ]
    path.write_text("".join(json.dumps(values) + "\n" for values in [header, *rows]))
    (clips / ".wordspot/made.json").unlink()


# -- anything at all --

_FILES = st.sampled_from((".wordspot/journal.jsonl", "clean.json", ".wordspot/made.json", "discarded.csv"))
_PLACES = st.floats(0, 1)
_DAMAGES = st.lists(st.tuples(_FILES, _PLACES, st.integers(0, 20), st.binary(max_size=8)), min_size=1, max_size=3)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damages=_DAMAGES, own_settings=st.sampled_from([CleanSettings(), LOUDER]))
def test_whatever_happens_to_its_files_the_folder_comes_out_as_new_or_cleaning_is_refused_in_one_line(
    words: Path, clips: Path, tree: Callable, damages: list[tuple[str, float, int, bytes]], own_settings: CleanSettings
) -> None:
    whole = clips.with_name("whole")
    if not whole.exists():
        shutil.copytree(clips, whole)
    expected = tree(whole)
    shutil.rmtree(clips)
    shutil.copytree(whole, clips)
    for name, share, deleted, inserted in damages:
        content = (clips / name).read_bytes()
        place = round(share * len(content))
        (clips / name).write_bytes(content[:place] + inserted + content[place + deleted :])
    before = tree(words)
    text = refusal_or_none(words, clips, own_settings)
    after = tree(clips)
    if text is not None:
        assert "\n" not in text
        assert {name: data for name, data in after.items() if name.endswith(".wav")}.items() <= expected.items()
    else:
        sound_and_table = [name for name in expected if name.endswith((".wav", "metadata.csv"))]
        assert {name: after[name] for name in sound_and_table} == {name: expected[name] for name in sound_and_table}
    assert tree(words) == before


@given(st.lists(st.sampled_from(["a", "..", ".", "/", "\\", ".wav", "left", ""]), max_size=8).map("".join))
def test_a_clip_name_stays_two_levels_below_its_folder(name: str) -> None:
    if is_clip_name(name):
        real = os.path.normpath(f"/clips/{name}")
        assert real == f"/clips/{name}"
        assert real.count("/") == 3
