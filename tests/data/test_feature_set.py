import contextlib
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wordspot.data.clips import Clip
from wordspot.data.errors import WordspotError
from wordspot.data.feature_set import is_feature_set, read_feature_set, write_noise, writing_feature_set
from wordspot.data.front_end import FrontEnd

FRONT_END = FrontEnd(n_mels=8)
CLIPS = [Clip("left/ä,.wav", "left", "ann", split="training"), Clip("right/b.wav", "right", split="validation")]
NOISE = [np.full((3000, 8), 1, np.float16), np.full((5000, 8), 2, np.float16)]


def frames(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, FRONT_END.n_frames, 8)).astype(np.float16)


def write(folder: Path, *, noise: bool = True, seed: int = 0) -> None:
    with writing_feature_set(folder, FRONT_END, CLIPS) as (log_mel, unfinished):
        log_mel[:] = frames(seed)
        if noise:
            write_noise(unfinished, ["_noise_/a.wav", "_noise_/b.wav"], NOISE)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    write(tmp_path / "features")
    features = read_feature_set(tmp_path / "features")
    np.testing.assert_array_equal(features.log_mel, frames())
    assert isinstance(features.log_mel, np.memmap)
    assert features.clips == CLIPS
    assert features.front_end == FRONT_END
    assert [part.shape for part in features.noise] == [(3000, 8), (5000, 8)]
    assert [part.max() for part in features.noise] == [1, 2]


def test_noise_is_divided_without_overlap_or_loss(tmp_path: Path) -> None:
    write(tmp_path / "features")
    features = read_feature_set(tmp_path / "features")
    parts = [features.noise_of(split) for split in ("training", "validation", "testing")]
    assert [[len(piece) for piece in part] for part in parts] == [[2400, 4000], [300, 500], [300, 500]]


def test_noise_may_be_missing(tmp_path: Path) -> None:
    write(tmp_path / "features", noise=False)
    assert read_feature_set(tmp_path / "features").noise == []


def test_a_new_one_replaces_the_old_whole(tmp_path: Path) -> None:
    write(tmp_path / "features")
    write(tmp_path / "features", noise=False, seed=5)
    features = read_feature_set(tmp_path / "features")
    np.testing.assert_array_equal(features.log_mel, frames(5))
    assert features.noise == []
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


def test_an_error_leaves_the_old_one_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "features")
    before = contents(tmp_path)

    def fail() -> None:
        with writing_feature_set(tmp_path / "features", FRONT_END, CLIPS) as (log_mel, _):
            log_mel[0] = 1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert contents(tmp_path) == before


def test_what_a_killed_process_left_does_not_get_in(tmp_path: Path) -> None:
    unfinished = tmp_path / ".features.unfinished"
    unfinished.mkdir()
    (unfinished / "noise.npy").write_bytes(b"half")
    write(tmp_path / "features", noise=False)
    assert read_feature_set(tmp_path / "features").noise == []
    assert not unfinished.exists()


