import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wordspot.data.audio import read_sound
from wordspot.data.datasets.choosing import Choice
from wordspot.data.datasets.import_set import MARKER, REPORT, TABLE, ImportResult, import_set
from wordspot.data.errors import WordspotError, WordspotWarning
from wordspot.data.recordings.folders import scan_recordings
from wordspot.data.tables import read_table, write_table
from wordspot.pipeline.progress import no_progress


def bring(form: str, source: Path, folder: Path, words: str = "", language: str = "", **choice: int) -> ImportResult:
    chosen = Choice(tuple(words.split(",")) if words else (), **choice)
    return import_set(form, source, folder, chosen, language, progress=no_progress)


def names(folder: Path) -> list[str]:
    return [recording.path for recording in scan_recordings(folder)]


def table_of(folder: Path, rows: list[dict], name: str = "manifest.csv") -> Path:
    if name.endswith(".csv"):
        write_table(folder / name, list(dict.fromkeys(key for row in rows for key in row)), rows)
    else:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_words_of_the_spoken_words_corpus_keep_speakers_and_splits(mswc: Path, tools: dict, tmp_path: Path) -> None:
    before = tools["contents"](mswc)
    result = bring("mswc", mswc, tmp_path / "words", "Links,rechts")
    assert result.labels == {"Links": 10, "rechts": 10}
    assert result.splits == {"training": 16, "validation": 2, "testing": 2}
    assert result.speakers == 10
    assert result.faults == {"not valid": 1}
    assert names(tmp_path / "words")[0] == "Links/0000000000000000_nohash_0.opus"
    assert (tmp_path / "words" / "validation_list.txt").read_text().split() == [
        "Links/0808080808080808_nohash_0.opus",
        "rechts/0808080808080808_nohash_0.opus",
    ]
    for row in read_table(tmp_path / "words" / TABLE):
        assert (tmp_path / "words" / row["file_name"]).read_bytes() == before[f"de/{row['source']}"]
    assert tools["contents"](mswc) == before
    assert [path.name for path in tmp_path.iterdir()] == ["words"]


def test_archives_as_they_are_downloaded_give_the_same(mswc: Path, tools: dict, tmp_path: Path) -> None:
    files = {path.relative_to(mswc).as_posix(): path for path in mswc.rglob("*.opus")}
    tools["pack"](files, tmp_path / "down" / "audio" / "de.tar.gz")
    tools["pack"]({"de_splits.csv": mswc / "de" / "de_splits.csv"}, tmp_path / "down" / "splits" / "de.tar.gz")
    everything = {"mswc_microset/de/de_splits.csv": mswc / "de" / "de_splits.csv"}
    tools["pack"](everything | {f"mswc_microset/{name}": path for name, path in files.items()}, tmp_path / "all.tar.gz")
    bring("mswc", mswc, tmp_path / "a", "links", "de", others=12)
    bring("mswc", tmp_path / "down", tmp_path / "b", "links", "de", others=12)
    bring("mswc", tmp_path / "all.tar.gz", tmp_path / "c", "links", others=12)
    made = [tools["contents"](tmp_path / name) for name in "abc"]
    for files in made:
        del files[MARKER]
    assert made[0] == made[1] == made[2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "all.tar.gz", "b", "c", "down"]


def test_other_words_are_of_many_words_and_people_and_limits_hold(mswc: Path, tmp_path: Path) -> None:
    result = bring("mswc", mswc, tmp_path / "words", "links", limit=4, others=10)
    assert result.labels["links"] == 4
    assert sum(result.labels.values()) == 14
    assert len(result.labels) == 6
    assert result.speakers >= 7
    assert bring("mswc", mswc, tmp_path / "again", "links", limit=4, others=10).labels == result.labels
    few = bring("mswc", mswc, tmp_path / "all", "links", others=1_000)
    assert few.recordings == 60
    assert few.settled == ("50 recordings of other words: there are no more",)


