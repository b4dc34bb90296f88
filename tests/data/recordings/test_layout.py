import re
import subprocess
from pathlib import Path

import pytest
from wordspot.data.clips import list_clips
from wordspot.data.errors import WordspotError
from wordspot.data.recordings.file_names import labels_in_names
from wordspot.data.recordings.folders import scan_recordings
from wordspot.data.recordings.layout import Note, diagnose


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("left/0.wav")
    return folder


def numbered(*stems: str, ending: str = ".wav") -> list[str]:
    return [f"{stem}{i}{ending}" for stem in stems for i in range(3)]


def notes_of(folder: Path) -> tuple[Note, ...]:
    return diagnose(folder, scan_recordings(folder))


ORDINARY = {
    "two words": numbered("left/", "right/"),
    "Speech Commands": [
        *numbered("left/c50f55b8_nohash_", "right/c50f55b8_nohash_", "_background_noise_/room"),
        *("README.md", "LICENSE"),
    ],
    "a folder for each speaker": numbered("left/ann/", "left/bob/", "right/ann/", "right/bob/"),
    "a folder for each speaker of some words": numbered("left/ann/", "left/bob/", "right/ann/", "right/bob/", "up/"),
    "one word": numbered("marvin/c50f55b8_nohash_"),
    "one word by one speaker": numbered("marvin/ann/"),
    "one word, a few takes": numbered("marvin/loud ", "marvin/soft "),
    "speakers in names": numbered("left/ann_", "left/bob_", "right/ann_", "right/bob_"),
    "the words test and train among others": numbered("test/", "train/", "left/"),
    "no endings": ["left/a", "right/b"],
}


@pytest.mark.parametrize("names", ORDINARY.values(), ids=ORDINARY)
def test_of_an_ordinary_folder_nothing_is_said(tmp_path: Path, names: list[str]) -> None:
    assert [note for note in notes_of(put(tmp_path, *names)) if note.kind != "audiofolder"] == []


def test_the_real_recordings_are_ordinary(speech_commands: Path) -> None:
    assert notes_of(speech_commands) == ()


MISPLACED = {  # names: (what is said, the first command, its source)
    "train and test": (
        numbered("train/left/", "train/right/", "test/left/", "test/right/"),
        r"parts of a data set \(test, train\), and the words \(left, right\) are folders",
        "wordspot clean {}/train CLIPS` and `wordspot clean {}/test TEST-CLIPS",
    ),
    "train beside noise": (
        numbered("Training/left/", "Training/right/", "_background_noise_/room"),
        r"parts of a data set \(Training\)",
        "wordspot clean {}/Training CLIPS",
    ),
    "the set in a folder": (
        numbered("speech_commands_v0.02/left/", "speech_commands_v0.02/right/"),
        r"everything in one folder, speech_commands_v0\.02, and the words \(left, right\)",
        "wordspot clean {}/speech_commands_v0.02 CLIPS",
    ),
    "noise inside": (
        numbered("mine/left/", "mine/right/", "mine/_background_noise_/room"),
        r"everything in one folder, mine, and the words \(left, right\)",
        "wordspot clean {}/mine CLIPS",
    ),
    "lists inside": (
        [*numbered("mine/left/", "mine/right/"), "mine/testing_list.txt"],
        "everything in one folder, mine",
        "wordspot clean {}/mine CLIPS",
    ),
    "two folders deep": (
        numbered("my set/audio/left/", "my set/audio/right/"),
        "everything in one folder, my set/audio",
        "wordspot clean '{}/my set/audio' CLIPS",
    ),
    "parts two folders deep": (
        numbered("set/train/left/", "set/train/right/", "set/test/left/"),
        r"parts of a data set \(test, train\)",
        "wordspot clean {}/set/train CLIPS",
    ),
}


@pytest.mark.parametrize(("names", "said", "command"), MISPLACED.values(), ids=MISPLACED)
def test_words_one_level_off_are_refused_with_the_command_that_was_meant(
    tmp_path: Path, names: list[str], said: str, command: str
) -> None:
    put(tmp_path, *names)
    with pytest.raises(WordspotError, match=said) as refused:
        notes_of(tmp_path)
    assert f"`{command.replace('{}', str(tmp_path))}`" in str(refused.value)
    with pytest.raises(WordspotError, match=said):
        list_clips(tmp_path)
    source = re.findall(r"wordspot clean ('[^']+'|\S+) CLIPS", str(refused.value))[0].strip("'")
    assert notes_of(Path(source)) == ()


