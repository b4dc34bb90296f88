"""Deciding: what is written, what then counts, and what undo takes back."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from wordspot.data.audio import read_sound
from wordspot.data.decisions import DECISIONS, Decision, append, content_hash, read
from wordspot.data.errors import WordspotError
from wordspot.pipeline.curation.queue import Suspicion
from wordspot.pipeline.curation.review import Review, Said, UnknownClipError
from wordspot.pipeline.ingest.clean import clean


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


@pytest.fixture
def anna(clips: Path, log: Path) -> Review:
    return Review(clips, log, "anna")


def decide(review: Review, *said: tuple[int, str, str], step: str, queue: str = "random") -> None:
    named = [(review.clips[place].clip.file_name, what, after) for place, what, after in said]
    review.decide([Said(*one) for one in named], queue=queue, step=step)  # type: ignore[arg-type]


def test_a_decision_goes_by_the_content_of_the_recording(anna: Review, recordings: Path, log: Path) -> None:
    decide(anna, (0, "relabel", "hum"), step="a")
    (line,) = read(log)
    assert line.recording == content_hash(read_sound(recordings / line.path).native)
    assert (line.before, line.after, anna.heard().labels[0], anna.heard().whats[0]) == ("fall", "hum", "hum", "relabel")
    decide(anna, (0, "keep", ""), step="b")
    assert (read(log)[-1].what, read(log)[-1].before) == ("keep", "hum")


def test_a_clip_whose_table_knows_no_recording_is_known_by_its_own_sound(clips: Path, tmp_path: Path) -> None:
    shutil.copytree(clips / "hum", tmp_path / "hand" / "hum")
    rows = "".join(f"hum/{path.name},hum\n" for path in sorted((clips / "hum").iterdir()))
    (tmp_path / "hand" / "metadata.csv").write_text("file_name,label\n" + rows)
    review = Review(tmp_path / "hand", tmp_path / "log", "anna")
    decide(review, (3, "drop", ""), step="a")
    assert Review(tmp_path / "hand", tmp_path / "log", "ben").heard().whats[3] == "drop"
    (tmp_path / "hand" / "metadata.csv").unlink()
    result = clean(tmp_path / "hand", tmp_path / "clean", decisions=tmp_path / "log")
    assert result.clips == len(review.clips) - 1


def test_one_undo_takes_back_one_step_of_this_listener(clips: Path, anna: Review, log: Path) -> None:
    decide(anna, (0, "drop", ""), step="a")
    decide(anna, (1, "keep", ""), (2, "keep", ""), (3, "unsure", ""), step="b")
    ben = Review(clips, log, "ben")
    decide(ben, (4, "drop", ""), step="c")
    assert anna.undo() == [anna.clips[place].clip.file_name for place in (1, 2, 3)]
    assert anna.heard().whats[:5] == ["drop", "", "", "", "drop"]
    again = Review(clips, log, "anna")
    assert again.undo() == [anna.clips[0].clip.file_name]
    assert again.undo() == []
    assert again.heard().whats[:5] == ["", "", "", "", "drop"]


def test_undo_brings_back_what_was_decided_before(anna: Review) -> None:
    decide(anna, (0, "relabel", "hum"), step="a")
    decide(anna, (0, "relabel", "rise"), step="b")
    anna.undo()
    assert (anna.heard().whats[0], anna.heard().labels[0]) == ("relabel", "hum")


def test_what_others_add_meanwhile_counts(clips: Path, anna: Review, log: Path) -> None:
    ben = Review(clips, log, "ben")
    decide(ben, (0, "relabel", "hum"), step="a")
    named = Said(anna.clips[0].clip.file_name, "keep", shown="fall")  # the page still showed it so
    anna.decide([named], queue="random", step="b")
    assert (read(log)[-1].what, read(log)[-1].after) == ("relabel", "fall")
    assert anna.heard().answers[0] == {"anna": "fall", "ben": "hum"}


def test_what_an_audit_finds_meanwhile_is_read_again(clips: Path, tmp_path: Path, log: Path) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    review = Review(folder, log, "anna")
    header = "file_name,suspicion,suggested,suggested_probability,reason\n"
    for suspicion in (0.5, 0.25):
        (folder / "audit.csv").write_text(f"{header}{review.clips[7].clip.file_name},{suspicion},hum,0.9,\n")
        review.refresh_audit()
        assert [(place, review.clips[place].suspicion) for place in review.queue("suspicious")] == [
            (7, Suspicion(suspicion, "hum", 0.9))
        ]
    (folder / "audit.csv").unlink()
    review.refresh_audit()
    assert review.queue("suspicious") == []


def test_a_spreadsheet_is_not_undone(anna: Review, log: Path) -> None:
    append(log, [Decision("drop", anna.clips[0].clip.recording, who="anna")])
    assert anna.undo() == []


def test_copies_of_one_recording_are_dropped_one_by_one(clips: Path, tmp_path: Path, log: Path) -> None:
    lines = (clips / "metadata.csv").read_text().splitlines()
    second = lines[1].replace("speaker00_nohash_0", "speaker01_nohash_0", 2)
    (tmp_path / "metadata.csv").write_text("\n".join([lines[0], lines[1], second]) + "\n")
    review = Review(tmp_path, log, "anna")
    decide(review, (1, "drop", ""), step="a")
    assert review.heard().whats == ["", "drop"]


def test_listening_on_is_worth_it_until_thirty_labels_were_right(anna: Review) -> None:
    decide(anna, (0, "relabel", "hum"), step="first")
    for place in range(1, 30):
        assert anna.progress("random").hint == ""
        decide(anna, (place, "keep", ""), step=f"s{place}")
    assert anna.progress("random").per_minute > 0
    assert (anna.progress("random").last, anna.progress("random").wrong) == (30, 1)
    assert anna.progress("random").hint.startswith("1 of the last 30 was wrong")
    assert anna.progress("suspicious").last == 0


def test_what_cannot_be_decided_is_refused_in_words(anna: Review, log: Path) -> None:
    with pytest.raises(UnknownClipError, match=r"has no clip x.wav"):
        anna.decide([Said("x.wav", "keep")], queue="random", step="a")
    with pytest.raises(WordspotError, match="no label to give"):
        decide(anna, (0, "relabel", " "), step="a")
    with pytest.raises(WordspotError, match="is no queue"):
        anna.queue("nonsense")
    assert not log.exists()


def test_another_window_is_a_decision_that_says_nothing_of_the_label(anna: Review, log: Path) -> None:
    named = anna.clips[0].clip.file_name
    anna.decide([Said(named, "window", window_s=(0.25, 1.25))], queue="random", step="a")
    (line,) = read(log)
    assert (line.what, line.window_s, anna.state(0).window_s) == ("window", (0.25, 1.25), (0.25, 1.25))
    assert (anna.heard().whats[0], anna.heard().labels[0]) == ("", "fall")
    assert (anna.progress("random").decided, anna.progress("random").last) == (1, 0)
    decide(anna, (0, "keep", ""), step="b")
    assert anna.state(0).window_s == (0.25, 1.25)
    anna.undo()
    assert anna.undo() == [named]
    assert anna.state(0).window_s is None
    for said in (Said(named, "window"), Said(named, "keep", window_s=(0.0, 1.0))):
        with pytest.raises(WordspotError, match="needs its two edges"):
            anna.decide([said], queue="random", step="c")


def test_a_group_of_the_map_is_a_queue_of_its_places(anna: Review) -> None:
    assert anna.queue("clusters", "3,1,2") == [3, 1, 2]
    assert anna.queue("clusters") == []
    for wrong in ("9999", "-1", "x"):
        with pytest.raises(WordspotError, match="holds places of clips"):
            anna.queue("clusters", wrong)


def test_where_several_must_agree_what_holds_is_shown(recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    log = folder / DECISIONS
    clean(recordings, folder, agreement=2)
    assert clean(recordings, folder, agreement=2).already_clean
    anna, ben = (Review(folder, log, who) for who in ("anna", "ben"))
    name = anna.clips[0].clip.file_name
    label = anna.clips[0].clip.label
    anna.decide([Said(name, "relabel", "whistle")], queue="random", step="a")
    for review in (anna, ben):
        review.refresh()
        heard = review.heard()
        assert (heard.labels[0], heard.whats[0]) == (label, "unsure")
        assert review.open_vote(0) == "anna says whistle; 2 must agree"
    assert ben.queue("unsure") == [0]
    ben.decide([Said(name, "drop")], queue="unsure", step="b")
    assert ben.open_vote(0) == "anna says whistle, ben says (drop); 2 must agree"
    ben.undo()
    ben.decide([Said(name, "relabel", "whistle")], queue="unsure", step="c")
    assert (ben.heard().labels[0], ben.heard().whats[0], ben.open_vote(0)) == ("whistle", "relabel", "")
    ben.undo()
    clean(recordings, folder)  # from now on one is enough
    after = Review(folder, log, "cid")
    assert Counter(after.heard().whats)["unsure"] == 0
    assert Counter(after.heard().labels)["whistle"] == 25