def test_a_second_writer_is_refused_and_the_first_undisturbed(tmp_path: Path) -> None:
    with writing_feature_set(tmp_path / "features", FRONT_END, CLIPS) as (log_mel, _):
        log_mel[:] = frames(3)
        with pytest.raises(WordspotError, match="another process is writing the feature set"):
            write(tmp_path / "features")
        write(tmp_path / "other")
    np.testing.assert_array_equal(read_feature_set(tmp_path / "features").log_mel, frames(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features", "other"]


def test_names_that_would_be_formulas_and_labels_with_spaces_come_back(tmp_path: Path) -> None:
    clips = [
        Clip("=1+1/@a.wav", "=1+1", "-ann", split="training"),
        Clip("'left/a.wav", "left ", "'bob", split="testing"),
    ]
    with writing_feature_set(tmp_path / "features", FRONT_END, clips) as (log_mel, _):
        log_mel[:] = frames()
    assert ",'=1+1,'-ann," in (tmp_path / "features" / "clips.csv").read_text()
    assert read_feature_set(tmp_path / "features").clips == [clips[0], dataclasses.replace(clips[1], label="left")]


def test_noise_too_short_to_be_divided_is_all_for_training(tmp_path: Path) -> None:
    write(tmp_path / "features")
    least = FRONT_END.n_frames * 10
    noise = [np.zeros((size, 8), np.float16) for size in (least - 1, least)]
    features = dataclasses.replace(read_feature_set(tmp_path / "features"), noise=noise)
    parts = {split: [len(part) for part in features.noise_of(split)] for split in ("training", "validation", "testing")}
    assert parts == {"training": [least - 1, least * 8 // 10], "validation": [98], "testing": [98]}


def test_a_folder_with_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("x")
    with pytest.raises(WordspotError, match="holds something else"):
        write(tmp_path)
    with pytest.raises(WordspotError, match="holds something else"):
        write(tmp_path / "precious.txt")
    assert contents(tmp_path) == {str(tmp_path / "precious.txt"): b"x"}


def test_an_empty_folder_and_a_missing_parent_are_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "a/b/c"):
        write(tmp_path / name)
        assert is_feature_set(tmp_path / name)


def edit_csv(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


MISFITS = {
    "no frames": lambda folder: (folder / "log_mel.npy").unlink(),
    "no clips": lambda folder: (folder / "clips.csv").unlink(),
    "empty clips": lambda folder: (folder / "clips.csv").write_text(""),
    "clips in another encoding": lambda folder: (folder / "clips.csv").write_bytes(b"file_name\n\xff"),
    "no front end": lambda folder: (folder / "front_end.json").unlink(),
    "front end is no JSON": lambda folder: (folder / "front_end.json").write_text("{"),
    "empty frames": lambda folder: (folder / "log_mel.npy").write_bytes(b""),
    "text for frames": lambda folder: (folder / "log_mel.npy").write_text("hello"),
    "frames cut short": lambda folder: (folder / "log_mel.npy").write_bytes((folder / "log_mel.npy").read_bytes()[:-2]),
    "float32 frames": lambda folder: np.save(folder / "log_mel.npy", frames().astype(np.float32)),
    "pickled frames": lambda folder: np.save(folder / "log_mel.npy", np.array([[["x", 1]]], object)),
    "flat frames": lambda folder: np.save(folder / "log_mel.npy", frames()[0]),
    "zipped frames": lambda folder: (
        np.savez(folder / "x.npz", a=frames()),
        (folder / "x.npz").replace(folder / "log_mel.npy"),
    ),
    "a clip too few": lambda folder: np.save(folder / "log_mel.npy", frames()[:1]),
    "a band too few": lambda folder: np.save(folder / "log_mel.npy", frames()[..., :7]),
    "a frame too few": lambda folder: np.save(folder / "log_mel.npy", frames()[:, 1:]),
    "a column missing": lambda folder: edit_csv(folder / "clips.csv", "speaker", "talker"),
    "a split missing": lambda folder: edit_csv(folder / "clips.csv", "validation", ""),
    "a split unknown": lambda folder: edit_csv(folder / "clips.csv", "validation", "valid"),
    "another hop": lambda folder: edit_csv(folder / "front_end.json", '"hop_ms": 10.0', '"hop_ms": 20.0'),
    "no hop": lambda folder: edit_csv(folder / "front_end.json", '"hop_ms": 10.0', '"hop_ms": null'),
    "noise without table": lambda folder: (folder / "noise.csv").unlink(),
    "noise table without counts": lambda folder: edit_csv(folder / "noise.csv", "frames", "length"),
    "noise table with words": lambda folder: edit_csv(folder / "noise.csv", "3000", "many"),
    "noise table of others": lambda folder: edit_csv(folder / "noise.csv", "3000", "3001"),
    "noise with other bands": lambda folder: np.save(folder / "noise.npy", np.zeros((80, 9), np.float16)),
    "damaged noise": lambda folder: (folder / "noise.npy").write_bytes(b"x"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_files_that_are_damaged_or_do_not_fit_each_other_are_told(tmp_path: Path, name: str) -> None:
    write(tmp_path / "features")
    MISFITS[name](tmp_path / "features")
    with pytest.raises(WordspotError, match=str(tmp_path / "features")):
        read_feature_set(tmp_path / "features")


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 127), value=st.integers(0, 255))
def test_a_damaged_array_header_is_told_or_harmless(tmp_path: Path, place: int, value: int) -> None:
    folder = tmp_path / "features"
    write(folder, noise=False)
    content = bytearray((folder / "log_mel.npy").read_bytes())
    content[place] = value
    (folder / "log_mel.npy").write_bytes(content)
    with contextlib.suppress(WordspotError):
        assert read_feature_set(folder).log_mel.shape == frames().shape


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="does not exist"):
        read_feature_set(tmp_path / "missing")
    with pytest.raises(WordspotError, match="wordspot extract"):
        read_feature_set(tmp_path)


def test_a_front_end_survives_json() -> None:
    front_end = FrontEnd(n_mels=64, f_max_hz=8000, mel_scale="slaney", mel_norm="slaney", log_floor=1e-9)
    assert FrontEnd.from_dict(json.loads(json.dumps(front_end.to_dict())), "here") == front_end


def test_samples_and_frames_follow_from_the_times() -> None:
    front_end = FrontEnd(window_ms=25, hop_ms=12.5, clip_ms=500, sample_rate_hz=8000, f_max_hz=4000)
    sizes = (front_end.window_samples, front_end.hop_samples, front_end.clip_samples, front_end.n_frames)
    assert sizes == (200, 100, 4000, 39)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fft_size": 500},
        {"fft_size": 256},
        {"fft_size": 512.5},
        {"fft_size": "512"},
        {"n_mels": None},
        {"hop_ms": None},
        {"hop_ms": float("nan")},
        {"n_mels": 4},
        {"f_min_hz": 7600.0},
        {"f_max_hz": 9000.0},
        {"f_max_hz": float("inf")},
        {"mel_scale": "bark"},
        {"mel_scale": ["htk"]},
        {"mel_norm": "area"},
        {"clip_ms": 100, "window_ms": 100.5, "fft_size": 2048},
        {"log_floor": 0},
        {"window": "hamming"},
        {"centred": True},
        {"n_mel": 40},
    ],
)
def test_a_front_end_that_cannot_be_is_told(wrong: dict) -> None:
    with pytest.raises(WordspotError, match=r"^here: "):
        FrontEnd.from_dict(FrontEnd().to_dict() | wrong, "here")
