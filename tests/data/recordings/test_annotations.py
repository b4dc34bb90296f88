from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wordspot.data.errors import WordspotError
from wordspot.data.recordings.annotations import Annotation, read_annotations, write_annotations

WORDS = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 2), st.text("abcé -", min_size=1).filter(str.strip)))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS)
def test_what_is_written_is_read(tmp_path: Path, parts: list[tuple[float, float, str]]) -> None:
    words, end_s = [], 0.0
    for pause_s, length_s, label in parts:
        words.append(Annotation(end_s + pause_s, end_s + pause_s + length_s, label.strip()))
        end_s = words[-1].end_s + 1e-5  # times are written to the microsecond
    write_annotations(tmp_path / "a.txt", words)
    read = read_annotations(tmp_path / "a.txt")
    assert [word.label for word in read] == [word.label for word in words]
    for word, expected in zip(read, words, strict=True):
        assert (word.start_s, word.end_s) == pytest.approx((expected.start_s, expected.end_s), abs=1e-6)


def test_any_order_and_what_audacity_adds(tmp_path: Path) -> None:
    text = "\ufeff2.5\t3\tright now\n\\\t100.0\t4000.0\n\n1\t1.5\tleft\r\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert read_annotations(tmp_path / "a.txt") == [Annotation(1, 1.5, "left"), Annotation(2.5, 3, "right now")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1\t2\tleft\n1.5\t3\tright", "line 2: 'right' begins at 1.5 s, before 'left' of line 1 ends at 2 s"),
        ("-1\t2\tleft", "line 1: 'left' from -1 to 2 s; times must not be negative"),
        ("2\t1\tleft", "must not end before it begins"),
        ("1,5\t2\tleft", "expected start and end in seconds"),
        ("1 2 left", "with tabs between them"),
        ("1\t2\t ", "expected start and end in seconds and a label"),
        ("nan\tinf\tleft", "expected start and end in seconds"),
    ],
)
def test_lines_that_make_no_sense_are_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(WordspotError, match=r"a\.txt") as error:
        read_annotations(tmp_path / "a.txt")
    assert told in str(error.value)


def test_a_file_that_is_missing_or_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    for name, told in (("a.txt", "not a text in UTF-8"), ("b.txt", "cannot be read: No such file")):
        with pytest.raises(WordspotError, match=told):
            read_annotations(tmp_path / name)
