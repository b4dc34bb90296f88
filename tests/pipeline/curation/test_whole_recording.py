"""The recording behind a clip: given only where it is what was cleaned, and never anything else."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.audio import read_sound, write_wav
from wordspot.data.clips import Clip, read_clip_table
from wordspot.data.errors import WordspotError
from wordspot.pipeline.curation.whole_recording import WholeRecordings, decided_second, part
from wordspot.pipeline.ingest.clean import clean


@pytest.fixture
def source(recordings: Path, tmp_path: Path) -> Path:
    """Two recordings of one's own, in `recordings`, cleaned into `clips`."""
    source = tmp_path / "recordings"
    for word in ("fall", "hum"):
        (source / word).mkdir(parents=True)
        shutil.copy(recordings / word / "speaker00_nohash_0.wav", source / word)
    clean(source, tmp_path / "clips")
    return source


def first(source: Path) -> tuple[WholeRecordings, Clip]:
    folder = source.parent / "clips"
    return WholeRecordings(folder), read_clip_table(folder)[0]


def test_the_recording_is_what_was_cleaned(source: Path) -> None:
    whole, clip = first(source)
    expected = read_sound(source / clip.source).samples
    for _ in range(2):  # the second one from memory
        np.testing.assert_array_equal(whole.samples(clip), expected)


def test_a_recording_that_is_not_what_was_cleaned_is_refused_without_its_label(source: Path) -> None:
    whole, clip = first(source)
    write_wav(source / clip.source, np.zeros(16_000, np.int16))
    with pytest.raises(WordspotError, match="has changed since it was cleaned") as changed:
        whole.samples(clip)
    (source / clip.source).unlink()
    with pytest.raises(WordspotError, match=r"is not in .* any more: put it back") as gone:
        whole.samples(clip)
    assert not any("fall" in str(error.value).removeprefix(str(source)) for error in (changed, gone))


@pytest.mark.parametrize("outside", ["../secret.wav", "fall/../../secret.wav", "ABSOLUTE"])
def test_nothing_outside_of_the_cleaned_folder_is_opened(source: Path, outside: str) -> None:
    whole, clip = first(source)
    secret = source.parent / "secret.wav"
    shutil.copy(source / clip.source, secret)  # even where its content is known
    path = str(secret) if outside == "ABSOLUTE" else outside
    with pytest.raises(WordspotError, match="outside of"):
        whole.samples(dataclasses.replace(clip, source=path))


def test_a_link_to_something_else_is_not_followed_to_its_sound(source: Path) -> None:
    whole, clip = first(source)
    write_wav(source.parent / "secret.wav", np.ones(16_000, np.int16))
    (source / clip.source).unlink()
    (source / clip.source).symlink_to(source.parent / "secret.wav")
    with pytest.raises(WordspotError, match="has changed"):
        whole.samples(clip)


def test_a_folder_that_was_not_cleaned_has_no_recordings(source: Path) -> None:
    whole, clip = first(source)
    with pytest.raises(WordspotError, match="does not say which recording"):
        whole.samples(dataclasses.replace(clip, recording=""))
    (source.parent / "clips" / "clean.json").unlink()
    with pytest.raises(WordspotError, match=r"has no clean\.json"):
        whole.samples(clip)


def test_parts_have_zeros_where_the_recording_has_nothing() -> None:
    samples = np.arange(1, 6, dtype=np.int16)
    for begin, end, expected in (
        (-2, 3, [0, 0, 1, 2, 3]),
        (3, 7, [4, 5, 0, 0]),
        (-3, -1, [0, 0]),
        (8, 9, [0]),
        (-1, 6, [0, 1, 2, 3, 4, 5, 0]),
    ):
        np.testing.assert_array_equal(part(samples, begin, end), expected)


def test_a_decided_second_is_that_of_cleaning() -> None:
    samples = np.arange(20_000).astype(np.int16)
    np.testing.assert_array_equal(decided_second(samples, (0.05, 1.05), 16_000), samples[800:16_800])
