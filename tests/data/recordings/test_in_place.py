import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import read_sound, write_wav
from wordspot.data.audio.cut import cut
from wordspot.data.errors import RecordingError, WordspotError
from wordspot.data.recordings.folders import SECTIONS, scan_recordings
from wordspot.data.recordings.in_place import by_file, find_section, read_all, read_recording, scan_source
from wordspot.data.tables import write_table

COLUMNS = ("file_name", "source", "start_s", "end_s")


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """Eight seconds in stereo at another rate."""
    noise = np.random.default_rng(1).normal(0, 0.1, (8 * 22_050, 2))
    soundfile.write(tmp_path / "take.flac", noise, 22_050)
    return tmp_path / "take.flac"


def folder_of(tmp_path: Path, *rows: tuple[str, str, object, object]) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir(exist_ok=True)
    write_table(folder / SECTIONS, COLUMNS, [dict(zip(COLUMNS, row, strict=True)) for row in rows])
    return folder


def test_a_section_is_the_sound_that_a_file_of_it_would_be(take: Path, tmp_path: Path) -> None:
    rows = (("left/b.wav", "../take.flac", 1.25, 2.5), ("left/a.wav", str(take), "", 1), ("up/c.wav", str(take), 6, ""))
    folder = folder_of(tmp_path, *rows)
    recordings = scan_source(folder)
    assert [recording.path for recording in recordings] == ["left/a.wav", "left/b.wav", "up/c.wav"]
    expected = {"left/a.wav": (0, 1), "left/b.wav": (1.25, 2.5), "up/c.wav": (6, np.inf)}
    for recording in recordings:
        piece = next(cut(take, [expected[recording.path]]))
        assert piece is not None
        write_wav(tmp_path / "cut.wav", piece)
        sound, of_file = read_recording(folder, recording), read_sound(tmp_path / "cut.wav")
        assert np.array_equal(sound.samples, of_file.samples)
        assert np.array_equal(sound.native, of_file.native)
        same = ("source_rate_hz", "source_channels", "source_frames", "container", "peak", "notes")
        assert all(getattr(sound, name) == getattr(of_file, name) for name in same)


def test_any_order_gives_the_same(take: Path, tmp_path: Path) -> None:
    spans = [(0.5, 1.5), (1.0, 3.0), (1.0, 1.1), (7.5, 8.05), (7.5, 9.0), (8.5, 9.5)]
    folder = folder_of(tmp_path, *((f"left/{n}.wav", str(take), *span) for n, span in enumerate(spans)))
    recordings = scan_source(folder)
    alone = [next(read_all(folder, [recording])) for recording in recordings]
    assert [isinstance(one, RecordingError) for one in alone] == [False] * 4 + [True] * 2
    assert str(alone[4]) == "7.5 to 9.0 s is not in take.flac"
    for order in (recordings, recordings[::-1], sorted(recordings, key=by_file)):
        for recording, one in zip(order, read_all(folder, order), strict=True):
            expected = alone[recordings.index(recording)]
            assert isinstance(one, RecordingError) or np.array_equal(one.samples, expected.samples)  # type: ignore[union-attr]


def test_a_whole_file_is_read_as_it_is(take: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ("left/a.flac", "../take.flac", "", ""))
    assert read_recording(folder, scan_source(folder)[0]).source_rate_hz == 22_050


def test_files_beside_the_table_count_too(take: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ("left/a.wav", str(take), 0, 1))
    (folder / "left").mkdir()
    write_wav(folder / "left" / "0.wav", np.ones(16_000, np.int16))
    assert [recording.path for recording in scan_source(folder)] == ["left/0.wav", "left/a.wav"]
    (folder / "left" / "0.wav").rename(folder / "left" / "a.wav")
    with pytest.raises(WordspotError, match=r"names left/a\.wav, which is there twice"):
        scan_source(folder)


def test_a_changed_table_or_sound_is_another_recording(take: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ("left/a.wav", str(take), 0, 1))
    first = scan_source(folder)
    assert scan_source(folder) == first
    folder_of(tmp_path, ("left/a.wav", str(take), 0, 2))
    second = scan_source(folder)
    assert second != first
    os.utime(take, (1, 1))
    assert scan_source(folder) != second


def test_a_section_is_found_by_its_key(take: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ("left/a\a.wav", str(take), 0, 1))
    key = scan_source(folder)[0].key
    found = find_section(folder, key)
    assert found
    assert found.end_s == 1
    assert find_section(folder, "left/b.wav") is None
    assert find_section(tmp_path, key) is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("left/a.wav", "gone.flac", "0", "1"), r"sections\.csv, line 2: the sound '.*gone\.flac' is not there"),
        (("left/a.wav", "take\0.flac", "0", "1"), "is not there"),
        (("a.wav", "../take.flac", "0", "1"), "expected LABEL/NAME"),
        (("../left/a.wav", "../take.flac", "0", "1"), "expected LABEL/NAME"),
        (("left/../../a.wav", "../take.flac", "0", "1"), "expected LABEL/NAME"),
        (("/left/a.wav", "../take.flac", "0", "1"), "expected LABEL/NAME"),
        (("left/a.wav", "../take.flac", "soon", "1"), "'soon' is no time in seconds"),
        (("left/a.wav", "../take.flac", "0", "nan"), "'nan' is no time in seconds"),
        (("left/a.wav", "../take.flac", "2", "1"), "expected a start before its end"),
        (("left/a.wav", "../take.flac", "-1", "1"), "expected a start before its end"),
    ],
)
def test_rows_that_cannot_be_are_named(row: tuple, message: str, take: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match=message):
        scan_source(folder_of(tmp_path, row))


def test_a_table_without_rows_or_columns_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with pytest.raises(WordspotError, match="lists no recordings"):
        scan_source(folder)
    (folder / SECTIONS).write_text("file_name,source\n")
    with pytest.raises(WordspotError, match="has no column 'start_s'"):
        scan_source(folder)


def test_all_but_cleaning_refuse_it(take: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ("left/a.wav", str(take), 0, 1))
    with pytest.raises(WordspotError, match="which only cleaning reads"):
        scan_recordings(folder)
