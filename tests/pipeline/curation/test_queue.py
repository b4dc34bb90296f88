"""Queues: what they hold, in which order."""

from pathlib import Path

import pytest
from wordspot.data.clips import Clip
from wordspot.data.errors import WordspotError
from wordspot.pipeline.curation.queue import (
    QUEUES,
    Heard,
    ReviewClip,
    Suspicion,
    clearest,
    read_review_clips,
    second_opinion,
    values_of,
)
from wordspot.pipeline.scoring.predictions import JudgedClip, write_predictions

CLIPS = [
    ReviewClip(Clip("on/a.wav", "on", "anna"), {"clipped": "too loud"}, (10.0,), Suspicion(0.2)),
    ReviewClip(Clip("on/b.wav", "on", "ben"), {}, (20.0,), Suspicion(0.9, "off", 0.8)),
    ReviewClip(Clip("off/c.wav", "off", "anna"), {}, (30.0,)),
    ReviewClip(Clip("off/d.wav", "off", "cleo"), {"cut_off": "cut"}, (40.0,)),
]
UNHEARD = Heard(["on", "on", "off", "off"], [""] * 4, [{}] * 4)


def queue(name: str, value: str = "", heard: Heard = UNHEARD) -> list[int]:
    return QUEUES[name](CLIPS, heard, "anna", value)


def test_each_queue_holds_its_clips_in_its_order() -> None:
    assert queue("suspicious") == [1, 0]
    assert queue("findings") == [0, 3]
    assert queue("findings", "cut_off") == [3]
    assert queue("word", "on") == [1, 0]
    assert queue("speaker", "anna") == [2, 0]
    assert sorted(queue("random")) == [0, 1, 2, 3]
    assert queue("random") == queue("random")
    assert queue("unsure", heard=Heard(UNHEARD.labels, ["", "unsure", "keep", ""], UNHEARD.answers)) == [1]


def test_cells_of_the_confusion_matrix_are_listed_the_most_frequent_mistake_first() -> None:
    seen = [
        ("on", "off", 0.6),
        ("on", "on", 0.9),
        ("off", "on", 0.7),
        ("on", "off", 0.8),
        ("on", "on", 0.9),
        ("on", "on", 0.9),
    ]
    clips = [ReviewClip(Clip(f"{n}.wav", one[0]), judged=JudgedClip(f"{n}.wav", *one)) for n, one in enumerate(seen)]
    heard = Heard([clip.clip.label for clip in clips], [""] * 6, [{}] * 6)
    assert values_of(clips, heard)["confusion"] == [
        ("", "all mistakes", 3),
        ("on/off", "on → off", 2),
        ("off/on", "off → on", 1),
        ("on/on", "on → on", 3),
    ]
    assert QUEUES["confusion"](clips, heard, "anna", "") == [3, 2, 0]
    assert QUEUES["confusion"](clips, heard, "anna", "on/off") == [3, 0]
    assert values_of(CLIPS, UNHEARD)["confusion"] == queue("confusion") == []


def test_clips_are_those_that_were_judged_only_if_they_are_of_the_same_recording(clips: Path, tmp_path: Path) -> None:
    first, second = (clip.clip for clip in read_review_clips(clips)[:2])
    rows = [
        JudgedClip(first.file_name, "fall", "rise", 0.9),
        JudgedClip(second.file_name, "fall", "hum", 0.8, "0" * 32),
    ]
    write_predictions(tmp_path, rows)
    assert [clip.judged for clip in read_review_clips(clips, tmp_path)[:3]] == [rows[0], None, None]
    write_predictions(tmp_path, rows[1:])
    with pytest.raises(WordspotError, match=r"judged none of the clips .*for example fall/speaker01"):
        read_review_clips(clips, tmp_path)


def test_values_to_choose_from_come_with_their_counts() -> None:
    values = values_of(CLIPS, UNHEARD)
    assert values["word"] == [("off", "off", 2), ("on", "on", 2)]
    assert values["speaker"][0] == ("anna", "anna", 2)
    assert [count for _, _, count in values["findings"]] == [2, 1, 1]


def test_a_second_opinion_begins_with_what_others_disagree_about() -> None:
    said = [{"ben": "on"}, {"ben": "(unsure)"}, {"ben": "on", "cleo": "off"}, {"anna": "on"}]
    places = second_opinion(CLIPS, Heard(UNHEARD.labels, [""] * 4, said), "anna")
    assert places[:2] == [2, 1]
    assert 3 not in places  # nobody else has heard it
    many = [ReviewClip(Clip(f"on/{n}.wav", "on")) for n in range(2_000)]
    chosen = second_opinion(many, Heard(["on"] * 2_000, [""] * 2_000, [{"ben": "on"}] * 2_000), "anna")
    assert 60 < len(chosen) < 140


def test_the_clearest_clip_is_by_somebody_else_without_findings_and_above_its_noise() -> None:
    assert clearest(CLIPS, UNHEARD, "off", besides=0) == 3  # the other one is by the same speaker
    assert clearest(CLIPS, UNHEARD, "off", besides=1) == 2  # without findings
    assert clearest(CLIPS, Heard(UNHEARD.labels, ["", "", "drop", "drop"], UNHEARD.answers), "off", besides=0) is None
    assert clearest(CLIPS, UNHEARD, "go", besides=0) is None


def test_findings_and_the_audit_are_read_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text(
        "file_name,label,findings,snr_db\non/a.wav,on,low_snr;new_check,3.5\non/b.wav,on,,x\n"
    )
    first, second = read_review_clips(tmp_path)
    assert first.findings["low_snr"].startswith("too quiet for its noise (3.5 dB): ")
    assert first.findings["new_check"] == "new check"
    assert (first.measured[0], second.measured[0], second.suspicion) == (3.5, None, None)
    header = "file_name,label,suspicion,suggested,suggested_probability,reason\n"
    (tmp_path / "audit.csv").write_text(header + "on/b.wav,on,0.75,off,0.5,odd\n")
    assert read_review_clips(tmp_path)[1].suspicion == Suspicion(0.75, "off", 0.5, "odd")
    (tmp_path / "audit.csv").write_text(header + "on/b.wav,on,much,off,0.5,odd\n")
    with pytest.raises(WordspotError, match=r"audit.csv, line 2: suspicion is 'much'"):
        read_review_clips(tmp_path)
