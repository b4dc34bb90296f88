import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.clips import CLIP_TABLE, read_clip_table
from wordspot.data.errors import WordspotError
from wordspot.pipeline.ingest.clean import clean
from wordspot.pipeline.ingest.split import SplitResult, find_words, split_recordings


def long_take(take: Callable, seeds: range, gap: int = 4_000) -> np.ndarray:
    noise = np.random.default_rng(1)
    pieces = [np.concatenate([noise.normal(0, 0.0015, gap), take(seed)]) for seed in seeds]
    return np.clip(np.rint(32_768 * np.concatenate(pieces)), -32_768, 32_767).astype(np.int16)


@pytest.fixture
def takes(tmp_path: Path, take: Callable) -> Path:
    folder = tmp_path / "takes"
    for name, seeds in (
        ("left/ann_nohash_0", range(10)),
        ("left/day/bob", range(10, 13)),
        ("right/one", range(20, 21)),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{name}.flac", long_take(take, seeds), 16_000)
    (folder / "_noise_").mkdir()
    soundfile.write(folder / "_noise_/long.wav", long_take(take, range(3)), 16_000)
    (folder / "right/broken.wav").write_text("no sound")
    (folder / "validation_list.txt").write_text("left/day/bob.flac\nright/one.flac\n")
    return folder


def test_every_word_is_found_once_and_whole(take: Callable) -> None:
    samples = long_take(take, range(10))
    words = find_words(samples)
    assert len(words) == 10
    for number, (begin, end) in enumerate(words):
        middle = 20_000 * number + 4_000 + int(np.average(np.arange(16_000), weights=take(number) ** 2))
        assert begin < middle < end
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(words))


def test_noise_silence_and_next_to_nothing_hold_no_words() -> None:
    noise = np.random.default_rng(1).normal(0, 3_000, 48_000).astype(np.int16)
    for samples in (noise, noise[:100], noise[:0], np.zeros(48_000, np.int16)):
        assert find_words(samples) == []


def test_a_take_becomes_recordings_and_these_become_clips(
    takes: Path, tmp_path: Path, tree: Callable, rows: Callable
) -> None:
    before = tree(takes)
    assert split_recordings(takes, tmp_path / "recordings") == SplitResult(5, 2, 13, 3)
    assert tree(takes) == before
    made = tree(tmp_path / "recordings")
    assert {f"left/ann_nohash_0_{number}.wav" for number in range(1, 11)} <= set(made)
    assert made["right/one.flac"] == before["right/one.flac"]
    assert made["_noise_/long.wav"] == before["_noise_/long.wav"]
    assert (
        made["validation_list.txt"] == b"left/day/bob_1.wav\nleft/day/bob_2.wav\nleft/day/bob_3.wav\nright/one.flac\n"
    )
    assert clean(tmp_path / "recordings", tmp_path / "clips").clips == 14
    clips = read_clip_table(tmp_path / "clips")
    assert {clip.speaker for clip in clips} == {"ann", ""}
    findings = [row["findings"] for row in rows(tmp_path / "clips" / CLIP_TABLE)]
    assert not [found for found in findings if "speech_outside" in found]


def test_nothing_is_overwritten_and_it_goes_on_once_the_clash_is_gone(takes: Path, tmp_path: Path) -> None:
    soundfile.write(takes / "left/ann_nohash_0_2.wav", np.zeros(16_000), 16_000)
    with pytest.raises(WordspotError, match=r"ann_nohash_0_2\.wav, which is there already"):
        split_recordings(takes, tmp_path / "recordings")
    assert not (tmp_path / "recordings").exists()
    (takes / "left/ann_nohash_0_2.wav").unlink()
    assert split_recordings(takes, tmp_path / "recordings").sections == 13
    (tmp_path / "else/left").mkdir(parents=True)
    for place in (takes, takes / "new", tmp_path / "else"):
        with pytest.raises(WordspotError, match="choose a new folder"):
            split_recordings(takes, place)


def test_interrupted_it_goes_on_and_nothing_is_half_written(takes: Path, tmp_path: Path, tree: Callable) -> None:
    def interrupted(recordings: Iterable, total: int) -> Iterator:
        yield from itertools.islice(recordings, 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        split_recordings(takes, tmp_path / "recordings", progress=interrupted)
    assert {path.name for path in tmp_path.iterdir()} == {".recordings.unfinished", "takes"}
    done = tmp_path / ".recordings.unfinished/left/day/bob_1.wav"
    before = done.stat().st_mtime_ns
    assert split_recordings(takes, tmp_path / "recordings") == SplitResult(5, 2, 13, 3)
    assert (tmp_path / "recordings/left/day/bob_1.wav").stat().st_mtime_ns == before
    split_recordings(takes, tmp_path / "at once")
    made, at_once = tree(tmp_path / "recordings"), tree(tmp_path / "at once")
    assert {name: made[name] for name in made if "split.jsonl" not in name} == {
        name: at_once[name] for name in at_once if "split.jsonl" not in name
    }


def test_again_it_does_what_was_added_or_changed_alone(takes: Path, tmp_path: Path, take: Callable) -> None:
    made = tmp_path / "recordings"
    split_recordings(takes, made)
    (made / "left/ann_nohash_0_7.wav").unlink()  # somebody did not want it
    soundfile.write(takes / "left/day/bob.flac", long_take(take, range(10, 12)), 16_000)
    soundfile.write(takes / "right/two.flac", long_take(take, range(30, 32)), 16_000)
    with open(made / ".wordspot/split.jsonl", "a") as log:
        log.write('{"path": "left/')  # a machine stopped
    assert split_recordings(takes, made) == SplitResult(6, 3, 14, 3)
    names = {path.name for path in made.rglob("*.*")}
    assert {"bob_1.wav", "bob_2.wav", "two_1.wav", "two_2.wav"} <= names
    assert not {"bob_3.wav", "ann_nohash_0_7.wav"} & names


def test_what_is_hardly_longer_than_a_clip_is_left_whole(take: Callable) -> None:
    samples = long_take(take, range(2))
    assert len(find_words(samples)) == 2
    assert find_words(samples[8_000:31_000]) == []  # the ends of two words, 1.4 s
