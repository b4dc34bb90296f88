"""The log of decisions: lines that are never lost, and what counts of them, whatever their order."""

import itertools
import json
import multiprocessing
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wordspot.data.decisions import Decision, State, append, content_hash, read, replay
from wordspot.data.errors import WordspotError, WordspotWarning


def relabel(recording: str, after: str, **fields) -> Decision:
    return Decision("relabel", recording, f"left/{recording}.wav", "left", after, "ann", **fields)


def undo(decision: Decision, **fields) -> Decision:
    return Decision("undo", decision.recording, undoes=decision.id, **fields)


def test_the_hash_is_of_the_samples_alone() -> None:
    samples = np.arange(-5, 5, dtype=np.int16)
    assert content_hash(samples) == content_hash(np.repeat(samples, 2)[::2]) == content_hash(samples.astype(">i2"))
    assert content_hash(samples) != content_hash(samples[:-1])
    assert len(content_hash(samples[:0])) == 32


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    decisions = [
        relabel("a", "café", heard_s=1.5, queue="suspicious", suggested_by="accurate"),
        Decision("window", "a", window_s=(0.25, 1.25)),
        Decision("note", "b", note='two\nlines and "quotes"'),
        undo(relabel("a", "up")),
    ]
    append(tmp_path / "decisions.jsonl", decisions[:1])
    append(tmp_path / "decisions.jsonl", decisions[1:])
    append(tmp_path / "decisions.jsonl", [])
    assert read(tmp_path / "decisions.jsonl") == decisions
    assert read(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize("lost", [1, 2, 30, 100])
def test_a_torn_last_line_is_passed_over_and_the_next_begins_on_a_line_of_its_own(tmp_path: Path, lost: int) -> None:
    log = tmp_path / "decisions.jsonl"
    first, torn, third = (relabel(name, "up") for name in "abc")
    append(log, [first, torn])
    log.write_bytes(log.read_bytes()[:-lost])
    whole = [first, torn] if lost == 1 else [first]  # of which the line feed alone is missing
    assert read(log) == whole
    before = log.read_bytes()
    append(log, [third])
    assert log.read_bytes().startswith(before)
    if lost == 1:
        assert read(log) == [*whole, third]
    else:
        with pytest.warns(WordspotWarning, match=r"1 of its lines \(line 2\) are no decisions"):
            assert read(log) == [*whole, third]


ODD = [
    b"<<<<<<< HEAD",
    b"[1]",
    b"{}",
    b"\xff",
    b"[" * 100_000,
    b'{"what": "sing", "recording": "a", "when": "2026", "id": "1"}',
    b'{"what": "keep", "recording": 3, "when": "2026", "id": "1"}',
    b'{"what": "keep", "recording": "a", "when": "2026", "id": "1", "heard_s": "long"}',
    b'{"what": "window", "recording": "a", "when": "2026", "id": "1", "window_s": [1]}',
    b'{"what": "window", "recording": "a", "when": "2026", "id": "1", "window_s": [2, 1]}',
    b'{"what": "window", "recording": "a", "when": "2026", "id": "1", "window_s": [0, NaN]}',
    b'{"what": ["keep"], "recording": "a", "when": "2026", "id": "1"}',
]


@pytest.mark.parametrize("line", ODD)
def test_a_damaged_line_is_named_and_left_out_and_stays_in_the_file(tmp_path: Path, line: bytes) -> None:
    log = tmp_path / "decisions.jsonl"
    good = [relabel("a", "up"), relabel("b", "up")]
    append(log, good[:1])
    with open(log, "ab") as file:
        file.write(line + b"\n\n")
    append(log, good[1:])
    with pytest.warns(WordspotWarning, match=r"decisions\.jsonl: 1 of its lines \(line 2\)"):
        assert read(log) == good
    assert line in log.read_bytes()


def test_what_a_later_version_adds_to_a_line_is_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    append(log, [decision := relabel("a", "up")])
    log.write_text(json.dumps(json.loads(log.read_text()) | {"mood": ["good"]}) + "\n")
    assert read(log) == [decision]


def test_a_log_that_cannot_be_written_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match=r"cannot be written .*not saved"):
        append(tmp_path / "nowhere/decisions.jsonl", [relabel("a", "up")])
    with pytest.raises(WordspotError, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(WordspotError, match="is no decision"):
        append(tmp_path / "decisions.jsonl", [relabel("a", "up"), relabel("", "up")])
    assert read(tmp_path / "decisions.jsonl") == []


def append_many(log: Path, who: str, count: int) -> None:
    for number in range(count):
        append(log, [Decision("keep", f"{who}{number}", who=who), Decision("drop", f"{who}{number}", who=who)])


def test_processes_that_append_at_the_same_time_lose_no_line(tmp_path: Path) -> None:
    log, people = tmp_path / "decisions.jsonl", ("ann", "bob", "eve")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=append_many, args=(log, who, 40)) for who in people]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    found = [(decision.who, decision.recording, decision.what) for decision in read(log)]
    assert len(found) == len(set(found)) == 240
    for who in people:
        said = [recording for name, recording, _ in found if name == who]
        assert said == [f"{who}{number}" for number in range(40) for _ in range(2)]