def test_common_voice_gives_what_was_said_as_one_word(common_voice: Path, tools: dict, tmp_path: Path) -> None:
    result = bring("common-voice", common_voice, tmp_path / "words")
    assert result.labels == {"Hey": 1, "No": 2, "Three": 1, "Yes": 2, "zero": 1}
    assert len(result.settled) == 2
    rows = {row["source"]: row for row in read_table(tmp_path / "words" / TABLE)}
    assert rows["clips/common_voice_en_1.mp3"]["split"] == "validation"
    assert rows["clips/common_voice_en_2.mp3"]["split"] == "testing"
    tools["pack"](
        {f"cv/{path.relative_to(common_voice)}": path for path in common_voice.rglob("*") if path.is_file()},
        tmp_path / "cv-corpus-7.0-singleword.tar.gz",
    )
    packed = bring("common-voice", tmp_path / "cv-corpus-7.0-singleword.tar.gz", tmp_path / "packed")
    assert packed.labels == result.labels


def test_one_of_several_languages_must_be_named(tools: dict, tmp_path: Path) -> None:
    for language in ("en", "fr"):
        tools["make_common_voice"](tmp_path / "cv", language)
    with pytest.raises(WordspotError, match=r"several languages \(en, fr\)"):
        bring("common-voice", tmp_path / "cv", tmp_path / "words")
    with pytest.raises(WordspotError, match="no language 'de'; found en, fr"):
        bring("common-voice", tmp_path / "cv", tmp_path / "words", language="de")
    assert bring("common-voice", tmp_path / "cv", tmp_path / "words", language="fr").recordings == 7
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["manifest.csv", "takes.jsonl"])
def test_a_table_with_sections_is_cut(name: str, tools: dict, tmp_path: Path) -> None:
    source = tmp_path / "takes"
    tools["write_sound"](source / "ann.flac", 1, 5.0)
    tools["write_sound"](source / "left.wav", 2)
    rows = [
        {"path": "ann.flac", "label": "left", "speaker": "ann", "start": 1.0, "end": 2.5, "mood": "fine"},
        {"path": "ann.flac", "label": "right", "speaker": "ann", "start": 0.5, "end": 1.5},
        {"path": "ann.flac", "label": "left", "speaker": "ann", "start": 4.0},
        {"path": "ann.flac", "label": "left", "speaker": "ann", "start": 4.5, "end": 5.6},
        {"path": "left.wav", "label": "left", "speaker": "ben"},
    ]
    result = bring("folder-csv", table_of(source, rows, name), tmp_path / "words")
    assert (result.recordings, result.sections) == (4, 3)
    assert result.faults == {"impossible section": 1}
    samples = read_sound(source / "ann.flac").samples
    for path, begin, end in (("left/ann_nohash_0.wav", 1.0, 2.5), ("right/ann_nohash_0.wav", 0.5, 1.5)):
        made = read_sound(tmp_path / "words" / path).samples
        assert np.array_equal(made, samples[round(begin * 16_000) : round(end * 16_000)])
    assert len(read_sound(tmp_path / "words" / "left/ann_nohash_1.wav").samples) == 16_000
    assert (tmp_path / "words" / "left/ben_nohash_0.wav").samefile(source / "left.wav")
    assert not (tmp_path / "words" / "validation_list.txt").exists()


