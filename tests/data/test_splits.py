import hashlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.clips import Clip, find_speaker, speaker_pattern
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.data.splits import (
    SPLITS,
    assign_splits,
    hash_percent,
    speaker_of,
    split_long_sound,
    split_negatives,
    split_of_speaker,
)

SPEAKERS = st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=40, unique=True)


def clips_of(*speakers: str) -> list[Clip]:
    return [Clip(f"left/{i}.wav", "left", speaker) for i, speaker in enumerate(speakers)]


def test_the_rule_gives_the_official_list_of_speech_commands(speech_commands: Path) -> None:
    named = {line.removesuffix(".wav") for line in (speech_commands / "validation_list.txt").read_text().split()}
    pattern = speaker_pattern()
    files = [path for path in speech_commands.glob("[!_]*/*") if path.is_file()]
    keys = [path.relative_to(speech_commands).with_suffix("").as_posix() for path in files]
    by_rule = {key: split_of_speaker(find_speaker(key.split("/")[1], pattern)) for key in keys}
    assert len(named & set(keys)) > 100
    assert {key for key, split in by_rule.items() if split == "validation"} == named & set(keys)


def test_the_list_is_followed_for_files_of_another_ending(speech_commands: Path) -> None:
    named = (speech_commands / "validation_list.txt").read_text().split()
    clips = [Clip(name.replace(".wav", ".flac"), "left") for name in named] + [
        Clip("left/another_nohash_0.wav", "left")
    ]
    assert assign_splits(clips, speech_commands) == ["validation"] * len(named) + ["training"]