# -- what counts --


def test_the_last_decision_counts_and_notes_change_no_label() -> None:
    decisions = [
        relabel("a", "up"),
        Decision("note", "a", note="a dog barks"),
        Decision("window", "a", window_s=(0.5, 1.5)),
        relabel("a", " cafe\u0301 "),
        Decision("unsure", "b", who="bob"),
    ]
    states = replay(decisions)
    last = decisions[3]
    assert states["a"] == State("relabel", "café", "ann", last.when, last.path, (0.5, 1.5), ("a dog barks",))
    assert (states["b"].what, states["b"].label, states["b"].who) == ("unsure", "", "bob")


def test_undo_takes_back_and_undo_of_undo_gives_back() -> None:
    first, second = relabel("a", "up"), relabel("a", "down")
    back = undo(second)
    again = undo(back)
    assert replay([first, second])["a"].label == "down"
    assert replay([first, second, back])["a"].label == "up"
    assert replay([first, second, back, again])["a"].label == "down"
    assert replay([first, undo(first)]) == {}


def test_a_label_that_was_kept_is_pinned_only_against_another_one() -> None:
    kept = Decision("keep", "a", "left/a.wav", "left", "left")
    assert replay([kept])["a"].label == ""
    assert replay([relabel("a", "up"), Decision("keep", "a", before="left", after="left")])["a"].label == "left"


def test_of_several_recordings_with_one_content_each_is_dropped_by_its_path() -> None:
    drops = [Decision("drop", "a", path) for path in ("left/1.wav", "left/2.wav")]
    assert replay(drops)["a"].dropped == {"left/1.wav", "left/2.wav"}
    assert replay([*drops, Decision("keep", "a", "left/1.wav")])["a"].dropped == {"left/2.wav"}


def test_two_files_give_the_same_in_either_order_and_lines_twice_count_once() -> None:
    mine = [relabel("a", "up"), Decision("drop", "b", who="ann")]
    yours = [relabel("a", "down"), Decision("keep", "b", who="bob")]
    mine.append(undo(yours[0]))
    expected = replay([*mine, *yours])
    assert expected == replay([*yours, *mine]) == replay([*mine, *yours, *mine])
    assert (expected["a"].label, expected["b"].what) == ("up", "keep")


WHATS = ("keep", "relabel", "drop", "unsure", "note", "window")


@given(
    said=st.lists(st.tuples(st.sampled_from(WHATS), st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 3))),
    undone=st.lists(st.integers(0, 99), max_size=4),
    seed=st.integers(0, 99),
)
def test_no_order_of_lines_makes_a_difference(said: list, undone: list[int], seed: int) -> None:
    decisions = [Decision(what, name, label, "left", label, when=f"2026-01-0{day}") for what, name, label, day in said]
    for number in undone if decisions else ():
        decisions.append(undo(decisions[number % len(decisions)]))
    expected = replay(decisions)
    shuffled = random.Random(seed).sample(decisions, len(decisions))
    assert replay(shuffled) == replay(itertools.chain(shuffled, decisions)) == expected
