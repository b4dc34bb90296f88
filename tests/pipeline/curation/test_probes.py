"""Probes: clips whose label is known measure the listener, and change nothing."""

from pathlib import Path

import pytest
from wordspot.data.clips import Clip
from wordspot.data.decisions import read, replay
from wordspot.data.errors import WordspotError
from wordspot.pipeline.curation.probes import WRONG, choose_probes, mixed
from wordspot.pipeline.curation.queue import Heard, ReviewClip, Suspicion
from wordspot.pipeline.curation.review import Review, Said


@pytest.fixture
def review(clips: Path, tmp_path: Path) -> Review:
    """A listener for whom the first of two has kept thirty clips."""
    log = tmp_path / "log.jsonl"
    first = Review(clips, log, "ben")
    first.decide([Said(clip.clip.file_name, "keep") for clip in first.clips[:30]], queue="random", step="a")
    return Review(clips, log, "anna", with_probes=True)


def test_half_of_the_probes_have_another_label_than_the_one_that_is_known(review: Review, clips: Path) -> None:
    assert len(review.probes) == 20
    assert sum(probe.shown != probe.truth for probe in review.probes) == 10
    assert all(probe.place < 30 and probe.truth == review.clips[probe.place].clip.label for probe in review.probes)
    assert Review(clips, review.log, "anna", with_probes=True).probes == review.probes


def test_answers_are_notes_that_score_the_listener_and_are_undone(review: Review) -> None:
    before = replay(read(review.log))
    wrong = [n for n, probe in enumerate(review.probes) if probe.note == WRONG]
    right = [n for n in range(20) if n not in wrong]
    said = [("keep", ""), ("relabel", review.probes[wrong[1]].truth), ("drop", ""), ("unsure", "")]
    for n, (what, after) in zip(wrong, said, strict=False):
        review.decide([Said(f"/probe {n}", what, after)], queue="random", step=f"w{n}")  # type: ignore[arg-type]
    review.decide([Said(f"/probe {right[0]}", "keep"), Said(f"/probe {right[1]}", "drop")], queue="random", step="r")
    review.decide([Said(f"/probe {right[2]}", "window", window_s=(0.1, 1.1))], queue="random", step="e")
    (score,) = review.scores()
    assert (score.listener, score.wrong, score.found, score.right, score.kept) == ("anna", 3, 2, 2, 1)
    assert review.progress("random").decided == 0
    assert {name: state.what for name, state in replay(read(review.log)).items()} == {
        n: s.what for n, s in before.items()
    }
    assert review.answer(review.probes[right[1]]) == "(drop)"
    assert review.undo() == [f"/probe {right[2]}"]
    assert review.undo() == [f"/probe {n}" for n in sorted(right[:2])]
    assert review.answer(review.probes[right[1]]) == ""
    assert review.scores()[0].right == 0


def test_a_wrong_label_is_the_likeliest_other_word_and_looks_as_the_audit_would_have_it() -> None:
    clips = [ReviewClip(Clip(f"{n}.wav", "on"), suspicion=Suspicion(0.01, "off", 0.02)) for n in range(8)]
    clips += [ReviewClip(Clip("8.wav", "off"), suspicion=Suspicion(0.9)), ReviewClip(Clip("9.wav", "up"))]
    probes = choose_probes(clips, Heard([clip.clip.label for clip in clips], [""] * 10, [{}] * 10))
    assert {probe.place for probe in probes} == set(range(8))
    assert {probe.shown for probe in probes if probe.note == WRONG} == {"off"}
    seen = next(probe.suspicion(clips[0]) for probe in probes if probe.note == WRONG)
    assert seen == Suspicion(1.0, "on", 0.98, "sounds like on")


def test_probes_lie_among_what_is_not_decided() -> None:
    places = mixed(range(200), [place >= 100 for place in range(200)], [1000, 1001, 1002])
    assert [place for place in places if place < 1000] == list(range(200))
    where = [places.index(probe) for probe in (1000, 1001, 1002)]
    assert 103 < where[0] < where[1] < where[2] < 150
    assert mixed([], [], [1000]) == []


def test_where_no_label_is_known_there_are_no_probes(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="0 clips have a label that is known"):
        Review(clips, tmp_path / "log", "anna", with_probes=True)