@given(st.text(max_size=20))
def test_the_hash_is_that_of_the_published_code(speaker: str) -> None:
    largest = 2**27 - 1
    number = int(hashlib.sha1(speaker.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    percent = (number % (largest + 1)) * (100.0 / largest)
    assert hash_percent(speaker) == percent
    assert 0 <= percent <= 100
    expected = "validation" if percent < 10 else "testing" if percent < 20 else "training"
    assert split_of_speaker(speaker) == expected


def test_the_rule_gives_a_tenth_of_many_speakers_to_validation_and_to_testing() -> None:
    counts = Counter(split_of_speaker(f"speaker{i}") for i in range(20_000))
    assert counts["validation"] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert counts["testing"] / 20_000 == pytest.approx(0.1, abs=0.01)


@settings(deadline=None)
@given(SPEAKERS)
def test_a_speaker_is_in_one_split_and_some_train_and_some_validate(speakers: list[str]) -> None:
    clips = clips_of(*speakers, *speakers)
    splits = assign_splits(clips)
    assert splits[: len(speakers)] == splits[len(speakers) :]
    assert {"training", "validation"} <= set(splits) <= set(SPLITS)
    assert assign_splits(clips[::-1]) == splits[::-1]


def test_many_speakers_are_split_by_the_rule_alone() -> None:
    speakers = [f"speaker{i}" for i in range(200)]
    assert assign_splits(clips_of(*speakers)) == [split_of_speaker(speaker) for speaker in speakers]


@pytest.mark.parametrize(("count", "validation", "testing"), [(2, 1, 0), (3, 1, 1), (9, 1, 1), (25, 2, 2)])
def test_few_speakers_are_ranked_by_their_hash(count: int, validation: int, testing: int) -> None:
    training = [name for i in range(1000) if split_of_speaker(name := f"speaker{i}") == "training"][:count]
    split_of = dict(zip(training, assign_splits(clips_of(*training)), strict=True))
    ranked = [split_of[speaker] for speaker in sorted(training, key=hash_percent)]
    rest = count - validation - testing
    assert ranked == ["validation"] * validation + ["testing"] * testing + ["training"] * rest


def test_a_single_speaker_cannot_train_and_judge() -> None:
    with pytest.raises(WordspotError, match=r"one speaker \(ann\)"):
        assign_splits(clips_of("ann", "ann"))


def test_a_clip_without_a_speaker_counts_by_its_recording() -> None:
    assert speaker_of(Clip("left/a-2.wav", "left", source="left/x/a.flac")) == "a"
    assert speaker_of(Clip("left/a.wav", "left")) == "a"
    clips = [Clip(f"{label}/{i}.wav", label) for label in ("left", "right") for i in range(30)]
    splits = assign_splits(clips)
    assert splits[:30] == splits[30:]
    assert set(splits) == set(SPLITS)


def test_the_lists_win_over_the_rule_and_the_table_over_the_lists(tmp_path: Path) -> None:
    (tmp_path / "validation_list.txt").write_text("left/a.wav\n\nleft/b c.wav\r\n", encoding="utf-8-sig")
    (tmp_path / "testing_list.txt").write_text("left/t.wav")
    names = ["a", "b c", "t", "other"]
    clips = [Clip(f"left/x-{name}.wav", "left", "ann", source=f"left/{name}.flac") for name in names]
    assert assign_splits(clips, tmp_path) == ["validation", "validation", "testing", "training"]
    chosen = [Clip(clip.file_name, "left", "ann", split="testing") for clip in clips]
    assert assign_splits(chosen, tmp_path) == ["testing"] * 4


@pytest.mark.parametrize("wrong", ["", "train", "Validation"])
def test_a_split_that_is_none_of_the_three_is_refused(wrong: str) -> None:
    clips = [Clip("left/a.wav", "left", split="training"), Clip("left/b.wav", "left", split=wrong)]
    with pytest.raises(WordspotError, match=r"left/b\.wav has split"):
        assign_splits(clips)


@pytest.mark.parametrize("content", [".\n", "/\n", "left/other.wav\n"])
def test_lists_that_name_none_of_the_clips_are_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "validation_list.txt").write_text(content)
    with pytest.raises(WordspotError, match="name none of the clips"):
        assign_splits([Clip("left/a.wav", "left"), Clip("left/b.wav", "left")], tmp_path)


def test_a_list_most_of_whose_names_mean_nothing_is_named(tmp_path: Path) -> None:
    names = [f"left/{i}.wav" for i in range(60)]
    clips = [Clip(name, "left") for name in names]
    elsewhere = ["up/1.wav"] * 30  # of a label that is not here: a list for more than one has
    wrong = [f"left/take-{i}.wav" for i in range(18)]
    (tmp_path / "validation_list.txt").write_text("\n".join([*names[:2], *wrong, *elsewhere]))
    message = r"18 of the 20 names in validation_list\.txt .* \(left/take-0\.wav, "
    with pytest.warns(WordspotWarning, match=message):
        assert assign_splits(clips, tmp_path) == ["validation"] * 2 + ["training"] * 58
    (tmp_path / "validation_list.txt").write_text("\n".join([*names[:2], *wrong[:2], *elsewhere]))
    assert assign_splits(clips, str(tmp_path))[:3] == ["validation", "validation", "training"]


def test_a_list_of_a_larger_set_is_not_doubted(tmp_path: Path) -> None:
    clips = [Clip(f"left/{i}.wav", "left") for i in range(100)]
    whole_set = [f"left/{i}.wav" for i in range(0, 1_000, 10)]
    (tmp_path / "testing_list.txt").write_text("\n".join(whole_set))
    assert assign_splits(clips, tmp_path).count("testing") == 10


@given(st.integers(0, 10_000), st.integers(1, 500))
def test_a_long_sound_is_divided_without_overlap_or_loss(size: int, least: int) -> None:
    parts = [split_long_sound(size, split, least) for split in SPLITS]
    rows = [row for part in parts for row in range(size)[part]]
    assert rows == list(range(size))
    held_out = [len(range(size)[part]) for part in parts[1:]]
    assert all(length >= least - 1 for length in held_out) or held_out == [0, 0]


@pytest.mark.parametrize("count", [1, 2, 3, 12, 60])
def test_negatives_are_divided_without_rest_and_by_speaker_where_there_are_several(count: int) -> None:
    names = [f"_negatives_/speaker{i // 2}_nohash_{i % 2}.wav" for i in range(2 * count)]
    sizes = [2_000 + i for i in range(2 * count)]
    parts = {split: split_negatives(names, sizes, split, 98) for split in SPLITS}
    for i, size in enumerate(sizes):
        pieces = [parts[split][i] for split in SPLITS]
        assert sum(piece.stop - piece.start for piece in pieces) == size
        if count >= 3:
            assert sorted(piece.stop - piece.start for piece in pieces) == [0, 0, size]
    if count >= 3:
        for split in ("training", "validation"):
            assert any(part.stop > part.start for part in parts[split])
        for first, second in zip(range(0, 2 * count, 2), range(1, 2 * count, 2), strict=True):  # of one speaker
            assert (parts["training"][first].start == 0) == (parts["training"][second].start == 0)
