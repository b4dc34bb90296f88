from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordspot.data.clips import Clip, find_speaker, in_sketch, list_clips, read_clip_table, sketch, speaker_pattern
from wordspot.data.errors import WordspotError


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "metadata.csv").write_text(text, encoding=encoding, newline="")
    return folder


def test_a_table_gives_its_clips_in_order_and_ignores_other_columns(tmp_path: Path) -> None:
    rows = 'split,label,file_name,speaker,mine\ntraining,left,left/ä.wav,ann,1\n,"a,b","a,b/c.wav",,\n'
    assert read_clip_table(table(tmp_path, rows)) == [
        Clip("left/ä.wav", "left", "ann", split="training"),
        Clip("a,b/c.wav", "a,b"),
    ]


def test_spaces_and_unicode_forms_make_no_other_label_or_speaker(tmp_path: Path) -> None:
    rows = "file_name,label,speaker,split\nright/a.wav,right , ann,training \ncaf\u00e9/b.wav,cafe\u0301,Ren\u00e9,\n"
    right, cafe = read_clip_table(table(tmp_path, rows))
    assert right == Clip("right/a.wav", "right", "ann", split="training")
    assert (cafe.label, cafe.speaker) == ("caf\u00e9", "Ren\u00e9")
    with pytest.raises(WordspotError, match="must not be empty"):
        read_clip_table(table(tmp_path, "file_name,label\nleft/a.wav, \n"))


def test_cells_that_would_be_formulas_are_read_as_they_were(tmp_path: Path) -> None:
    rows = "file_name,label,source\n'=x/a.wav,'=x,'@x.wav\n'tis/b.wav,'tis,-1\n"
    clips = read_clip_table(table(tmp_path, rows))
    assert [(clip.file_name, clip.label, clip.source) for clip in clips] == [
        ("=x/a.wav", "=x", "@x.wav"),
        ("'tis/b.wav", "'tis", "-1"),
    ]


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_what_a_spreadsheet_saves_is_read(tmp_path: Path, line_end: str) -> None:
    text = line_end.join(["file_name,label", "left/a.wav,left", ""])
    assert read_clip_table(table(tmp_path, text, "utf-8-sig")) == [Clip("left/a.wav", "left")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'file_name'; found nothing"),
        ("file_name,speaker\na.wav,ann\n", "no column 'label'; found file_name, speaker"),
        ("file_name|label\na.wav|left\n", "no column 'file_name'; found file_name|label"),
        ("file_name,label\n", "lists no clips"),
        ("file_name,label\nleft/a.wav,left\nleft/b.wav,\n", "line 3: .*must not be empty"),
        ("file_name,label\n,left\n", "line 2: .*must not be empty"),
        ("file_name,label\nleft/a.wav\n", "line 2: .*must not be empty"),
        ("file_name,label\n../a.wav,left\n", r"line 2: \.\./a\.wav lies outside"),
        ("file_name,label\nleft/../../a.wav,left\n", "lies outside"),
        ("file_name,label\n/etc/passwd,left\n", "lies outside"),
        (f"file_name,label\n{'x' * 200_000},left\n", "is not a CSV in UTF-8"),
    ],
)
def test_a_damaged_table_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(WordspotError, match=message):
        read_clip_table(table(tmp_path, text))


def test_a_table_in_another_encoding_is_told(tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="not a CSV in UTF-8"):
        read_clip_table(table(tmp_path, "file_name,label\nleft/ä.wav,left\n", "latin-1"))


def test_a_folder_without_a_table_is_told_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match="wordspot clean"):
        read_clip_table(tmp_path)
    with pytest.raises(WordspotError, match="does not exist"):
        read_clip_table(tmp_path / "missing")


@pytest.mark.parametrize(
    ("pattern", "path", "speaker"),
    [
        (None, "c50f55b8_nohash_3.wav", "c50f55b8"),
        (None, "day1/c50f55b8_nohash_3.wav", "c50f55b8"),
        (None, "a.wav", ""),
        (r"^([^/]+)/", "ann/1.wav", "ann"),
        (r"^([^/]+)/", "1.wav", ""),
        (r"(x)?a", "a.wav", ""),
    ],
)
def test_the_speaker_is_the_first_group_of_the_pattern(pattern: str | None, path: str, speaker: str) -> None:
    compiled = speaker_pattern(pattern) if pattern else speaker_pattern()
    assert find_speaker(path, compiled) == speaker


@pytest.mark.parametrize(("pattern", "message"), [("(", "not a regular expression"), ("abc", "needs a group")])
def test_a_pattern_that_can_give_no_speaker_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(WordspotError, match=message):
        speaker_pattern(pattern)


def test_one_name_in_two_unicode_forms_is_one_speaker() -> None:
    pattern = speaker_pattern(r"^([^/]+)/")
    assert find_speaker("Rene\u0301/1.wav", pattern) == find_speaker("Ren\u00e9 /1.wav", pattern) == "Ren\u00e9"


def numbered(label: str, numbers: range, ending: str = "wav") -> list[Clip]:
    return [Clip(f"{label}/{i}.{ending}", label) for i in numbers]


@settings(deadline=None, max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_sketch_does_not_depend_on_order_ending_or_repetition(random) -> None:
    clips = numbered("left", range(300))
    other = numbered("left", range(300), "flac") + clips[:9]
    random.shuffle(other)
    assert sketch(other) == sketch(clips)
    assert len(sketch(clips)) == 64


def test_another_collection_with_the_same_clips_holds_some_of_the_sketch() -> None:
    known = sketch(numbered("left", range(1000)))
    assert sum(in_sketch(clip, known) for clip in numbered("left", range(1000))) == 64
    assert 20 < sum(in_sketch(clip, known) for clip in numbered("left", range(500))) < 44
    assert not any(in_sketch(clip, known) for clip in numbered("left", range(1000, 3000)))
    assert not any(in_sketch(clip, known) for clip in numbered("right", range(1000)))


def test_clips_come_from_the_table_and_long_sounds_from_their_folder(tmp_path: Path) -> None:
    for name in ("left/a_nohash_0.wav", "left/unlisted.wav", "_noise_/room.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    noise = Clip("_noise_/room.wav", "_noise_", source="_noise_/room.wav")
    without_table = {clip.file_name: clip.speaker for clip in list_clips(tmp_path)}
    assert without_table == {"_noise_/room.wav": "", "left/a_nohash_0.wav": "a", "left/unlisted.wav": ""}
    table(tmp_path, "file_name,label,speaker\nleft/a_nohash_0.wav,left,ann\n")
    assert list_clips(tmp_path) == [Clip("left/a_nohash_0.wav", "left", "ann"), noise]


def test_a_file_listed_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file_name,label\nleft/a.wav,left\nleft/a.wav,right\n")
    with pytest.raises(WordspotError, match=r"line 3: left/a\.wav is listed twice"):
        read_clip_table(tmp_path)
