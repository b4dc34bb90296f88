import csv
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.clips import Clip, read_clip_table
from wordspot.pipeline.curation.audit import Audit, audit, judge
from wordspot.pipeline.curation.embedding import embed
from wordspot.pipeline.ingest.clean import clean

WORDS = ("bed", "cat", "happy", "eight")  # `accurate` knows them as other words alone


def swap(clips: list[Clip], rows: list[int]) -> tuple[list[Clip], set[str]]:
    """The clips with other labels in some rows, and the names of these."""
    words = sorted({clip.label for clip in clips})
    wrong = {row: words[(words.index(clips[row].label) + 1) % len(words)] for row in rows}
    changed = [dataclasses.replace(clip, label=wrong.get(row, clip.label)) for row, clip in enumerate(clips)]
    return changed, {clips[row].file_name for row in rows}


def relabel(folder: Path, rows: list[int]) -> set[str]:
    """Changes labels in a clip table; gives the names of the files."""
    with open(folder / "metadata.csv", newline="") as file:
        table = list(csv.DictReader(file))
    words = sorted({row["label"] for row in table})
    for i in rows:
        table[i]["label"] = words[(words.index(table[i]["label"]) + 1) % len(words)]
    with open(folder / "metadata.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return {table[i]["file_name"] for i in rows}


@pytest.fixture(scope="module")
def embedded(clips: Path) -> tuple[np.ndarray, list[Clip]]:
    return embed(clips, "accurate")


def test_planted_errors_of_made_sounds_come_first(clips: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    wrong = relabel(folder, [3, 30, 50, 70])
    found = audit(folder)
    assert len(found.suspicions) == len(read_clip_table(folder))
    first = found.suspicions[:4]
    assert {one.file_name for one in first} == wrong
    assert all(one.suggested == one.file_name.split("/")[0] for one in first)
    assert all(one.reason.startswith(f"sounds like {one.suggested}") for one in first)
    assert all(0 <= one.suspicion <= 1 and 0 <= one.suggested_probability <= 1 for one in found.suspicions)
    assert found.wrong == sum(pair.clips for pair in found.pairs)
    assert 2 <= found.wrong <= 6


def test_planted_errors_in_real_clips_of_other_words(speech_commands: Path, tmp_path: Path) -> None:
    for word in WORDS:
        (tmp_path / "recordings" / word).mkdir(parents=True)
        for path in sorted((speech_commands / word).glob("*.flac"))[:40]:
            shutil.copy(path, tmp_path / "recordings" / word)
    clean(tmp_path / "recordings", tmp_path / "clips")
    wrong = relabel(tmp_path / "clips", [5, 25, 45, 65, 85, 105, 125, 145])
    first = [one.file_name for one in audit(tmp_path / "clips").suspicions[: 2 * len(wrong)]]
    assert len(wrong & set(first)) >= 7


def test_unknown_speakers_and_findings(embedded: tuple[np.ndarray, list[Clip]]) -> None:
    points, clips = embedded
    clips, wrong = swap([dataclasses.replace(clip, speaker="") for clip in clips], [3, 30, 50])
    spoiled = clips[60].file_name
    found = judge(points, clips, {spoiled: ("cut_off", "near_silent", "low_snr")})
    assert {one.file_name for one in found.suspicions[:3]} == wrong
    reasons = {one.file_name: one.reason for one in found.suspicions}
    assert reasons[spoiled].endswith("cut off; near-silent")


def test_a_speaker_whose_clips_all_disagree(embedded: tuple[np.ndarray, list[Clip]]) -> None:
    points, clips = embedded
    rows = [row for row, clip in enumerate(clips) if clip.speaker == clips[0].speaker]
    changed, wrong = swap(clips, rows)
    found = judge(points, changed, {})
    named = {one.file_name for one in found.suspicions if "of a speaker whose clips all disagree" in one.reason}
    assert named == wrong


def test_one_label_alone_and_tiny_folders(embedded: tuple[np.ndarray, list[Clip]]) -> None:
    points, clips = embedded
    alone = [dataclasses.replace(clip, label="rise") for clip in clips]
    found = judge(points, alone, {})
    assert found.wrong == 0
    assert not any(one.suggested for one in found.suspicions)
    for rows in ([0], [0, 1], [0, len(clips) - 1], [0, 1, len(clips) - 1, len(clips) - 2]):
        few = judge(points[rows], [clips[row] for row in rows], {})
        assert len(few.suspicions) == len(rows)
        assert all(np.isfinite((one.suspicion, one.suggested_probability)).all() for one in few.suspicions)


def test_the_table_has_one_row_per_clip(embedded: tuple[np.ndarray, list[Clip]], tmp_path: Path) -> None:
    found: Audit = judge(*embedded, {})
    found.write(tmp_path / "audit.csv")
    with open(tmp_path / "audit.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["file_name", "label", "suspicion", "suggested", "suggested_probability", "reason"]
    assert [row["file_name"] for row in rows] == [one.file_name for one in found.suspicions]
    values = [float(row["suspicion"]) for row in rows]
    assert values == sorted(values, reverse=True)