@pytest.mark.parametrize("inside", ["training", "recordings", ""])
@pytest.mark.parametrize(
    "names",
    [
        ["left.c50f55b8.wav", "left.1.wav", "turn on_01.wav", "turn off_02.wav", "turn_03.wav"],
        ["left_01.wav", "left_02.wav", "right_01.wav", "right_02.wav"],
        ["left01.wav", "left02.wav", "right-01.wav", "right-02.wav"],
        ["0_ann_1.wav", "0_bob_1.wav", "10_ann_1.wav", "10_bob_1.wav"],
        ["été_1.wav", "été_2.wav", "hiver_1.wav", "hiver_2.wav"],
    ],
)
def test_labels_in_file_names_are_found_and_the_command_sorts_them(
    tmp_path: Path, inside: str, names: list[str]
) -> None:
    source = put(tmp_path / "my set", *(f"{inside}/{name}".lstrip("/") for name in names))
    with pytest.raises(WordspotError, match="the names of its files begin with") as refused:
        notes_of(source)
    command = re.findall("`(.*); wordspot clean sorted CLIPS`", str(refused.value))[0]
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    labels = labels_in_names(names)
    assert {path.name for path in (tmp_path / "sorted").iterdir()} == set(labels)
    assert {path.name for path in (tmp_path / "sorted").glob("*/*")} == set(names)
    assert notes_of(tmp_path / "sorted") == ()


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["c50f55b8_nohash_0.wav", "c50f55b8_nohash_1.wav", "0ab3b47d_nohash_0.wav", "0ab3b47d_nohash_1.wav"],
        ["common_voice_1.mp3", "common_voice_2.mp3", "common_voice_3.mp3"],
        ["left.wav", "right.wav", "up.wav"],
        ["2024-01-01.wav", "2024-01-02.wav", "2025-01-01.wav", "2025-01-02.wav"],
        ["1.wav", "2.wav", "3.wav", "4.wav"],
    ],
)
def test_names_without_labels_are_left_alone(names: list[str]) -> None:
    assert labels_in_names(names) == ()


NOTED = {
    "folders of one of the labels": (
        numbered("left/", "right/", "animals/cat/", "animals/dog/"),
        "level",
        r"all recordings below animals/ get the label animals.* 2 folders \(cat, dog\)",
    ),
    "one label, folders in it": (
        numbered("mine/ann/", "mine/bob/"),
        "level",
        r"the one label mine: if the folders in it \(ann, bob\) are the words, run `wordspot clean {}/mine CLIPS` instead",
    ),
    "one label, words in its names": (
        [f"mine/{word}_{i}.wav" for word in ("left", "right") for i in range(5)],
        "level",
        "begin with left, right",
    ),
    "noise": (numbered("left/", "Noise/"), "noise", "Noise is taken for a word: .* _background_noise_"),
    "silence": (numbered("left/", "silence/"), "noise", "silence is taken for a word"),
    "background": (numbered("left/", "background/"), "noise", "background is taken for a word"),
    "unknown": (numbered("left/", "unknown/"), "other words", "unknown is taken for a word: leave it out"),
    "_unknown_": (numbered("left/", "_unknown_/"), "other words", "_unknown_ is not trained on"),
    "case": (numbered("Right/", "right/"), "case", "Right, right are different labels"),
    "a space": (numbered("right/", "right /"), "spelling", "the folders 'right ', 'right' are one label, right"),
    "Unicode forms": (numbered("caf\u00e9/", "cafe\u0301/"), "spelling", "are one label, caf\u00e9"),
    "misread": (numbered("true/", "null/", "test/", "yes/"), "audiofolder", "the label null, test, true for a split"),
    "loose files": ([*numbered("left/"), "a.wav", "b.M4A"], "loose files", r"is left out \(2: a\.wav, b\.M4A\)$"),
}


@pytest.mark.parametrize(("names", "kind", "text"), NOTED.values(), ids=NOTED)
def test_what_was_probably_not_meant_is_noted(tmp_path: Path, names: list[str], kind: str, text: str) -> None:
    (note,) = [note for note in notes_of(put(tmp_path, *names)) if note.kind != "audiofolder" or kind == "audiofolder"]
    assert note.kind == kind
    assert re.search(text.replace("{}", re.escape(str(tmp_path))), note.text)
    assert "\n" not in note.text


@pytest.mark.parametrize("name", [" ", "\u3000", "\u00a0 "])
def test_a_folder_of_nothing_but_spaces_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WordspotError, match="nothing but spaces"):
        notes_of(put(tmp_path, *numbered("left/", f"{name}/")))


def test_names_in_split_lists_that_mean_nothing_are_counted(tmp_path: Path) -> None:
    put(tmp_path, *numbered("left/", "right/"))
    (tmp_path / "validation_list.txt").write_text("left\\0.wav\r\nleft/7.wav\r\n./right/8.wav\r\n\r\nup/1.wav\r\n")
    (note,) = notes_of(tmp_path)
    assert note.kind == "split list"
    assert "2 of the 3 names in validation_list.txt" in note.text
    assert "(left/7.wav, ./right/8.wav)" in note.text
    (tmp_path / "validation_list.txt").write_text("left/0.wav\nup/1.wav\n")
    assert notes_of(tmp_path) == ()


def test_split_lists_that_name_none_of_the_recordings_are_noted(tmp_path: Path) -> None:
    put(tmp_path, *numbered("left/"))
    (tmp_path / "testing_list.txt").write_text("right/9.wav\n")
    (note,) = notes_of(tmp_path)
    assert "name none of the recordings (they have right/9.wav, the folder has left/2.wav)" in note.text
    (tmp_path / "testing_list.txt").write_text("\n\n")
    assert notes_of(tmp_path) == ()