def test_what_cannot_be_imported_is_a_row_of_the_report(tools: dict, tmp_path: Path) -> None:
    source = tmp_path / "set"
    tools["write_sound"](source / "a.wav", 1)
    tools["write_sound"](source / "b.wav", 2)
    tools["write_sound"](tmp_path / "secret.wav", 3)
    (source / "noise.wav").write_bytes(b"no sound at all" * 20)
    rows = [
        {"path": "a.wav", "label": "left", "split": "train"},
        {"path": "../secret.wav", "label": "left"},
        {"path": str(tmp_path / "secret.wav"), "label": "left"},
        {"path": "..\\secret.wav", "label": "left"},
        {"path": "gone.wav", "label": "left"},
        {"path": "noise.wav", "label": "left"},
        {"path": "b.wav", "label": "left"},
        {"path": "b.wav", "label": "right"},
        {"path": "a.wav", "label": "left"},
        {"path": "a.wav", "label": "../../out"},
        {"path": "a.wav", "label": "_silence_"},
        {"path": "a.wav", "label": "up", "split": "holdout"},
        {"path": "a.wav", "label": "up", "start": "later"},
        {"path": "a.wav", "label": "up", "start": "2", "end": "1"},
        {"path": "", "label": "up"},
    ]
    result = bring("folder-csv", table_of(source, rows), tmp_path / "words")
    assert result.recordings == 1
    assert result.faults == {
        "impossible section": 2,
        "leaves the folder": 3,
        "listed twice": 1,
        "missing file": 1,
        "no label for a folder": 2,
        "not a row": 1,
        "two labels": 2,
        "unknown split": 1,
        "unreadable sound": 1,
    }
    report = read_table(tmp_path / "words" / REPORT)
    assert len(report) == len(rows) - 1
    assert {row["where"] for row in report if row["fault"] == "two labels"} == {
        "manifest.csv, line 8",
        "manifest.csv, line 9",
    }
    assert names(tmp_path / "words") == ["left/a_0.wav"]


def test_lines_that_are_no_json_are_reported(tools: dict, tmp_path: Path) -> None:
    tools["write_sound"](tmp_path / "set" / "a.wav", 1)
    lines = ['{"audio_filepath": "a.wav", "command": "left"}', "{torn", "[1, 2]", ""]
    (tmp_path / "set" / "manifest.json").write_text("\n".join(lines))
    assert bring("folder-csv", tmp_path / "set", tmp_path / "words").faults == {"not a row": 2}


def test_speakers_are_in_one_split_and_some_validate(tools: dict, tmp_path: Path) -> None:
    source, rows = tmp_path / "set", []
    for number in range(24):
        tools["write_sound"](source / f"{number}.wav", number)
        split = "test" if number % 12 == 0 else "train"
        rows.append(
            {"path": f"{number}.wav", "label": "Left" if number % 7 == 0 else "left", "speaker": f"s{number % 6}"}
            | {"split": split}
        )
    result = bring("folder-csv", table_of(source, rows), tmp_path / "words")
    assert result.labels == {"left": 24}
    assert result.settled[0] == "4 recordings of Left and left are under left, one word"
    assert result.settled[1].startswith("1 speakers were in several splits")
    assert result.splits == {"training": 20, "validation": 4}
    assert "1 training speakers validate" in result.settled[2]


def test_columns_are_found_and_a_near_miss_is_said(tools: dict, tmp_path: Path) -> None:
    tools["write_sound"](tmp_path / "set" / "a.wav", 1)
    (tmp_path / "set" / "list.csv").write_text("file_name;word;spaeker\na.wav;left;ann\n")
    with pytest.warns(WordspotWarning, match="'spaeker' is not read; if it is the speaker"):
        assert bring("folder-csv", tmp_path / "set", tmp_path / "words").labels == {"left": 1}
    (tmp_path / "set" / "list.csv").write_text("sound,word\na.wav,left\n")
    with pytest.raises(WordspotError, match=r"has no column 'path' .*; found sound, word"):
        bring("folder-csv", tmp_path / "set", tmp_path / "others")
    with pytest.raises(WordspotError, match="must hold one table"):
        bring("folder-csv", tmp_path / "words" / "left", tmp_path / "others")


def test_rows_of_one_language_alone(tools: dict, tmp_path: Path) -> None:
    for name in "ab":
        tools["write_sound"](tmp_path / "set" / f"{name}.wav", ord(name))
    rows = [{"path": "a.wav", "label": "no", "language": "en"}, {"path": "b.wav", "label": "no", "language": "it"}]
    assert bring("folder-csv", table_of(tmp_path / "set", rows), tmp_path / "words", language="it").recordings == 1
    table_of(tmp_path / "set", [{"path": "a.wav", "label": "no"}])
    with pytest.raises(WordspotError, match="no column for the language"):
        bring("folder-csv", tmp_path / "set", tmp_path / "more", language="it")


