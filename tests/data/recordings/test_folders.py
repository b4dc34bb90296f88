import os
import pickle
import sys
from pathlib import Path

import pytest
from wordspot.data.errors import WordspotError
from wordspot.data.recordings.folders import Recording, check_folder, scan_long_sound, scan_recordings, unlabeled_files


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def found(folder: Path) -> list[str]:
    return [recording.path for recording in scan_recordings(folder)]


def test_every_file_below_a_label_is_found_in_order(tmp_path: Path) -> None:
    put(tmp_path, "right/b.wav", "right/a.flac", "left/x/y/c.wav", "left/x.txt", "_noise_/long.wav", "loose.wav")
    assert found(tmp_path) == ["_noise_/long.wav", "left/x.txt", "left/x/y/c.wav", "right/a.flac", "right/b.wav"]


def test_long_sound_is_found_without_the_words_beside_it(tmp_path: Path) -> None:
    put(tmp_path, "left/a.wav", "_noise_/x/long.wav", " _negatives_/b.wav", "_loose.wav")
    assert scan_long_sound(tmp_path) == [one for one in scan_recordings(tmp_path) if one.is_long_sound]
    assert [one.label for one in scan_long_sound(tmp_path)] == ["_negatives_", "_noise_"]
    put(tmp_path / "words", "left/a.wav")
    assert scan_long_sound(tmp_path / "words") == []


def test_a_recording_knows_its_label_inner_path_size_and_age(tmp_path: Path) -> None:
    put(tmp_path, "left/x/a.wav")
    os.utime(tmp_path / "left/x/a.wav", ns=(5, 1_234_567_891))
    (recording,) = scan_recordings(tmp_path)
    assert (recording.label, recording.inner_path) == ("left", "x/a.wav")
    assert (recording.size_bytes, recording.modified_ns) == (1, 1_234_567_891)
    assert not recording.is_long_sound
    assert Recording("_noise_/a.wav", 0, 0).is_long_sound


def test_a_key_holds_only_what_a_table_can() -> None:
    recording = Recording("left/Icon\r/a\udcff.wav", 0, 0)
    assert (recording.key, recording.inner_key) == ("left/Icon\\x0d/a\\udcff.wav", "Icon\\x0d/a\\udcff.wav")
    assert pickle.loads(pickle.dumps(recording)).key == recording.key
    plain = Recording("left/a.wav", 0, 0)
    assert plain.key is plain.path


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "left/a.wav", "left/.DS_Store", "left/.git/b.wav", ".cache/c.wav")
    assert found(tmp_path) == ["left/a.wav"]


def test_what_file_managers_and_storage_boxes_leave_is_no_recording(tmp_path: Path) -> None:
    put(
        tmp_path, "left/a.wav", "left/Thumbs.db", "left/DESKTOP.INI", "left/@eaDir/a.wav/x", "left/._a.wav", "thumbs.db"
    )
    put(tmp_path, "$RECYCLE.BIN/b.wav", "System Volume Information/c", "__MACOSX/left/._a.wav", "@eaDir/d.wav")
    assert found(tmp_path) == ["left/a.wav"]
    assert unlabeled_files(tmp_path) == []


@pytest.mark.parametrize("folder", ["cafe\u0301", "caf\u00e9", "caf\u00e9 ", " caf\u00e9"])
def test_a_label_has_no_spaces_around_it_and_one_unicode_form(folder: str) -> None:
    recording = Recording(f"{folder}/x.wav", 0, 0)
    assert recording.label == "caf\u00e9"
    assert recording.path == f"{folder}/x.wav"  # under which the file is found


@pytest.mark.parametrize("folder", [" ", " .", ".. "])
def test_a_label_never_becomes_another_folder(folder: str) -> None:
    assert Recording(f"{folder}/x.wav", 0, 0).label == folder


def test_links_are_followed_but_never_in_a_circle(tmp_path: Path) -> None:
    put(tmp_path, "source/left/a.wav", "elsewhere/b.wav")
    left = tmp_path / "source" / "left"
    for name, target in (
        ("up", ".."),
        ("here", "."),
        ("far", tmp_path / "elsewhere"),
        ("file.wav", "a.wav"),
        ("root", tmp_path),
        ("far-again", tmp_path / "elsewhere"),
    ):
        (left / name).symlink_to(target)
    paths = found(tmp_path / "source")
    assert {"left/a.wav", "left/far/b.wav", "left/file.wav", "left/far-again/b.wav"} <= set(paths)
    assert len(paths) == len(set(paths)) < 50


def test_two_folders_that_link_to_each_other_end(tmp_path: Path) -> None:
    put(tmp_path, "left/a.wav", "right/b.wav")
    (tmp_path / "left" / "other").symlink_to("../right")
    (tmp_path / "right" / "other").symlink_to("../left")
    assert found(tmp_path) == ["left/a.wav", "left/other/b.wav", "right/b.wav", "right/other/a.wav"]


def test_broken_links_are_listed_so_that_they_are_reported(tmp_path: Path) -> None:
    put(tmp_path, "left/a.wav")
    (tmp_path / "left" / "gone.wav").symlink_to("nowhere")
    (tmp_path / "left" / "itself.wav").symlink_to("itself.wav")
    (tmp_path / "itself").symlink_to("itself")
    recordings = {recording.path: recording.size_bytes for recording in scan_recordings(tmp_path)}
    assert recordings == {"left/a.wav": 1, "left/gone.wav": -1, "left/itself.wav": -1}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows such names")
def test_names_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xe9")
    put(tmp_path, f"{name}/{name}.wav")
    assert found(tmp_path) == [f"{name}/{name}.wav"]


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    put(tmp_path, "file.wav")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "labels" / "left").mkdir(parents=True)
    (tmp_path / "labels" / "right").mkdir()
    messages = {
        "missing": "missing does not exist",
        "file.wav": "file.wav is a file",
        "nothing": "has no label folders",
        "labels": "no file in any of them",
    }
    for name, message in messages.items():
        with pytest.raises(WordspotError, match=message):
            scan_recordings(tmp_path / name)
    with pytest.raises(WordspotError, match="does not exist"):
        check_folder(tmp_path / "missing")


def test_a_folder_that_may_not_be_listed_is_named(unprivileged: Path) -> None:
    put(unprivileged, "source/left/closed/a.wav")
    closed = unprivileged / "source/left/closed"
    closed.chmod(0)
    with pytest.raises(WordspotError, match=r"closed cannot be listed: Permission denied"):
        scan_recordings(unprivileged / "source")
    closed.chmod(0o700)


def test_files_outside_any_label_are_named(tmp_path: Path) -> None:
    put(tmp_path, "left/a.wav", "b.wav", "LICENSE", ".hidden")
    assert unlabeled_files(tmp_path) == ["LICENSE", "b.wav"]
