import os
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.recordings.folders import Recording
from wordspot.pipeline.ingest.destination import is_clip_name
from wordspot.pipeline.ingest.plan import plan_clips

_LETTERS = st.sampled_from(["a", "A", "b", "ß", "ss", "é", "e\u0301", "İ", "-", "2", " ", ".", "\udcff", "\r", "長"])
_NAMES = st.lists(_LETTERS, min_size=1, max_size=4).map("".join).filter(lambda name: not name.startswith("."))
_FILES = st.builds(lambda name, ending: name + ending, _NAMES, st.sampled_from(["", ".wav", ".flac", ".WAV"]))
_PATHS = st.builds(
    lambda label, folders, file: "/".join((label, *folders, file)), _NAMES, st.lists(_NAMES, max_size=2), _FILES
)


def names(*paths: str) -> list[str]:
    return [clip.file_name for clip in plan_clips(Recording(path, 0, 0) for path in paths)]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["left/a.wav"], ["left/a.wav"]),
        (["left/a.flac", "left/a.wav"], ["left/a.wav", "left/a-2.wav"]),
        (["left/a-2.wav", "left/a.flac", "left/a.wav"], ["left/a-2.wav", "left/a.wav", "left/a-3.wav"]),
        (["left/x/a.wav", "left/x-a.mp3"], ["left/x-a.wav", "left/x-a-2.wav"]),
        (["left/x/y/a.b.wav"], ["left/x-y-a.b.wav"]),
        (["left/a.wav", "right/a.wav"], ["left/a.wav", "right/a.wav"]),
        (["left/A.wav", "left/a.wav"], ["left/A.wav", "left/a-2.wav"]),
        (["Left/a.wav", "left/a.wav"], ["Left/a.wav", "left/a-2.wav"]),
        (["left/e\u0301.wav", "left/é.wav"], ["left/e\u0301.wav", "left/é-2.wav"]),
        (["left/noending"], ["left/noending.wav"]),
        (["left/Icon\r", "left/a\udcff.wav"], ["left/Icon_.wav", "left/a_.wav"]),
        (["le\udcff/a.wav"], ["le_/a.wav"]),
        ([" .left/a.wav"], ["xleft/a.wav"]),
    ],
)
def test_names_follow_the_recordings(paths: list[str], expected: list[str]) -> None:
    assert names(*paths) == expected


@settings(deadline=None, max_examples=300)
@given(st.lists(_PATHS, max_size=25, unique=True))
def test_names_are_unique_and_stay_below_their_label_on_any_file_system(paths: list[str]) -> None:
    planned = plan_clips(Recording(path, 0, 0) for path in paths)
    folded = {unicodedata.normalize("NFC", clip.file_name).casefold() for clip in planned}
    assert len(folded) == len(planned) == len(paths)
    for clip, path in zip(planned, paths, strict=True):
        assert clip.recording.path == path
        parts = PurePosixPath(clip.file_name).parts
        assert len(parts) == 2
        assert is_clip_name(clip.file_name)
        assert clip.file_name == os.path.normpath(clip.file_name)
        assert parts[1].endswith(".wav")
        clip.file_name.encode("utf-8")
        if not {"\udcff", "\r"} & set(clip.recording.label) and not clip.recording.label.startswith("."):
            assert clip.label == parts[0] == clip.recording.label


@pytest.mark.parametrize("letter", ["n", "é", "長", "😀"])
@pytest.mark.parametrize("folders", [0, 1, 5])
def test_long_names_are_cut_to_what_file_systems_hold_and_stay_apart(letter: str, folders: int) -> None:
    stem = letter * (250 // len(letter.encode()))
    prefix = "left/" + f"{stem}/" * folders
    result = names(*(f"{prefix}{stem}{i}.wav" for i in range(3)), f"{prefix}{stem}0.flac")
    assert len(set(result)) == 4
    assert all(len(PurePosixPath(name).name.encode()) <= 240 for name in result)


def test_a_name_does_not_depend_on_recordings_that_come_later() -> None:
    paths = ["left/a.flac", "left/a.wav", "left/b.wav", "right/a.wav"]
    for count in range(len(paths)):
        assert names(*paths[:count]) == names(*paths)[:count]