def test_names_of_speakers_are_names_of_files(tools: dict, tmp_path: Path) -> None:
    speakers = ("../ann", "Anna Maria", "ANN", "ann", ".hidden", "a_nohash_b", "", "NA", "ü" * 100)
    rows = []
    for number, speaker in enumerate(speakers):
        tools["write_sound"](tmp_path / "set" / f"{number}.wav", number)
        rows.append({"path": f"{number}.wav", "label": "left", "speaker": speaker})
    result = bring("folder-csv", table_of(tmp_path / "set", rows), tmp_path / "words")
    assert result.speakers == 7
    found = names(tmp_path / "words")
    assert len({name.casefold() for name in found}) == len(speakers)
    assert all(name.count("/") == 1 for name in found)
    assert {"left/ANN_nohash_0.wav", "left/ann_nohash_1.wav", "left/Anna Maria_nohash_0.wav", "left/6_0.wav"} <= set(
        found
    )


def test_imported_again_nothing_is_done(mswc: Path, tmp_path: Path) -> None:
    first = bring("mswc", mswc, tmp_path / "words", "links")
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    again = bring("mswc", mswc, tmp_path / "words", "links")
    assert first.is_new
    assert not again.is_new
    assert again.labels == first.labels
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times
    with pytest.raises(WordspotError, match="holds something else"):
        bring("mswc", mswc, tmp_path / "words", "rechts")


def test_interrupted_it_goes_on(mswc: Path, tools: dict, tmp_path: Path) -> None:
    def interrupted(items, total):
        for number, item in enumerate(items):
            if number == 3:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        import_set("mswc", mswc, tmp_path / "words", Choice(("links",)), progress=interrupted)
    assert not (tmp_path / "words").exists()
    made = tmp_path / ".words.importing" / "made" / "links"
    before = {path.name: path.stat().st_ino for path in made.iterdir()}
    assert len(before) == 3
    bring("mswc", mswc, tmp_path / "words", "links")
    assert {
        path.name: path.stat().st_ino for path in (tmp_path / "words" / "links").iterdir()
    }.items() >= before.items()
    assert [path.name for path in tmp_path.iterdir()] == ["words"]
    bring("mswc", mswc, tmp_path / "whole", "links")
    same = [tools["contents"](tmp_path / name) for name in ("words", "whole")]
    assert same[0] == same[1]


def test_another_disk_gets_copies(mswc: Path, small_disk: Callable, tmp_path: Path) -> None:
    folder = small_disk("8m") / "words"
    bring("mswc", mswc, folder, "links")
    bring("mswc", mswc, tmp_path / "words", "links")
    for copied in (folder / "links").iterdir():
        assert copied.stat().st_nlink == 1
        assert copied.read_bytes() == (tmp_path / "words" / "links" / copied.name).read_bytes()


def test_a_disk_that_is_too_small_is_said_before_the_work(tools: dict, small_disk: Callable, tmp_path: Path) -> None:
    tools["write_sound"](tmp_path / "set" / "a.wav", 1)
    rows = [{"path": "a.wav", "label": "left", "start": 0, "end": 9_000}]
    disk = small_disk("1m")
    with pytest.raises(WordspotError, match=r"needs 0\.3 GB, and .* has 0\.0 GB left"):
        bring("folder-csv", table_of(tmp_path / "set", rows), disk / "words")
    assert not list(disk.iterdir())


