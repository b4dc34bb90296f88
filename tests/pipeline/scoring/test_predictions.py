"""What each judged clip was recognized as: the table of runs and evaluations."""

import csv
import shlex
from collections import Counter
from pathlib import Path

import pytest
from wordspot.data.clips import read_clip_table
from wordspot.data.errors import WordspotError
from wordspot.pipeline.device.recognizer import Recognizer
from wordspot.pipeline.scoring.evaluate import check_can_hold_evaluation, evaluate, write_evaluation
from wordspot.pipeline.scoring.predictions import (
    JudgedClip,
    mistakes_of,
    read_predictions,
    review_command,
    write_predictions,
)


def test_an_evaluation_has_a_row_per_clip_that_adds_up_to_its_matrix(clips: Path, tmp_path: Path) -> None:
    model, folder = Recognizer.load("small"), tmp_path / "judged"
    result = evaluate(model, clips)
    for _ in range(2):  # the second time over the first
        write_evaluation(folder, result, model, clips)
    rows = read_predictions(folder)
    assert {one.file_name: one.recording for one in rows} == {c.file_name: c.recording for c in read_clip_table(clips)}
    counts = Counter((one.truth, one.predicted) for one in rows)
    with open(folder / "confusion.csv", newline="") as file:
        matrix = {(row["truth/prediction"], name): count for row in csv.DictReader(file) for name, count in row.items()}
    assert all(int(matrix[pair]) == count for pair, count in counts.items())
    assert len(rows) == counts.total() == result.confusion.clips
    assert f"--evaluation {shlex.quote(str(folder))}" in (folder / "report.html").read_text()


def test_the_table_is_read_as_it_was_written_without_background_noise(tmp_path: Path) -> None:
    judged = [JudgedClip("=left/ä,1.wav", "left", "on", 0.75, "ab"), JudgedClip("", "_silence_", "on", 0.5)]
    write_predictions(tmp_path, judged)
    assert read_predictions(tmp_path) == judged[:1]
    assert mistakes_of([JudgedClip("a", "on", "on", 1.0), judged[1], judged[0]]) == judged


def test_what_is_no_such_folder_is_refused_in_words(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(WordspotError, match=r"has no predictions.csv"):
        read_predictions(tmp_path)
    (tmp_path / "predictions.csv").write_text("file_name,truth,predicted,probability,recording\na.wav,on,on,sure,\n")
    with pytest.raises(WordspotError, match="line 2: probability is 'sure'"):
        read_predictions(tmp_path)
    check_can_hold_evaluation(tmp_path)
    with pytest.raises(WordspotError, match="holds something else"):
        check_can_hold_evaluation(clips)
    assert review_command(tmp_path, "--run", tmp_path) == ""
    assert review_command(None, "--run", tmp_path) == ""
