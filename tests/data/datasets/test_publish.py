import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.audio import read_sound, write_wav
from wordspot.data.clips import CLIP_TABLE
from wordspot.data.datasets.card import license_id
from wordspot.data.datasets.publish import TABLE, PublishResult, publish
from wordspot.data.decisions import DECISIONS, Decision, append
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.data.files import write_json
from wordspot.data.tables import write_table
from wordspot.pipeline.progress import no_progress

PEOPLE = (
    "annabel",
    "benno",
    "clara",
    "dorothea",
    "emilia",
    "fritz",
    "gerda",
    "hanna",
    "irmgard",
    "jonas",
    "karla",
    "lenore",
)
LABELS = ("links", "null", "007", "@home")
_LOAD = """
import json, sys
from datasets import Audio, Features, Value, disable_progress_bars, load_dataset

class Paths(Audio):  # the library encodes audio with torch, which is no part of this
    def encode_example(self, value):
        return {"bytes": None, "path": value}

disable_progress_bars()
text = Value("string")
columns = dict.fromkeys(("label", "speaker", "findings", "decision"), text)
loaded = load_dataset(sys.argv[1], cache_dir=sys.argv[2], features=Features({"audio": Paths(decode=False)} | columns))
print(json.dumps({split: list(loaded[split]) for split in loaded}))
"""


@pytest.fixture
def clean_folder(tmp_path: Path) -> Path:
    """A clean folder of twelve people whose names stand everywhere, of labels that tables misread."""
    folder, rows = tmp_path / "clips", []
    for number, person in enumerate(PEOPLE):
        for place, label in enumerate(LABELS):
            samples = np.random.default_rng([number, place]).integers(-9_000, 9_000, 16_000).astype(np.int16)
            path = folder / label / f"{person}_nohash_0.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_wav(path, samples)
            row = {
                "file_name": f"{label}/{path.name}",
                "label": label,
                "speaker": person,
                "source": f"{label}/{person}.mp3",
            }
            rows.append(
                row | {"findings": "clipped" * (number == 0), "recording": f"{number:016x}{place:016x}", "decision": ""}
            )
    rows[0]["decision"], rows[1]["decision"] = "keep", "unsure"
    write_table(folder / CLIP_TABLE, list(rows[0]), rows)
    decisions = [
        Decision("keep", rows[0]["recording"], who="ottokar"),
        Decision("unsure", rows[1]["recording"], who="ottokar"),
    ]
    append(folder / DECISIONS, decisions)
    return folder


def release(clips: Path, folder: Path, **options) -> PublishResult:
    return publish(clips, folder, **{"license": "CC BY 4.0", "language": "de", "progress": no_progress} | options)


def rows_of(folder: Path) -> dict[str, list[dict[str, str]]]:
    return {
        split: [json.loads(line) for line in (folder / split / TABLE).read_text(encoding="utf-8").splitlines()]
        for split in ("train", "validation", "test")
        if (folder / split).is_dir()
    }


def test_clips_are_published_without_names(clean_folder: Path, tmp_path: Path) -> None:
    with open(clean_folder / "links" / "annabel_nohash_0.wav", "ab") as file:  # as some editors write who made it
        file.write(b"LIST\x14\x00\x00\x00INFOIART\x08\x00\x00\x00annabel\x00")
    result = release(clean_folder, tmp_path / "out")
    assert result.clips == len(PEOPLE) * len(LABELS) - 1
    assert result.speakers == len(PEOPLE)
    assert sum(result.splits.values()) == result.clips
    for path in (tmp_path / "out").rglob("*"):
        text = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        assert not [name for name in (*PEOPLE, "ottokar") if name.encode() in text], path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clips", "out"]


def test_every_clip_is_there_as_it_was_and_speakers_stay_apart(clean_folder: Path, tmp_path: Path) -> None:
    release(clean_folder, tmp_path / "out")
    originals = {read_sound(path).samples.tobytes(): path for path in clean_folder.rglob("*.wav")}
    people: dict[str, set[str]] = {}
    splits: dict[str, set[str]] = {}
    for split, rows in rows_of(tmp_path / "out").items():
        for row in rows:
            original = originals[read_sound(tmp_path / "out" / split / row["file_name"]).samples.tobytes()]
            assert row["label"] == original.parent.name
            people.setdefault(original.name, set()).add(row["speaker"])
            splits.setdefault(row["speaker"], set()).add(split)
            assert row["findings"] == ("clipped" if original.name.startswith("annabel") else "")
    assert all(len(ids) == 1 for ids in people.values())
    assert all(len(its) == 1 for its in splits.values())
    assert len(splits) == len(PEOPLE)