def test_on_a_disk_that_was_full_it_goes_on(tools: dict, small_disk: Callable, tmp_path: Path) -> None:
    rows = []
    for number in range(8):
        tools["write_sound"](tmp_path / "set" / f"{number}.flac", number, 6.0)
        rows.append({"path": f"{number}.flac", "label": "left", "speaker": f"s{number}", "start": 1})
    disk = small_disk("800k")
    with pytest.raises(OSError, match="No space left") as caught:
        bring("folder-csv", table_of(tmp_path / "set", rows), disk / "words")
    assert caught.value.errno == errno.ENOSPC
    assert not (disk / "words").exists()
    small_disk("8m")
    assert bring("folder-csv", tmp_path / "set", disk / "words").sections == 8
    assert [path.name for path in disk.iterdir()] == ["words"]
    assert all(path.stat().st_size == 44 + 2 * 5 * 16_000 for path in (disk / "words" / "left").iterdir())


def test_a_damaged_archive_leaves_nothing(mswc: Path, tools: dict, tmp_path: Path) -> None:
    files = {path.relative_to(mswc).as_posix(): path for path in mswc.rglob("*") if path.is_file()}
    archive = tools["pack"](files, tmp_path / "de.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-9_000])
    with pytest.raises(WordspotError, match="is a damaged archive"):
        bring("mswc", archive, tmp_path / "words")
    assert [path.name for path in tmp_path.iterdir()] == ["de.tar.gz"]


def test_an_archive_cannot_leave_its_folder(mswc: Path, tools: dict, tmp_path: Path) -> None:
    evil = b"SET,LINK,WORD,VALID,SPEAKER,GENDER\nTRAIN,../../../evil.opus,links,True,a,NA\nTRAIN,links/a.opus,links,True,a,NA\n"
    table = {"de/de_splits.csv": evil, "de/clips/../../../evil.opus": b"evil"}
    archive = tools["pack"](table, tmp_path / "in" / "de.tar.gz")
    with pytest.raises(WordspotError, match="1 leaves the folder"):
        bring("mswc", archive, tmp_path / "in" / "words")
    archive = tools["pack"]({"../de_splits.csv": evil}, tmp_path / "in" / "de.tar.gz")
    with pytest.raises(WordspotError, match="which leaves the folder"):
        bring("mswc", archive, tmp_path / "in" / "words")
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    ("form", "source", "folder", "words", "message"),
    [
        ("mswc", "", "../w", "lniks", "did you mean links"),
        ("mswc", "none", "../w", "", "does not exist"),
        ("mswc", "", "w", "", "lies inside"),
        ("mswc", "", "", "", "lies inside"),
        ("other", "", "../w", "", "is no format"),
        ("common-voice", "", "../w", "", r"has no validated\.tsv"),
    ],
)
def test_what_is_asked_for_must_make_sense(
    form: str, source: str, folder: str, words: str, message: str, mswc: Path
) -> None:
    with pytest.raises(WordspotError, match=message):
        bring(form, mswc / source, mswc / folder, words)
    assert not [path for path in mswc.parent.iterdir() if path.name == "w" or path.name.startswith(".w.")]


def test_others_need_words() -> None:
    with pytest.raises(WordspotError, match="name those, too"):
        Choice(others=5)


def test_sound_of_another_rate_is_cut_at_the_same_moment(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    click = np.zeros(48_000 * 3)
    click[48_000 * 2] = 0.9
    soundfile.write(tmp_path / "set" / "a.wav", click, 48_000)
    rows = [{"path": "a.wav", "label": "left", "start": 1.5, "end": 2.5}]
    bring("folder-csv", table_of(tmp_path / "set", rows), tmp_path / "words")
    samples = read_sound(next((tmp_path / "words" / "left").iterdir())).samples
    assert abs(int(np.abs(samples).argmax()) - 8_000) <= 1
    assert len(samples) == 16_000


def test_progress_is_shown(mswc: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    follow: Callable = lambda items, total: (seen.append(total), items)[1]  # noqa: E731
    import_set("mswc", mswc, tmp_path / "words", Choice(("links",)), progress=follow)
    assert seen == [10]
