"""Cleaning recordings that are parts of other files gives what cleaning the files that they would be cut into gives."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.clips import read_clip_table
from wordspot.data.datasets.choosing import Choice
from wordspot.data.datasets.import_set import import_set
from wordspot.data.decisions import Decision, append
from wordspot.data.errors import WordspotError
from wordspot.data.recordings.folders import SECTIONS
from wordspot.data.tables import read_table, write_table
from wordspot.pipeline.curation.whole_recording import WholeRecordings
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.progress import no_progress

_NAMING_THE_SOURCE = ("clean.json", "report.html", ".wordspot")  # name the source


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory, take: Callable) -> Path:
    """Three long recordings in three formats, with a manifest of words in them: short, long, overlapping, silent, twice."""
    folder = tmp_path_factory.mktemp("takes")
    rows = []
    for speaker, (name, rate_hz) in enumerate((("ann.wav", 16_000), ("ben.flac", 44_100), ("cid.mp3", 24_000))):
        words = [take(10 * speaker + number) for number in range(6)]
        sound = np.concatenate([*words, np.zeros(16_000)]) if rate_hz == 16_000 else np.repeat(np.concatenate(words), 3)
        soundfile.write(folder / name, sound / max(1.0, np.abs(sound).max()), rate_hz)
        for number in range(7):
            label = ("left", "right", "up")[number % 3]
            place = {"start": 0.7 * number, "end": 0.7 * number + (0.6, 1.0, 1.7)[number % 3]}
            rows.append({"path": name, "label": label, "speaker": f"s{speaker}"} | place)
        rows = [row | {"split": row.get("split", "test" if speaker == 2 else "train")} for row in rows]
    rows.append({"path": "ben.flac", "label": "left", "speaker": "s1", "split": "train", "start": 90, "end": 91})
    soundfile.write(folder / "whole.ogg", take(99), 16_000)
    rows.append({"path": "whole.ogg", "label": "left", "speaker": "dan", "split": "train"})
    rows.append({"path": "ann.wav", "label": "_background_noise_", "start": 0, "end": 3})
    write_table(folder / "manifest.csv", ("path", "label", "speaker", "split", "start", "end"), rows)
    return folder


@pytest.fixture(scope="module")
def take() -> Callable[[int], np.ndarray]:
    def make(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        time_s = np.arange(16_000) / 16_000
        tones = sum(np.sin(2 * np.pi * rng.uniform(200, 3_000) * time_s) for _ in range(4))
        return 0.1 * tones * np.hanning(16_000) + rng.normal(0, 0.002, 16_000)

    return make


def bring(takes: Path, folder: Path, *, in_place: bool) -> Path:
    import_set("folder-csv", takes, folder, Choice(), in_place=in_place, progress=no_progress)
    return folder


def made(folder: Path) -> dict[str, bytes]:
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(_NAMING_THE_SOURCE)}


def test_clips_are_those_of_the_sections_cut_out(
    takes: Path, tmp_path: Path, cleaned_by_process: Callable, tree: Callable
) -> None:
    before = tree(takes)
    cut = bring(takes, tmp_path / "cut", in_place=False)
    listed = bring(takes, tmp_path / "listed", in_place=True)
    assert sorted(path.name for path in listed.iterdir()) == sorted(
        ("imported.json", SECTIONS, "testing_list.txt", "validation_list.txt")
    )
    clean(cut, tmp_path / "a")
    clean(listed, tmp_path / "b")
    cleaned_by_process(listed, tmp_path / "c")
    expected, found = made(tmp_path / "a"), made(tmp_path / "b")
    out_of_reach = {row["source"] for row in read_table(tmp_path / "b" / "discarded.csv")} - {
        row["source"] for row in read_table(tmp_path / "a" / "discarded.csv")
    }
    assert len(out_of_reach) == 1  # behind the end: importing leaves it out, cleaning finds it unreadable
    del expected["discarded.csv"], found["discarded.csv"]
    assert len([name for name in expected if name.endswith(".wav")]) >= 20
    assert found == expected
    assert tree(tmp_path / "c") == tree(tmp_path / "b")
    assert tree(takes) == before
    assert clean(listed, tmp_path / "b").already_clean


def test_decisions_count_and_the_whole_recording_is_heard(takes: Path, tmp_path: Path) -> None:
    listed, clips = bring(takes, tmp_path / "listed", in_place=True), tmp_path / "clips"
    clean(listed, clips)
    clip = next(clip for clip in read_clip_table(clips) if clip.label == "up")
    assert len(WholeRecordings(clips).samples(clip)) == round(1.7 * 16_000)
    append(clips / "decisions.jsonl", [Decision("relabel", clip.recording, path=clip.source, after="down", who="x")])
    clean(listed, clips)
    assert {clip.label for clip in read_clip_table(clips)} == {"down", "left", "right", "up"}
    clean(listed, tmp_path / "anew", decisions=clips / "decisions.jsonl")
    assert made(tmp_path / "anew") == made(clips)


def test_interrupted_it_goes_on(takes: Path, tmp_path: Path) -> None:
    listed = bring(takes, tmp_path / "listed", in_place=True)

    def interrupted(items, total):
        for number, item in enumerate(items):
            if number == 5:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        clean(listed, tmp_path / "a", progress=interrupted)
    seen: list[int] = []
    clean(listed, tmp_path / "a", progress=lambda items, total: (seen.append(total), items)[1])
    clean(listed, tmp_path / "b")
    assert made(tmp_path / "a") == made(tmp_path / "b")
    assert seen[0] == len(read_table(listed / SECTIONS)) - 5


def test_sounds_that_are_gone_take_no_clip_with_them(takes: Path, tmp_path: Path) -> None:
    there = tmp_path / "takes"
    there.mkdir()
    for path in takes.iterdir():
        os.link(path, there / path.name)
    listed = bring(there, tmp_path / "listed", in_place=True)
    clean(listed, tmp_path / "clips")
    before = made(tmp_path / "clips")
    there.rename(tmp_path / "elsewhere")
    with pytest.raises(WordspotError, match="is not there: put it back, or import again"):
        clean(listed, tmp_path / "clips")
    assert made(tmp_path / "clips") == before
