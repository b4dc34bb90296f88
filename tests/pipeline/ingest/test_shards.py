import csv
import io
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from wordspot.data.audio import read_sound
from wordspot.data.clips import list_clips, read_clip_table
from wordspot.data.errors import RecordingError, WordspotError
from wordspot.pipeline.curation.queue import read_review_clips
from wordspot.pipeline.features.extract import extract
from wordspot.pipeline.ingest.shards import shard


@pytest.fixture(scope="module")
def shards(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clean folder in archives of 40 clips."""
    folder = tmp_path_factory.mktemp("sharded") / "shards"
    assert shard(clips, folder, clips_per_shard=40) == 96
    return folder


@pytest.fixture
def own_clips(clips: Path, tmp_path: Path) -> Path:
    """A clean folder that a test may change."""
    return Path(shutil.copytree(clips, tmp_path / "clips"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*") if path.is_file()}


def test_an_archive_holds_each_clip_and_its_row(clips: Path, shards: Path) -> None:
    with (clips / "metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = []
    for name in ("clips-00000.tar", "clips-00001.tar", "clips-00002.tar"):
        with tarfile.open(shards / name) as archive:
            members = archive.getmembers()
            for of_row, of_sound in zip(members[::2], members[1::2], strict=True):
                assert Path(of_row.name).stem == Path(of_sound.name).stem == f"{len(found):09}"
                row = json.loads(archive.extractfile(of_row).read())  # type: ignore[union-attr]
                sound = archive.extractfile(of_sound).read()  # type: ignore[union-attr]
                assert sound == (clips / row["file_name"]).read_bytes()
                found.append(row)
    assert [row["file_name"] for row in found] == [row["file_name"] for row in rows]
    assert found[0].keys() == rows[0].keys()


def test_clips_are_read_from_their_archives_under_their_own_names(clips: Path, shards: Path) -> None:
    listed = read_clip_table(shards)
    assert listed == read_clip_table(clips)
    for clip in listed[::17]:
        whole, part = (read_sound(folder / clip.file_name) for folder in (clips, shards))
        np.testing.assert_array_equal(whole.samples, part.samples)
    assert [clip.clip for clip in read_review_clips(shards)] == [clip.clip for clip in read_review_clips(clips)]
    assert read_review_clips(shards)[5].measured == read_review_clips(clips)[5].measured
    assert list_clips(shards) == list_clips(clips)
    with pytest.raises(FileNotFoundError):
        read_sound(shards / "rise" / "nobody.wav")


def test_features_of_archives_are_those_of_the_folder(shards: Path, features: Path, tmp_path: Path) -> None:
    extract(shards, tmp_path / "features")
    for name in ("log_mel.npy", "clips.csv", "front_end.json", "noise.npy"):
        assert (tmp_path / "features" / name).read_bytes() == (features / name).read_bytes(), name


def test_the_same_clips_give_the_same_bytes_and_nothing_is_written_twice(
    clips: Path, shards: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    shard(clips, again, clips_per_shard=40)
    assert contents(again) == contents(shards)
    before = [(path, path.stat().st_mtime_ns) for path in sorted(again.glob("*.tar"))]
    shard(clips, again, clips_per_shard=40)
    assert [(path, path.stat().st_mtime_ns) for path in sorted(again.glob("*.tar"))] == before


def test_an_interrupted_call_goes_on(clips: Path, shards: Path, tmp_path: Path) -> None:
    def stop_at_the_second(names, total):
        yield names[0]
        raise KeyboardInterrupt

    folder = tmp_path / "shards"
    with pytest.raises(KeyboardInterrupt):
        shard(clips, folder, clips_per_shard=40, progress=stop_at_the_second)
    with pytest.raises(WordspotError, match="is not a clean folder"):
        read_clip_table(folder)
    first = (folder / "clips-00000.tar").stat().st_mtime_ns
    shard(clips, folder, clips_per_shard=40)
    assert (folder / "clips-00000.tar").stat().st_mtime_ns == first
    assert contents(folder) == contents(shards)


def test_what_was_changed_is_written_anew_and_what_is_gone_goes(own_clips: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    shard(own_clips, folder, clips_per_shard=40)
    (folder / "decisions.jsonl").write_text("")
    untouched = (folder / "clips-00000.tar").stat().st_mtime_ns
    rows = (own_clips / "metadata.csv").read_text().splitlines(keepends=True)
    rows[60] = rows[60].replace(",hum,", ",buzz,").replace(",rise,", ",buzz,")
    (own_clips / "metadata.csv").write_text("".join(rows[:80]))
    (own_clips / "decisions.jsonl").write_text("{}\n")
    assert shard(own_clips, folder, clips_per_shard=40) == 79
    assert (folder / "clips-00000.tar").stat().st_mtime_ns == untouched
    assert not (folder / "clips-00002.tar").exists()
    assert [clip.label for clip in read_clip_table(folder)].count("buzz") == 1
    assert (folder / "decisions.jsonl").read_text() == ""  # what was decided of the shards stays


def test_damage_is_named_in_one_line(clips: Path, shards: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(shards, tmp_path / "broken"))
    last = read_clip_table(broken)[-1].file_name
    with (broken / "clips-00002.tar").open("r+b") as file:
        file.truncate(100_000)
    with pytest.raises(RecordingError, match=r"clips-00002\.tar was cut short"):
        read_sound(broken / last)
    (broken / "clips-00002.tar").unlink()
    with pytest.raises(WordspotError, match=r"clips-00002\.tar cannot be read: No such file"):
        extract(broken, tmp_path / "features")
    table = (broken / "metadata.parquet").read_bytes()
    (broken / "metadata.parquet").write_bytes(table[: len(table) // 2])
    with pytest.raises(WordspotError, match=r"metadata\.parquet is damaged"):
        read_clip_table(broken)


def test_a_table_that_names_a_file_elsewhere_is_refused(shards: Path, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet as parquet

    hostile = Path(shutil.copytree(shards, tmp_path / "hostile"))
    table = parquet.read_table(hostile / "metadata.parquet").to_pylist()
    for row in table:
        row["shard"] = "../../etc/passwd"
    parquet.write_table(pyarrow.Table.from_pylist(table), hostile / "metadata.parquet")
    with pytest.raises(WordspotError, match="expected a file beside it"):
        read_sound(hostile / table[0]["file_name"])


def test_other_folders_are_left_alone(clips: Path, recordings: Path, own_clips: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="is not a clean folder"):
        shard(recordings, tmp_path / "shards")
    with pytest.raises(WordspotError, match="lies in the clean folder"):
        shard(clips, clips / "shards")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(WordspotError, match="holds something else"):
        shard(clips, tmp_path / "mine")
    next(own_clips.glob("rise/*.wav")).unlink()
    with pytest.raises(WordspotError, match="which does not exist: clean again"):
        shard(own_clips, tmp_path / "shards")


def test_the_command_says_what_comes_next(clips: Path, tmp_path: Path, wordspot) -> None:
    done = wordspot("shard", clips, tmp_path / "shards")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.replace("\n", " ").startswith("96 clips in")
    assert io.StringIO(done.stdout).read().count("wordspot extract") == 1