def test_published_again_it_is_the_same_whatever_people_are_called(clean_folder: Path, tmp_path: Path) -> None:
    release(clean_folder, tmp_path / "a")
    table = clean_folder / CLIP_TABLE
    table.write_text(table.read_text().replace(",annabel,", ",zoe,"))
    (clean_folder / "metadata.csv").touch()
    release(clean_folder, tmp_path / "b")
    names = [{row["speaker"] for rows in rows_of(tmp_path / name).values() for row in rows} for name in "ab"]
    assert names[0] == names[1]


def test_ids_may_be_kept(clean_folder: Path, tmp_path: Path) -> None:
    release(clean_folder, tmp_path / "out", keep_speakers=True)
    assert {row["speaker"] for rows in rows_of(tmp_path / "out").values() for row in rows} == set(PEOPLE)


def test_the_card_says_what_it_is(clean_folder: Path, tmp_path: Path) -> None:
    release(clean_folder, tmp_path / "out", title="Wörter: a test")
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert text.startswith('---\nlicense: cc-by-4.0\nlanguage:\n- "de"\ntask_categories:\n- audio-classification\n')
    assert 'pretty_name: "Wörter: a test"' in text
    assert "size_categories:\n- n<1K" in text
    assert "Decisions of people who listened: keep 1, unsure 1, by 1 people." in text
    assert "| null |" in text
    other = release(clean_folder, tmp_path / "other", license="of our company")
    assert other.license == "of our company"
    assert 'license: other\nlicense_name: "of our company"' in (tmp_path / "other" / "README.md").read_text()
    assert license_id("cc0") == "cc0-1.0"


def test_where_the_recordings_are_from_is_said(clean_folder: Path, tmp_path: Path) -> None:
    origin = {"title": "Speech Commands v0.02", "license": "CC BY 4.0", "citation": "Pete Warden"}
    (tmp_path / "source").mkdir()
    write_json(tmp_path / "source" / "fetched.json", origin)
    cleaned = {"source": str(tmp_path / "source"), "versions": {"wordspot": "0.1.0"}}
    labels = {"links": {"recordings": 13, "clips": 12, "discarded": {"near_silent": 1}, "flagged": {"clipped": 4}}}
    settings = {"window_ms": 1000.0, "window": "centered"}
    write_json(clean_folder / "clean.json", cleaned | {"settings": settings, "labels": labels})
    release(clean_folder, tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "from 13 recordings, each to the 1 s" in text
    assert "Left out: near silent 1. Flagged, but kept: clipped 4." in text
    assert "Speech Commands v0.02, CC BY 4.0. Cite: Pete Warden" in text
    with pytest.warns(WordspotWarning, match="make sure that cc0-1.0 is allowed"):
        release(clean_folder, tmp_path / "free", license="cc0-1.0")


def test_one_speaker_alone_trains(clean_folder: Path, tmp_path: Path) -> None:
    (clean_folder / CLIP_TABLE).write_text("file_name,label,speaker\nlinks/annabel_nohash_0.wav,links,annabel\n")
    assert release(clean_folder, tmp_path / "out").splits == {"train": 1}


def test_what_cannot_be_published_is_said_and_nothing_is_left(clean_folder: Path, tmp_path: Path) -> None:
    for options, message in (
        ({"license": " "}, "needs a license"),
        ({"language": "German!"}, "is no language"),
    ):
        with pytest.raises(WordspotError, match=message):
            release(clean_folder, tmp_path / "out", **options)
    with pytest.raises(WordspotError, match="exists or lies in"):
        release(clean_folder, clean_folder / "out")
    (clean_folder / "links" / "benno_nohash_0.wav").write_bytes(b"torn")
    with pytest.raises(WordspotError, match=r"benno_nohash_0.wav cannot be read"):
        release(clean_folder, tmp_path / "out")
    (clean_folder / "links" / "benno_nohash_0.wav").unlink()
    with pytest.raises(WordspotError, match=r"benno_nohash_0.wav cannot be read"):
        release(clean_folder, tmp_path / "out")
    with pytest.raises(WordspotError, match="is not a clean folder"):
        release(clean_folder / "links", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["clips"]


@pytest.mark.skipif(importlib.util.find_spec("datasets") is None, reason="the package datasets is not installed")
def test_the_library_opens_it_as_it_stands(clean_folder: Path, tmp_path: Path) -> None:
    release(clean_folder, tmp_path / "out")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", _LOAD, str(tmp_path / "out"), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    for split, rows in rows_of(tmp_path / "out").items():
        seen = {Path(row["audio"]["path"]): row for row in loaded[split]}
        assert len(seen) == len(rows)
        for row in rows:
            path = tmp_path / "out" / split / row["file_name"]
            assert {name: seen[path][name] for name in ("label", "speaker", "decision")}.items() <= row.items()
    assert set(LABELS) == {row["label"] for rows in loaded.values() for row in rows}
